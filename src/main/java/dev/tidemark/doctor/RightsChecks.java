package dev.tidemark.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The role's rights on the offset store. Pure. */
final class RightsChecks {
    private static final String SECTION = "rights";
    private static final int NAMED = 5;

    private RightsChecks() {}

    /**
     * @param role the connected role
     * @param owner the owner of the schema
     * @param held the rights that the role has, of {@link Privilege#all}
     */
    record Facts(String role, String owner, List<Privilege> held) {
        private List<Privilege> missing(Privilege.Kind kind) {
            return Privilege.all().stream()
                    .filter(right -> right.kind() == kind && !held.contains(right))
                    .toList();
        }

        /** Apart from seeing what dead letters hold, which more than one kind may. */
        private boolean hasAny(Privilege.Kind kind) {
            return held.stream()
                    .anyMatch(right -> right.kind() == kind && !right.action().equals("SELECT"));
        }

        private boolean isAny() {
            return missing(Privilege.Kind.writer).isEmpty()
                    || missing(Privilege.Kind.operator).isEmpty();
        }
    }

    static List<Finding> judge(String schema, Facts facts) {
        List<Finding> findings = new ArrayList<>();
        findings.add(kind(schema, facts, Privilege.Kind.reader, "read everything"));
        findings.add(kind(schema, facts, Privilege.Kind.writer, "run consumers"));
        findings.add(kind(schema, facts, Privilege.Kind.operator, "reset, rebind, pause, drop and delete"));
        return findings;
    }

    /** Whether the rest of the store can be read. */
    static boolean mayRead(Facts facts) {
        return facts.missing(Privilege.Kind.reader).isEmpty();
    }

    private static Finding kind(String schema, Facts facts, Privilege.Kind kind, String actions) {
        List<Privilege> missing = facts.missing(kind);
        String who = "role " + facts.role();
        if (missing.isEmpty()) {
            return Finding.ok(SECTION, kind.name(), who + " may " + actions);
        }
        String fix = "as " + facts.owner() + ": select " + schema + ".grant_access(" + literal(facts.role()) + ", '"
                + kind.name() + "')";
        if (facts.hasAny(kind) || kind == Privilege.Kind.reader) {
            return Finding.fail(
                    SECTION,
                    kind.name(),
                    who + " may not " + actions + ": it lacks " + words(missing) + " (TM-204)",
                    fix);
        }
        // No role needs to be both.
        String not = who + " may not " + actions;
        return facts.isAny()
                ? Finding.ok(SECTION, kind.name(), not + ", and does not need to")
                : Finding.warn(SECTION, kind.name(), not + ": it only reads", fix);
    }

    private static String words(List<Privilege> missing) {
        String some = missing.stream().limit(NAMED).map(Privilege::words).collect(Collectors.joining(", "));
        return some + (missing.size() > NAMED ? " and " + (missing.size() - NAMED) + " more" : "");
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }
}

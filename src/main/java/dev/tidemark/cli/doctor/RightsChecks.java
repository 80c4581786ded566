package dev.tidemark.cli.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What the role may do on the offset store. Pure. */
final class RightsChecks {
    private static final String SECTION = "rights";
    private static final int NAMED = 5;

    private RightsChecks() {}

    /**
     * @param role who is connected
     * @param owner who owns the schema
     * @param held the rights that the role has, of {@link Right#all}
     */
    record Facts(String role, String owner, List<Right> held) {
        private List<Right> missing(Right.Kind kind) {
            return Right.all().stream()
                    .filter(right -> right.kind() == kind && !held.contains(right))
                    .toList();
        }

        private boolean hasAny(Right.Kind kind) {
            return held.stream().anyMatch(right -> right.kind() == kind);
        }

        private boolean isAny() {
            return missing(Right.Kind.writer).isEmpty()
                    || missing(Right.Kind.operator).isEmpty();
        }
    }

    static List<Finding> judge(String schema, Facts facts) {
        List<Finding> findings = new ArrayList<>();
        findings.add(kind(schema, facts, Right.Kind.reader, "look at everything"));
        findings.add(kind(schema, facts, Right.Kind.writer, "run consumers"));
        findings.add(kind(schema, facts, Right.Kind.operator, "reset, rebind, pause, drop and delete"));
        return findings;
    }

    /** Whether the rest of the store can be looked at. */
    static boolean mayRead(Facts facts) {
        return facts.missing(Right.Kind.reader).isEmpty();
    }

    private static Finding kind(String schema, Facts facts, Right.Kind kind, String deeds) {
        List<Right> missing = facts.missing(kind);
        String who = "role " + facts.role();
        if (missing.isEmpty()) {
            return Finding.ok(SECTION, kind.name(), who + " may " + deeds);
        }
        String mend = "as " + facts.owner() + ": select " + schema + ".grant_access(" + literal(facts.role()) + ", '"
                + kind.name() + "')";
        if (facts.hasAny(kind) || kind == Right.Kind.reader) {
            return Finding.fail(
                    SECTION,
                    kind.name(),
                    who + " may not " + deeds + ": it lacks " + words(missing) + " (TM-204)",
                    mend);
        }
        // Nobody needs to be both.
        String not = who + " may not " + deeds;
        return facts.isAny()
                ? Finding.ok(SECTION, kind.name(), not + ", and need not")
                : Finding.warn(SECTION, kind.name(), not + ": it only reads", mend);
    }

    private static String words(List<Right> missing) {
        String some = missing.stream().limit(NAMED).map(Right::words).collect(Collectors.joining(", "));
        return some + (missing.size() > NAMED ? " and " + (missing.size() - NAMED) + " more" : "");
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }
}

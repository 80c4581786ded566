package dev.tidemark.doctor;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The result of one check. Components may be added.
 *
 * @param section the group of checks that it belongs to, such as {@code database} or {@code retention}
 * @param check what was checked
 * @param finding the result as text, which is not stable; never a secret, nor a record's content
 * @param fix what to do about it; null if there is nothing to fix
 */
public record Finding(
        String section,
        String check,
        Verdict verdict,
        String finding,
        @Nullable String fix) {
    private static final int SHOWN = 10;

    static Finding ok(String section, String check, String finding) {
        return new Finding(section, check, Verdict.OK, finding, null);
    }

    static Finding warn(String section, String check, String finding, String fix) {
        return new Finding(section, check, Verdict.WARN, finding, fix);
    }

    static Finding fail(String section, String check, String finding, String fix) {
        return new Finding(section, check, Verdict.FAIL, finding, fix);
    }

    static Finding skipped(String section, String why) {
        return new Finding(section, "all", Verdict.SKIPPED, why, null);
    }

    /** The findings of one check, at most ten, the last of which says how many more there are; or the one for no problem. */
    static List<Finding> each(List<Finding> bad, Finding otherwise) {
        if (bad.isEmpty()) {
            return List.of(otherwise);
        }
        if (bad.size() <= SHOWN) {
            return bad;
        }
        List<Finding> shown = new ArrayList<>(bad.subList(0, SHOWN - 1));
        Finding next = bad.get(SHOWN - 1);
        shown.add(new Finding(
                next.section(),
                next.check(),
                worst(bad.subList(SHOWN - 1, bad.size())),
                next.finding() + "; and " + (bad.size() - SHOWN) + " more like it",
                next.fix()));
        return shown;
    }

    private static Verdict worst(List<Finding> findings) {
        return findings.stream().anyMatch(finding -> finding.verdict() == Verdict.FAIL) ? Verdict.FAIL : Verdict.WARN;
    }
}

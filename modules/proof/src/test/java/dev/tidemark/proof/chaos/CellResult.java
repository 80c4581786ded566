package dev.tidemark.proof.chaos;

import dev.tidemark.proof.check.Advance;
import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.Finding.Status;
import java.time.Duration;
import java.util.List;

/**
 * What came of a cell.
 *
 * @param cell its name
 * @param seed that repeats it
 * @param injections how many there were
 * @param records in the log
 * @param load of the machine when it ended: what takeover times are to be read with
 * @param takeovers how long each took
 * @param recoveries of faults after which no owner was gone
 * @param findings of the checker
 * @param advances for the picture
 * @param marks when which fault happened
 */
public record CellResult(
        String cell,
        long seed,
        int injections,
        long records,
        double load,
        List<Duration> takeovers,
        List<Duration> recoveries,
        List<Finding> findings,
        List<Advance> advances,
        List<Mark> marks) {
    /**
     * A fault in the picture.
     *
     * @param at milliseconds since 1970
     * @param label what happened
     */
    public record Mark(long at, String label) {}

    /** The checks that found something. */
    public List<String> violated() {
        return findings.stream()
                .filter(finding -> finding.status() == Status.VIOLATED)
                .map(Finding::check)
                .distinct()
                .toList();
    }

    /** Whether nothing but takeover times was found wrong: those are the machine's as well. */
    public boolean isExact() {
        return violated().stream().allMatch("C8"::equals);
    }

    /** {@code exact}, {@code late} if only takeovers were, or the checks that found something. */
    public String verdict() {
        List<String> violated = violated();
        return violated.isEmpty() ? "exact" : violated.equals(List.of("C8")) ? "exact, late" : "violated " + violated;
    }
}

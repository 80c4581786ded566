package dev.tidemark.proof.check;

import java.util.List;

/**
 * The outcome of one check.
 *
 * @param check C1 to C9
 * @param title what it checks
 * @param status the outcome
 * @param text one line: what was compared, or the first violations
 */
public record Finding(String check, String title, Status status, String text) {
    /** How a check can end. */
    public enum Status {
        OK,
        VIOLATED,
        /** What it needs was not given. */
        SKIPPED
    }

    /** How many violations a line shows. */
    private static final int SHOWN = 5;

    /** OK without violations; otherwise the first of them and their number. */
    static Finding of(String check, String title, List<String> violations, String compared) {
        if (violations.isEmpty()) {
            return new Finding(check, title, Status.OK, compared);
        }
        String first = String.join("; ", violations.subList(0, Math.min(SHOWN, violations.size())));
        String more = violations.size() > SHOWN ? "; and " + (violations.size() - SHOWN) + " more" : "";
        return new Finding(check, title, Status.VIOLATED, first + more);
    }

    static Finding skipped(String check, String title, String why) {
        return new Finding(check, title, Status.SKIPPED, why);
    }

    /** The line that is printed. */
    public String line() {
        return String.format("%-2s %-8s %s: %s", check, status, title, text);
    }
}

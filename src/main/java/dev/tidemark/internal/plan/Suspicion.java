package dev.tidemark.internal.plan;

/**
 * A range of one partition that holds a record on which the handler fails. It is narrowed down until that record stands alone,
 * and never reordered: only the beginning of the range is ever tried.
 *
 * @param end the offset after the range
 * @param next how much of the range to try next
 */
public record Suspicion(long end, Next next) {
    /** How the range is narrowed down. */
    public enum Next {
        /** All of it: so far it has failed only together with other partitions. */
        WHOLE,
        /** Its first half: nothing is known about where the record is. */
        HALF,
        /** All but its last record, which is the one that failed. */
        ALL_BUT_LAST
    }

    /** How many records the next unit takes, of so many that are waiting below {@link #end}; at least one. */
    public int take(int waiting) {
        return switch (next) {
            case WHOLE -> waiting;
            case HALF -> (waiting + 1) / 2;
            case ALL_BUT_LAST -> Math.max(1, waiting - 1);
        };
    }

    /** Whether the range is behind us once everything below this offset has taken effect. */
    public boolean isOver(long nextOffset) {
        return nextOffset >= end;
    }
}

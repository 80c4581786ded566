package dev.tidemark.bench;

import org.jspecify.annotations.Nullable;

/**
 * A cell that was run once.
 *
 * @param saturated whether records came faster than it took them, so that its percentiles say nothing
 * @param checked whether all effects were there to be compared; not so if it was stopped while it was behind
 * @param producerLagMs how late the 99th of 100 records was sent after it was due; null where nothing was sent meanwhile
 */
record Run(
        Cell cell,
        Result result,
        boolean saturated,
        boolean checked,
        @Nullable Double producerLagMs) {
    /** One that had all its records waiting. */
    static Run of(Cell cell, Result result) {
        return new Run(cell, result, false, true, null);
    }
}

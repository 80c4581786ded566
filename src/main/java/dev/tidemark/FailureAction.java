package dev.tidemark;

import java.time.Duration;

/** What happens to a record that failed by itself; see {@link FailurePolicy}. More kinds may be added. */
public sealed interface FailureAction {
    /** Tries the record again after this delay. Its partition waits; the others continue, and so does polling. */
    static FailureAction retryAfter(Duration delay) {
        return new Retry(delay);
    }

    /** Stores the record in {@code dead_letter} and moves the offset beyond it, in one transaction. */
    static FailureAction park() {
        return new Park();
    }

    /**
     * As {@link #park}, and later records of the same key in the same partition are parked behind it, so that the order within the
     * key is preserved. A record without a key is parked alone.
     */
    static FailureAction parkKey() {
        return new ParkKey();
    }

    /** Moves the offset beyond the record and writes a row into {@code audit_log}, in one transaction. The record has no effect. */
    static FailureAction skip() {
        return new Skip();
    }

    /** Stops the partition in front of the record; the others continue. */
    static FailureAction halt() {
        return new Halt();
    }

    /** See {@link FailureAction#retryAfter}. */
    record Retry(Duration delay) implements FailureAction {
        /** Refuses a delay that is negative or out of range (TM-103). */
        public Retry {
            Duration unused = Times.duration("the delay of a retry", delay);
        }
    }

    /** See {@link FailureAction#park}. */
    record Park() implements FailureAction {}

    /** See {@link FailureAction#parkKey}. */
    record ParkKey() implements FailureAction {}

    /** See {@link FailureAction#skip}. */
    record Skip() implements FailureAction {}

    /** See {@link FailureAction#halt}. */
    record Halt() implements FailureAction {}
}

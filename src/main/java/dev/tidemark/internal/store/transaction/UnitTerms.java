package dev.tidemark.internal.store.transaction;

import java.time.Duration;

/**
 * How a transaction is run.
 *
 * @param lockTimed whether a wait for a lock ends, with 55P03, long before a time limit would end its statement
 * @param lockPatience how long the advance may wait for offset rows that another transaction holds
 * @param trial whether the effects are only tried, and rolled back if they succeed
 * @param watched whether {@link UnitTransaction#wrote} is needed
 * @param mayBeStale whether a failure that an old session could explain is retried on another connection
 */
public record UnitTerms(boolean lockTimed, Duration lockPatience, boolean trial, boolean watched, boolean mayBeStale) {
    /** Long enough for every transaction of our own that holds offset rows. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** For rows that were held a moment ago: the other partitions of the worker wait during that time. */
    static final Duration LITTLE_PATIENCE = Duration.ofMillis(200);

    /** As units are run. */
    public static final UnitTerms USUAL = new UnitTerms(false, PATIENCE, false, false, false);

    /** The same with little patience for offset rows if they were held the last time. */
    public UnitTerms afterHeld(boolean held) {
        return held ? new UnitTerms(lockTimed, LITTLE_PATIENCE, trial, watched, mayBeStale) : this;
    }

    /** The same, with waits for locks distinguished from work that takes long. */
    public UnitTerms lockTimed(boolean timed) {
        return timed ? new UnitTerms(true, lockPatience, trial, watched, mayBeStale) : this;
    }

    /** The same, as a trial, and watched. */
    public UnitTerms asTrial() {
        return new UnitTerms(lockTimed, lockPatience, true, true, mayBeStale);
    }

    /** The same, watched. */
    public UnitTerms watched(boolean watch) {
        return watch ? new UnitTerms(lockTimed, lockPatience, trial, true, mayBeStale) : this;
    }

    /** The same, for records that are tried for the first time. */
    public UnitTerms firstTry(boolean first) {
        return first ? new UnitTerms(lockTimed, lockPatience, trial, watched, true) : this;
    }
}

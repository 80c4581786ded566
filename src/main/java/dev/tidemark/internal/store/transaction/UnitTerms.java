package dev.tidemark.internal.store.transaction;

import java.time.Duration;

/**
 * How a transaction is run.
 *
 * @param lockTimed whether a wait for a lock ends, with 55P03, long before the session's own time limits would end its statement
 * @param observed whether another session looks at what the unit does, so that a time limit which ends a wait for a lock is no failure
 *     of the handler
 * @param unseenCounts whether a time limit is the handler's failure although the looks do not tell what it ended
 * @param brief whether what a time limit ended in an earlier try was too short for these looks
 * @param lockPatience how long the advance may wait for offset rows that another transaction holds
 * @param trial whether the effects are only tried, and rolled back if they succeed
 * @param watched whether {@link UnitTransaction#wrote} is needed
 */
public record UnitTerms(
        boolean lockTimed,
        boolean observed,
        boolean unseenCounts,
        boolean brief,
        Duration lockPatience,
        boolean trial,
        boolean watched) {
    /** Long enough for every transaction of our own that holds offset rows. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** For rows that were held a moment ago: the other partitions of the worker wait during that time. */
    static final Duration LITTLE_PATIENCE = Duration.ofMillis(200);

    /** As units are run. */
    public static final UnitTerms USUAL = new UnitTerms(false, false, false, false, PATIENCE, false, false);

    /** The same with little patience for offset rows if they were held the last time. */
    public UnitTerms afterHeld(boolean held) {
        return held ? new UnitTerms(lockTimed, observed, unseenCounts, brief, LITTLE_PATIENCE, trial, watched) : this;
    }

    /** The same, with waits for locks that end before time limits do. */
    public UnitTerms lockTimed(boolean timed) {
        return timed ? new UnitTerms(true, observed, unseenCounts, brief, lockPatience, trial, watched) : this;
    }

    /** The same, observed. */
    public UnitTerms observed(boolean observe, boolean unseen, boolean soon) {
        return observe ? new UnitTerms(lockTimed, true, unseen, soon, lockPatience, trial, watched) : this;
    }

    /** The same, as a trial, and watched. */
    public UnitTerms asTrial() {
        return new UnitTerms(lockTimed, observed, unseenCounts, brief, lockPatience, true, true);
    }

    /** The same, watched. */
    public UnitTerms watched(boolean watch) {
        return watch ? new UnitTerms(lockTimed, observed, unseenCounts, brief, lockPatience, trial, true) : this;
    }
}

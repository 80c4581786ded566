package dev.tidemark.internal.unit;

import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.internal.plan.Evidence;
import dev.tidemark.internal.plan.Evidence.Habit;
import dev.tidemark.internal.plan.Evidence.Place;
import dev.tidemark.internal.plan.Evidence.Proof;
import dev.tidemark.internal.plan.IsolatedRecord.Failure;
import dev.tidemark.internal.plan.IsolatedRecord.Rounds;
import dev.tidemark.internal.plan.ReactionPlanner.RecordFacts;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.queue.PartitionHistory;
import dev.tidemark.internal.queue.RawRecords;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What one unit has found out about the record that fails in it. Used by one worker. */
final class FailingRecord {
    /** A record that fails in another way each time is judged after this many of them. */
    private static final int MOST_WAYS = 3;

    /** Where the pool has no clean session and can create none, it is judged after this many tries. */
    private static final int ENOUGH_WITHOUT_CLEAN = 6;

    private final HandlerHistory history;

    /** How the records that failed together failed, by partition. */
    private final Map<PartitionHistory, Failure> together = new HashMap<>();

    private boolean lockTimed;

    // For the record that fails by itself.
    private OptionalInt neighboursAlike = OptionalInt.empty();
    private Proof proof = Proof.NONE;
    private @Nullable FailureAction decided;
    private int ways;
    private int inARow;
    private @Nullable String kind;

    FailingRecord(HandlerHistory history) {
        this.history = history;
    }

    /**
     * Whether a time limit ended a try of this unit, so that the next ones must distinguish a wait for a lock from work that takes
     * long.
     */
    boolean isLockTimed() {
        return lockTimed;
    }

    /** From now on, a wait for a lock is distinguished from work that takes long. */
    void lockTimed() {
        lockTimed = true;
    }

    /** Records of these shares have failed together. */
    private void failedTogether(List<? extends ShareProgress<?, ?>> shares, SqlFacts facts, boolean ofTimeLimit) {
        together.clear();
        shares.forEach(share -> together.put(share.history(), failure(share, facts)));
        lockTimed |= ofTimeLimit;
    }

    /**
     * What decisions need to know of an attempt's first record, which may have failed by itself; null if none is left.
     *
     * @param failure what the outcome shows
     * @param timed whether a wait for a lock was distinguished from work that takes long
     * @param usedPlace whether it failed in a session or on a thread in which others had run before
     */
    @Nullable
    RecordFacts facts(
            Attempt<?, ?> attempt,
            UnitOutcome outcome,
            SqlFacts failure,
            boolean timed,
            boolean usedPlace,
            FailurePolicy policy) {
        ShareProgress<?, ?> first = attempt.firstShare();
        if (!first.hasLeft()) {
            return null;
        }
        Evidence evidence = Evidence.none();
        boolean ofTimeLimit = outcome instanceof UnitOutcome.HandlerFailed failed && failed.isOfTimeLimit();
        if (attempt.size() > 1) {
            failedTogether(attempt.shares(), failure, ofTimeLimit);
        } else if (timed || !ofTimeLimit) {
            evidence = evidence(first, failure, usedPlace);
        }
        return new RecordFacts(
                policy,
                RawRecords.copy(first.firstRaw()),
                first.attemptsAlone() + 1,
                first.history().givenUp().inARow(),
                timed,
                evidence);
    }

    /** The failure of those records is known to be the failure of this one, the first of its share. */
    void pin(ShareProgress<?, ?> share) {
        Failure failure = together.get(share.history());
        if (failure != null && share.failure() == null) {
            share.failed(failure);
        }
    }

    /**
     * Other records were tried.
     *
     * @param action what the policy has decided about this one
     * @param by which ones succeeded
     * @param alike how many failed as this one did
     * @param tried how many there were at all
     */
    void compared(FailureAction action, Proof by, int alike, int tried) {
        decided = action;
        inARow = tried > 0 ? 0 : inARow;
        proof = by;
        neighboursAlike = OptionalInt.of(by == Proof.NONE ? alike : 0);
    }

    /** What the policy has decided about this record, which is tried again; null if it was not asked. */
    void decided(@Nullable FailureAction action) {
        decided = action;
    }

    /** From now on, it is about another record. */
    void forget() {
        inARow = 0;
        kind = null;
        neighboursAlike = OptionalInt.empty();
        proof = Proof.NONE;
        decided = null;
        ways = 0;
    }

    /**
     * What is known about a record that has just failed by itself.
     *
     * @param usedPlace as in {@link #facts}
     */
    private Evidence evidence(ShareProgress<?, ?> share, SqlFacts facts, boolean usedPlace) {
        inARow++;
        kind = facts.kind();
        Place place = usedPlace ? inARow < ENOUGH_WITHOUT_CLEAN ? Place.USED : Place.USED_ONLY : Place.CLEAN;
        Rounds rounds = share.rounds();
        Failure first = share.failure();
        if (first == null && rounds != null && rounds.kind().equals(kind)) {
            decided = rounds.decided();
        }
        boolean alike = first != null && first.kind().equals(kind);
        boolean othersSucceeded = first != null && alike && hasSucceededSince(first, share, facts);
        if (!alike) {
            share.failed(failure(share, facts));
        }
        boolean judged = alike || (neighboursAlike.isPresent() && ++ways >= MOST_WAYS);
        if (!judged) {
            neighboursAlike = OptionalInt.empty();
            proof = Proof.NONE;
            decided = first == null ? decided : null;
        }
        String topic = share.partition().topic();
        Habit habit = history.habit(topic, kind);
        if (rounds != null) {
            habit = habit.or(history.habit(topic, rounds.kind()));
        }
        return new Evidence(
                othersSucceeded ? Proof.OWN : proof,
                neighboursAlike,
                history.givenUpInARow(topic, kind),
                inARow,
                place,
                share.attemptsAlone() + (rounds == null ? 0 : rounds.count()) + 1,
                habit,
                decided);
    }

    private static Failure failure(ShareProgress<?, ?> share, SqlFacts facts) {
        return new Failure(
                facts.kind(), share.history().successes(), share.history().writes());
    }

    /** Whether the share's partition has had a success since then that is evidence about records that fail in this way. */
    private boolean hasSucceededSince(Failure first, ShareProgress<?, ?> share, SqlFacts facts) {
        boolean any = history.counts(share.partition().topic(), false, facts.fromDatabase());
        return any
                ? share.history().successes() > first.successes()
                : share.history().writes() > first.writes();
    }

    /** The next round of a record that failed in this one, about which its policy has decided. */
    Rounds nextRound(ShareProgress<?, ?> share, FailureAction action) {
        Rounds rounds = share.rounds();
        return new Rounds(rounds == null ? 1 : rounds.count() + 1, Objects.requireNonNull(kind), action);
    }

    /** A record of this share succeeded by itself: if it failed before, that was transient. */
    void succeeded(ShareProgress<?, ?> share) {
        Rounds rounds = share.rounds();
        String passed = kind != null || rounds == null ? kind : rounds.kind();
        if (passed != null) {
            history.passed(share.partition().topic(), passed);
        }
    }
}

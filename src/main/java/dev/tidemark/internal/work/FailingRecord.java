package dev.tidemark.internal.work;

import dev.tidemark.FailureAction;
import dev.tidemark.internal.plan.Alone.Failure;
import dev.tidemark.internal.plan.Evidence;
import dev.tidemark.internal.plan.Evidence.Proof;
import dev.tidemark.internal.plan.SqlFacts;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What one unit has learnt about the record that fails in it. Used by one worker. */
final class FailingRecord {
    /** A record that fails in another way each time is judged after so many of them. */
    private static final int MOST_WAYS = 3;

    private final HandlerHistory history;
    private @Nullable Failure together;
    private boolean lockTimed;

    // Of the record that fails by itself.
    private OptionalInt neighboursAlike = OptionalInt.empty();
    private Proof proof = Proof.NONE;
    private @Nullable FailureAction decided;
    private int ways;

    FailingRecord(HandlerHistory history) {
        this.history = history;
    }

    /** Whether a time limit ended a try of this unit, so that the next ones must tell a wait for a lock from work that takes long. */
    boolean isLockTimed() {
        return lockTimed;
    }

    /** From now on, a wait for a lock is told from work that takes long. */
    void lockTimed() {
        lockTimed = true;
    }

    /** Records have failed together. */
    void failedTogether(Part<?, ?> part, SqlFacts facts) {
        together = now(part, facts.kind());
        lockTimed |= facts.isCancelled();
    }

    /** The failure of those records is known to be that of this one, the first of its part. */
    void pin(Part<?, ?> part) {
        if (together != null && part.failure() == null) {
            part.failed(together);
        }
    }

    /**
     * Other records were tried.
     *
     * @param action what the policy has said about this one
     * @param by which succeeded
     * @param alike how many failed as this one did
     */
    void compared(FailureAction action, Proof by, int alike) {
        decided = action;
        proof = by;
        neighboursAlike = OptionalInt.of(by == Proof.NONE ? alike : 0);
    }

    /** Another record is looked at from now on. */
    void forget() {
        neighboursAlike = OptionalInt.empty();
        proof = Proof.NONE;
        decided = null;
        ways = 0;
    }

    /** What is known of a record that has just failed by itself. */
    Evidence evidence(Part<?, ?> part, SqlFacts facts) {
        int alikeInARow = Math.max(history.givenUpAlike(part.partition().topic(), facts.kind()), part.lane().givenUp);
        Failure first = part.failure();
        if (first != null && first.kind().equals(facts.kind())) {
            return new Evidence(proofSince(part, first), neighboursAlike, alikeInARow, decided);
        }
        part.failed(now(part, facts.kind()));
        if (neighboursAlike.isPresent() && ++ways >= MOST_WAYS) {
            return new Evidence(proof, neighboursAlike, alikeInARow, decided);
        }
        neighboursAlike = OptionalInt.empty();
        proof = Proof.NONE;
        decided = null;
        return new Evidence(Proof.NONE, OptionalInt.empty(), alikeInARow, null);
    }

    private Proof proofSince(Part<?, ?> part, Failure first) {
        return part.lane().successes > first.successes() ? Proof.OWN : proof;
    }

    private static Failure now(Part<?, ?> part, String kind) {
        return new Failure(kind, part.lane().successes);
    }
}

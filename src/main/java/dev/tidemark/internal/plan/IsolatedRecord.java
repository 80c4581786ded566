package dev.tidemark.internal.plan;

import dev.tidemark.FailureAction;
import org.jspecify.annotations.Nullable;

/**
 * A record to be tried by itself.
 *
 * @param offset its offset
 * @param attempts how often its policy was called for it so far
 * @param lockTimed whether a time limit ended its last attempt, so that the next one must distinguish a wait for a lock from work
 *     that takes long
 * @param unseen how many tries in a row a time limit has ended in which nobody could see whether it was such a wait
 * @param failure how it failed; null if it has not failed by itself yet, or not in this round
 * @param rounds the result of earlier rounds of tries; null if there was none
 */
public record IsolatedRecord(
        long offset,
        int attempts,
        boolean lockTimed,
        int unseen,
        @Nullable Failure failure,
        @Nullable Rounds rounds) {
    /** What has lasted so short so often that nobody saw it is not the wait for a lock that others hold for long. */
    private static final int OFTEN_UNSEEN = 12;

    /** Whether the record counts as failed although nobody can see whether it waits for a lock. */
    public boolean isTooShortToSee() {
        return unseen >= OFTEN_UNSEEN;
    }

    /**
     * Earlier rounds, in which it failed and others did not.
     *
     * @param count how many, apart from those that its policy requested
     * @param kind how it failed in the last one, as {@link SqlFacts#kind}
     * @param decided what the failure policy has decided
     */
    public record Rounds(int count, String kind, FailureAction decided) {}

    /**
     * The first of a record's like failures.
     *
     * @param kind as {@link SqlFacts#kind}
     * @param successes how many units that took effect its partition had had by then
     * @param writes how many of them had written a row, as far as that was checked
     */
    public record Failure(String kind, long successes, long writes) {}
}

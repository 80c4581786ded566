package dev.tidemark.internal.plan;

import org.jspecify.annotations.Nullable;

/**
 * A record that is to be tried by itself.
 *
 * @param offset its offset
 * @param attempts how often its policy was asked about it so far
 * @param lockTimed whether a time limit ended its last attempt, so that the next one must tell a wait for a lock from work that
 *     takes long
 * @param failure how it has failed; null if it has not failed by itself yet
 */
public record Alone(
        long offset,
        int attempts,
        boolean lockTimed,
        @Nullable Failure failure) {
    /**
     * The first of a record's failures alike.
     *
     * @param kind as {@link SqlFacts#kind}
     * @param successes how many units with effects its partition had had by then
     */
    public record Failure(String kind, long successes) {}
}

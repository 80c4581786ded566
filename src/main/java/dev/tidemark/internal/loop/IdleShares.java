package dev.tidemark.internal.loop;

import dev.tidemark.internal.loop.Share.State;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * Which partitions of a {@link ClaimingLoop} are read and have nothing to do. Used by the thread that polls, but for {@link #claims}.
 */
final class IdleShares {
    /** A caller that has not polled for this long does not poll. */
    private static final Duration POLLS = Duration.ofSeconds(10);

    private volatile Polled last = new Polled(Map.of(), System.nanoTime());
    private Map<TopicPartition, Claim> unmoved = Map.of();

    /**
     * What a poll left idle.
     *
     * @param at by {@link System#nanoTime}
     */
    private record Polled(Map<TopicPartition, Claim> idle, long at) {}

    /** Their claims: nothing of them was returned and not confirmed yet. None while the caller does not poll. Any thread may ask. */
    Map<TopicPartition, Claim> claims() {
        Polled polled = last;
        return System.nanoTime() - polled.at() < POLLS.toNanos() ? polled.idle() : Map.of();
    }

    /** To be called after each poll, with all partitions. */
    void polled(Collection<Share> shares) {
        Map<TopicPartition, Claim> idle = new HashMap<>();
        for (Share share : shares) {
            if (share.claim != null && isIdle(share)) {
                idle.put(share.partition, share.claim);
            }
        }
        last = new Polled(Map.copyOf(idle), System.nanoTime());
    }

    /** These have not moved, although their logs have more. */
    void unmoved(Map<TopicPartition, Claim> claims) {
        unmoved = claims;
    }

    /** Those of them whose position in the client has to be compared, once. */
    List<Share> takeUnmoved(Collection<Share> shares) {
        Map<TopicPartition, Claim> due = unmoved;
        unmoved = Map.of();
        return due.isEmpty()
                ? List.of()
                : shares.stream()
                        .filter(share ->
                                share.claim != null && isIdle(share) && share.claim.equals(due.get(share.partition)))
                        .toList();
    }

    private static boolean isIdle(Share share) {
        return share.is(State.READING) && !share.hasTail();
    }
}

package dev.tidemark.internal.loop;

import dev.tidemark.internal.loop.Share.State;
import dev.tidemark.internal.run.DrainedPolls;
import dev.tidemark.offsets.Claim;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/**
 * Which partitions of a {@link ClaimingLoop} are read and have nothing to do. Used by the thread that polls, but for {@link #claims}.
 */
final class IdleShares {
    private final DrainedPolls polls;
    private volatile Map<TopicPartition, Claim> last = Map.of();
    private Map<TopicPartition, Claim> unmoved = Map.of();

    /**
     * @param polls what polls return
     */
    IdleShares(DrainedPolls polls) {
        this.polls = polls;
    }

    /**
     * Their claims: nothing of them was returned and not confirmed yet, and nothing waits in the client behind what it returns of others.
     * None while the caller does not poll. Any thread may ask.
     */
    Map<TopicPartition, Claim> claims() {
        return polls.isRecent(System.nanoTime()) ? last : Map.of();
    }

    /** To be called after each poll, with all partitions and the number of records that it returned. */
    void polled(Collection<Share> shares, int records) {
        Map<TopicPartition, Claim> idle = new HashMap<>();
        for (Share share : shares) {
            if (share.claim != null && isIdle(share)) {
                idle.put(share.partition, share.claim);
            }
        }
        last = Map.copyOf(idle);
        polls.returned(records, System.nanoTime());
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

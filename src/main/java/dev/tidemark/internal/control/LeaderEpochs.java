package dev.tidemark.internal.control;

import dev.tidemark.internal.kafka.OffsetLookup;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.offsets.Claim;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the leader epochs of stored offsets with those of the logs. Kafka's client waits for ever for a leader of an epoch that it
 * was given, and after a restore of Kafka there is none. Used by the control thread.
 */
final class LeaderEpochs {
    private static final Logger LOG = LoggerFactory.getLogger(LeaderEpochs.class);

    private final String groupId;
    private final OffsetLookup offsets;

    LeaderEpochs(String groupId, OffsetLookup offsets) {
        this.groupId = groupId;
        this.offsets = offsets;
    }

    /** Removes from these claims what their logs cannot know. Cluster, topic and bounds are compared without it. */
    void check(Map<TopicPartition, ClaimedPartition> claimed) {
        Set<TopicPartition> dated = claimed.values().stream()
                .map(ClaimedPartition::claim)
                .filter(claim -> claim.position().leaderEpoch().isPresent())
                .map(Claim::partition)
                .collect(Collectors.toSet());
        if (dated.isEmpty()) {
            return;
        }
        Map<TopicPartition, Integer> epochs = offsets.leaderEpochs(dated);
        claimed.replaceAll((partition, found) -> {
            Integer epoch = epochs.get(partition);
            if (epoch == null || !found.isAheadOf(epoch)) {
                return found;
            }
            LOG.warn(
                    "the log's leader epoch is lower than that of the stored offset, as after a restore of Kafka; whether the records"
                            + " before it were replaced cannot be checked group={} partition={} offset={} stored_epoch={} log_epoch={}",
                    groupId,
                    partition,
                    found.claim().position().nextOffset(),
                    found.claim().position().leaderEpoch().orElse(-1),
                    epoch);
            return found.withoutEpoch();
        });
    }
}

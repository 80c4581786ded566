package dev.tidemark.offsets;

import java.util.Map;
import java.util.Optional;

/**
 * The topic that the offsets of a group refer to, and where each of its partitions starts if the group has never read it. Created by
 * {@link OffsetStore#resolve} and stored by {@link OffsetStore#bind}.
 *
 * @param topic the topic's name
 * @param clusterId the id of the Kafka cluster
 * @param topicId the topic's id as Kafka prints it; empty if the brokers give topics no id
 * @param starts for each partition, where a group starts that has never read the topic
 * @param earliest for each partition its first offset, where partitions start that were added later
 */
public record TopicBinding(
        String topic,
        String clusterId,
        Optional<String> topicId,
        Map<Integer, Long> starts,
        Map<Integer, Long> earliest) {
    /** Copies the maps. */
    public TopicBinding {
        starts = Map.copyOf(starts);
        earliest = Map.copyOf(earliest);
    }
}

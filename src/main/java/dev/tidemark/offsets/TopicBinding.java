package dev.tidemark.offsets;

import java.util.Map;
import java.util.Optional;

/**
 * Which topic the offsets of a group are about, and where each of its partitions begins if the group has never met it. Made by
 * {@link OffsetStore#resolve} and stored by {@link OffsetStore#bind}.
 *
 * @param topic the topic's name
 * @param clusterId the id of the Kafka cluster
 * @param topicId the topic's id as Kafka prints it; empty where the brokers give topics no id
 * @param starts for each partition where a group begins that has never met the topic
 * @param earliest for each partition its first offset, where partitions begin that were added later
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

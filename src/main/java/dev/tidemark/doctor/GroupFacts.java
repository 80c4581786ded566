package dev.tidemark.doctor;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What the offset store holds of one group.
 *
 * @param readAt when, by the server's clock
 */
record GroupFacts(
        String group,
        Instant readAt,
        List<Binding> bindings,
        List<Place> places,
        List<Pause> pauses,
        List<Letters> letters) {

    /** What the offsets of a topic mean; without a topic id only the cluster is known. */
    record Binding(String topic, String clusterId, @Nullable String topicId, int partitions) {}

    /** Where the group stands in a partition, and what its owner saw there last. */
    record Place(
            TopicPartition partition,
            long stored,
            @Nullable Long logStart,
            @Nullable String owner,
            String state,
            @Nullable String errorCode,
            @Nullable String errorText,
            @Nullable Instant waitingSince,
            @Nullable Instant sampledAt) {}

    /** A pause; without a topic that of the whole group. */
    record Pause(
            @Nullable String topic,
            @Nullable Integer partition,
            String by,
            Instant at,
            @Nullable String reason) {}

    /** How many dead letters a topic has for one cause. */
    record Letters(String topic, @Nullable String errorCode, long count) {}

    /** Where it stands in each partition of a topic. */
    Map<Integer, Place> placesOf(String topic) {
        Map<Integer, Place> found = new TreeMap<>();
        for (Place place : places) {
            if (place.partition().topic().equals(topic)) {
                found.put(place.partition().partition(), place);
            }
        }
        return found;
    }
}

package dev.tidemark.doctor;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What the offset store contains about one group.
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

    /** What the offsets of a topic refer to; without a topic id only the cluster is known. */
    record Binding(String topic, String clusterId, @Nullable String topicId, int partitions) {}

    /** The group's position in a partition, and what its owner last sampled there. */
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

    /** A pause; without a topic it applies to the whole group. */
    record Pause(
            @Nullable String topic,
            @Nullable Integer partition,
            String by,
            Instant at,
            @Nullable String reason) {}

    /** The number of dead letters of a topic with one error code. */
    record Letters(String topic, @Nullable String errorCode, long count) {}

    /** Its position in each partition of a topic. */
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

package dev.tidemark.internal.plan;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/** What operators have paused of one group. */
public record Pauses(Set<Pause> all) {
    private static final Pauses NONE = new Pauses(Set.of());

    /**
     * One pause.
     *
     * @param topic empty for the whole group
     * @param partition empty for the whole topic, or the whole group
     */
    public record Pause(Optional<String> topic, OptionalInt partition) {
        private boolean covers(TopicPartition place) {
            return (topic.isEmpty() || topic.get().equals(place.topic()))
                    && (partition.isEmpty() || partition.getAsInt() == place.partition());
        }
    }

    /** Nothing is paused. */
    public static Pauses none() {
        return NONE;
    }

    /** Whether the partition is paused. */
    public boolean cover(TopicPartition partition) {
        return all.stream().anyMatch(pause -> pause.covers(partition));
    }
}

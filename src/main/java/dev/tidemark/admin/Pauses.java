package dev.tidemark.admin;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** The pauses of a group, the widest first, and what they mean for a partition. Pure. */
record Pauses(List<Pause> pauses) {
    /**
     * A pause.
     *
     * @param topic null for the whole group
     * @param partition null for the whole topic
     */
    record Pause(@Nullable String topic, @Nullable Integer partition) {
        /** Whether it applies to that partition. */
        boolean covers(TopicPartition other) {
            return (topic == null || topic.equals(other.topic()))
                    && (partition == null || partition == other.partition());
        }

        /** Whether ending the other pause ends this one too. */
        boolean isWithin(Pause other) {
            return (other.topic == null || other.topic.equals(topic))
                    && (other.partition == null || other.partition.equals(partition));
        }

        /** For people. */
        String words() {
            return topic == null
                    ? "the whole group"
                    : partition == null ? "all of topic " + topic : "topic " + topic + " partition " + partition;
        }
    }

    /** The pauses of a selection. */
    static List<Pause> of(PartitionSelection selection) {
        if (selection.isAll()) {
            return List.of(new Pause(null, null));
        }
        List<Pause> chosen = new ArrayList<>();
        selection.byTopic().forEach((topic, partitions) -> {
            if (partitions.isEmpty()) {
                chosen.add(new Pause(topic, null));
            }
            partitions.forEach(partition -> chosen.add(new Pause(topic, partition)));
        });
        return chosen;
    }

    /** The widest that applies to a partition. */
    Optional<Pause> stopping(TopicPartition partition) {
        return pauses.stream().filter(pause -> pause.covers(partition)).findFirst();
    }

    /** Those that end together with these. */
    Pauses within(List<Pause> resumed) {
        return new Pauses(pauses.stream()
                .filter(pause -> resumed.stream().anyMatch(pause::isWithin))
                .toList());
    }

    /** Those that remain after these have ended. */
    Pauses without(List<Pause> resumed) {
        return new Pauses(pauses.stream()
                .filter(pause -> resumed.stream().noneMatch(pause::isWithin))
                .toList());
    }

    /** These and others, the widest first. */
    Pauses with(List<Pause> others) {
        List<Pause> all = new ArrayList<>(others);
        all.addAll(pauses);
        // The widest is the one that is reported for a partition.
        all.sort((a, b) -> Integer.compare(width(b), width(a)));
        return new Pauses(all.stream().distinct().toList());
    }

    private static int width(Pause pause) {
        return pause.topic() == null ? 2 : pause.partition() == null ? 1 : 0;
    }

    /** All of them as text. */
    String words() {
        return pauses.isEmpty()
                ? "nothing is paused"
                : "paused: " + pauses.stream().map(Pause::words).collect(Collectors.joining(", "));
    }
}

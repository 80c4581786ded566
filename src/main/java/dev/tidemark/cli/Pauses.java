package dev.tidemark.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/** The pauses of a group, as {@code consumer_pause} holds them, and what they mean for a partition. */
record Pauses(List<Pause> pauses) {
    /**
     * One of them.
     *
     * @param topic null for the whole group
     * @param partition null for the whole topic
     */
    record Pause(@Nullable String topic, @Nullable Integer partition) {
        /** Whether that partition stands still because of it. */
        boolean covers(String otherTopic, int otherPartition) {
            return (topic == null || topic.equals(otherTopic)) && (partition == null || partition == otherPartition);
        }

        /** Whether ending the other ends it too. */
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

    /** Asks for those of a group, the wide ones first. */
    static Pauses of(Handle handle, DatabaseOptions database, String group) {
        return new Pauses(handle.createQuery(database.sql("select topic, partition from {schema}.consumer_pause"
                        + " where group_id = :group order by topic nulls first, partition nulls first"))
                .bind("group", group)
                .map((row, context) -> new Pause(row.getString("topic"), row.getObject("partition", Integer.class)))
                .list());
    }

    /** What is to be paused or resumed: what people chose, or else the whole group. */
    static List<Pause> chosen(List<TopicChoice> choices) {
        if (choices.isEmpty()) {
            return List.of(new Pause(null, null));
        }
        List<Pause> chosen = new ArrayList<>();
        for (TopicChoice choice : choices) {
            if (choice.partitions().isEmpty()) {
                chosen.add(new Pause(choice.topic(), null));
            }
            choice.partitions().forEach(partition -> chosen.add(new Pause(choice.topic(), partition)));
        }
        return chosen;
    }

    /** The widest that keeps a partition. */
    Optional<Pause> keeping(String topic, int partition) {
        return pauses.stream().filter(pause -> pause.covers(topic, partition)).findFirst();
    }

    /** Those that end with these. */
    Pauses within(List<Pause> resumed) {
        return new Pauses(pauses.stream()
                .filter(pause -> resumed.stream().anyMatch(pause::isWithin))
                .toList());
    }

    /** Those that go on when these have ended. */
    Pauses without(List<Pause> resumed) {
        return new Pauses(pauses.stream()
                .filter(pause -> resumed.stream().noneMatch(pause::isWithin))
                .toList());
    }

    /** These and others, the wide ones first. */
    Pauses with(List<Pause> others) {
        List<Pause> all = new ArrayList<>(others);
        all.addAll(pauses);
        // The widest names what keeps a partition.
        all.sort((a, b) -> Integer.compare(width(b), width(a)));
        return new Pauses(all.stream().distinct().toList());
    }

    private static int width(Pause pause) {
        return pause.topic() == null ? 2 : pause.partition() == null ? 1 : 0;
    }

    /** All in words. */
    String words() {
        return pauses.isEmpty()
                ? "nothing of it is paused"
                : "paused is " + pauses.stream().map(Pause::words).collect(Collectors.joining(", "));
    }
}

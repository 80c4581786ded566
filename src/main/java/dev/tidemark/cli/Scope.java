package dev.tidemark.cli;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;

/**
 * A choice of partitions. Pure.
 *
 * @param topics the partitions that are meant of each topic, none for all of them; no topic for all topics
 */
record Scope(Map<String, Set<Integer>> topics) {
    /** From words like {@code flights} and {@code flights:0,3}. */
    static Scope of(List<String> words) {
        Map<String, Set<Integer>> topics = new LinkedHashMap<>();
        for (String word : words) {
            int colon = word.indexOf(':');
            String topic = colon < 0 ? word : word.substring(0, colon);
            Set<Integer> partitions = new TreeSet<>();
            if (colon >= 0) {
                for (String number : word.substring(colon + 1).split(",", -1)) {
                    partitions.add(partition(word, number));
                }
            }
            Set<Integer> before = topics.get(topic);
            if (topic.isEmpty() || (before != null && (colon < 0 || before.isEmpty()))) {
                throw CommandException.wrongInput("--topic " + word + " names no topic, or one that is meant already");
            }
            topics.computeIfAbsent(topic, t -> new TreeSet<>()).addAll(partitions);
        }
        return new Scope(topics);
    }

    /** Exactly these. */
    static Scope exactly(Collection<TopicPartition> partitions) {
        Map<String, Set<Integer>> topics = new LinkedHashMap<>();
        partitions.forEach(
                p -> topics.computeIfAbsent(p.topic(), t -> new TreeSet<>()).add(p.partition()));
        return new Scope(topics);
    }

    private static int partition(String word, String number) {
        try {
            int partition = Integer.parseInt(number.strip());
            if (partition >= 0) {
                return partition;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw CommandException.wrongInput("--topic " + word + " is not TOPIC or TOPIC:PARTITION,PARTITION");
    }

    /** Whether this partition is meant. */
    boolean includes(TopicPartition partition) {
        if (topics.isEmpty()) {
            return true;
        }
        Set<Integer> partitions = topics.get(partition.topic());
        return partitions != null && (partitions.isEmpty() || partitions.contains(partition.partition()));
    }

    /** The error for what is named and not there (TM-601) is thrown; says what is there. */
    void requireAll(Collection<TopicPartition> there, String whose) {
        Set<String> known = new TreeSet<>();
        there.forEach(partition -> known.add(partition.topic()));
        topics.forEach((topic, partitions) -> {
            if (!known.contains(topic)) {
                throw CommandException.nothingMatched(
                        whose + " has no offsets for topic " + topic + ": it has " + String.join(", ", known));
            }
            for (int partition : partitions) {
                if (!there.contains(new TopicPartition(topic, partition))) {
                    throw CommandException.nothingMatched(
                            whose + " has no offset for topic " + topic + " partition " + partition);
                }
            }
        });
    }
}

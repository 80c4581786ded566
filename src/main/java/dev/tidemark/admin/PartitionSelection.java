package dev.tidemark.admin;

import dev.tidemark.internal.admin.OperatorErrors;
import dev.tidemark.internal.admin.StoredGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Selects partitions of a group: all, some topics, some partitions. A value; immutable. */
public final class PartitionSelection {
    /** How many ranges of partitions an error lists. */
    private static final int NAMED = 10;

    private static final PartitionSelection ALL = new PartitionSelection(Map.of());

    /** The selected partitions of each topic, none for all of them; no topic for all topics. */
    private final Map<String, Set<Integer>> topics;

    private PartitionSelection(Map<String, Set<Integer>> topics) {
        this.topics = topics;
    }

    /** All partitions of all topics that the group has. */
    public static PartitionSelection all() {
        return ALL;
    }

    /** All partitions of these topics; at least one (TM-103). */
    public static PartitionSelection topics(String... names) {
        Map<String, Set<Integer>> topics = new TreeMap<>();
        Arrays.asList(names).forEach(name -> topics.put(name, Set.of()));
        return of(topics);
    }

    /** These partitions; at least one (TM-103). */
    public static PartitionSelection partitions(TopicPartition... partitions) {
        return partitions(Arrays.asList(partitions));
    }

    /** These partitions; at least one (TM-103). */
    public static PartitionSelection partitions(Collection<TopicPartition> partitions) {
        Map<String, Set<Integer>> topics = new TreeMap<>();
        partitions.forEach(
                p -> topics.computeIfAbsent(p.topic(), t -> new TreeSet<>()).add(p.partition()));
        return of(topics);
    }

    private static PartitionSelection of(Map<String, Set<Integer>> topics) {
        if (topics.isEmpty()) {
            throw OperatorErrors.invalid("nothing is selected: name at least one, or use PartitionSelection.all()");
        }
        return new PartitionSelection(Collections.unmodifiableMap(topics));
    }

    /** The union of the two. */
    public PartitionSelection and(PartitionSelection other) {
        if (isAll() || other.isAll()) {
            return ALL;
        }
        Map<String, Set<Integer>> union = new TreeMap<>(topics);
        other.topics.forEach((topic, partitions) -> union.merge(topic, partitions, PartitionSelection::union));
        return of(union);
    }

    private static Set<Integer> union(Set<Integer> one, Set<Integer> other) {
        Set<Integer> union = new TreeSet<>(one);
        union.addAll(other);
        // None means the whole topic.
        return one.isEmpty() || other.isEmpty() ? Set.of() : union;
    }

    /** Whether this is {@link #all()}. */
    public boolean isAll() {
        return topics.isEmpty();
    }

    /** Whether that partition is selected, if the group has it. */
    public boolean includes(TopicPartition partition) {
        if (isAll()) {
            return true;
        }
        Set<Integer> partitions = topics.get(partition.topic());
        return partitions != null && (partitions.isEmpty() || partitions.contains(partition.partition()));
    }

    /** The selected partitions of each topic, none for all of them; empty if all topics are selected. */
    Map<String, Set<Integer>> byTopic() {
        return topics;
    }

    /** The selected rows, all of which must exist (TM-601). */
    List<StoredGroup.Row> of(StoredGroup stored) {
        requireAll(stored.partitions(), "group " + stored.group());
        return stored.rows().stream().filter(row -> includes(row.partition())).toList();
    }

    /** Refuses a selection that does not exist (TM-601); the message says what does. */
    void requireAll(Collection<TopicPartition> there, String whose) {
        Set<String> known = new TreeSet<>();
        there.forEach(partition -> known.add(partition.topic()));
        topics.forEach((topic, partitions) -> {
            if (!known.contains(topic)) {
                throw OperatorErrors.nothingMatched(
                        whose + " has no offsets for topic " + topic + ": it has " + String.join(", ", known));
            }
            for (int partition : partitions) {
                if (!there.contains(new TopicPartition(topic, partition))) {
                    throw OperatorErrors.nothingMatched(whose + " has no offset for topic " + topic + " partition "
                            + partition + ": it has " + numbers(there, topic));
                }
            }
        });
    }

    /** The partitions of a topic in a few words, such as {@code 0 to 5, 7}. */
    static String numbers(Collection<TopicPartition> there, @Nullable String topic) {
        List<String> ranges = new ArrayList<>();
        int from = 0;
        Set<Integer> numbers = new TreeSet<>();
        there.stream().filter(p -> p.topic().equals(topic)).forEach(p -> numbers.add(p.partition()));
        for (int number : numbers) {
            if (!numbers.contains(number - 1)) {
                from = number;
            }
            if (!numbers.contains(number + 1)) {
                ranges.add(from == number ? Integer.toString(number) : from + " to " + number);
            }
        }
        return String.join(", ", ranges.subList(0, Math.min(NAMED, ranges.size())))
                + (ranges.size() > NAMED ? ", ..." : "");
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PartitionSelection selection && topics.equals(selection.topics);
    }

    @Override
    public int hashCode() {
        return topics.hashCode();
    }

    /** In the syntax of the command line: {@code flights:0,2 seats}; {@code all topics}. */
    @Override
    public String toString() {
        if (isAll()) {
            return "all topics";
        }
        StringBuilder words = new StringBuilder();
        topics.forEach((topic, partitions) -> words.append(words.isEmpty() ? "" : " ")
                .append(topic)
                .append(partitions.isEmpty() ? "" : ":" + partitions.toString().replaceAll("[\\[\\] ]", "")));
        return words.toString();
    }
}

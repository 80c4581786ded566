package dev.tidemark.internal.plan;

import dev.tidemark.errors.InvalidConfigurationException;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;

/** What a consumer reads. */
public sealed interface Subscription {
    /** The defect of one that names nothing, or of none at all. */
    String NOTHING = "no topics: name at least one with topics(...), topicPattern(...) or partitions(...)";

    /** Kafka's limit, in characters. */
    int LONGEST_NAME = 249;

    /** Whether this topic belongs to it. */
    boolean includes(String topic);

    /** The topics that it names, whether they exist or not; a pattern names none. */
    Set<String> named();

    /** Why it can't be read, as a sentence for its author; empty if it can. */
    Optional<String> defect();

    /** A set of these, none of which may be null (TM-103). */
    static <T> Set<T> all(String method, Collection<T> values) {
        Collection<T> given = InvalidConfigurationException.requireGiven(method, values);
        for (T value : given) {
            var unused = InvalidConfigurationException.requireGiven(method, value);
        }
        return Set.copyOf(given);
    }

    private static Optional<String> unnameable(Stream<String> topics) {
        return topics.filter(name -> name.isBlank() || name.length() > LONGEST_NAME)
                .findFirst()
                .map(name -> name.isBlank()
                        ? "a topic name is blank"
                        : "a topic name has " + name.length() + " characters, and may have " + LONGEST_NAME);
    }

    /** Topics by name; the group assigns their partitions. */
    record Topics(Set<String> names) implements Subscription {
        @Override
        public boolean includes(String topic) {
            return names.contains(topic);
        }

        @Override
        public Set<String> named() {
            return names;
        }

        @Override
        public Optional<String> defect() {
            if (names.isEmpty()) {
                return Optional.of(NOTHING);
            }
            return unnameable(names.stream());
        }

        @Override
        public String toString() {
            return names.toString();
        }
    }

    /** Topics whose whole name matches, including future ones; the group assigns their partitions. */
    record Matching(Pattern pattern) implements Subscription {
        @Override
        public boolean includes(String topic) {
            return pattern.matcher(topic).matches();
        }

        @Override
        public Set<String> named() {
            return Set.of();
        }

        @Override
        public Optional<String> defect() {
            return pattern.pattern().isEmpty() ? Optional.of("the topic pattern is empty") : Optional.empty();
        }

        @Override
        public String toString() {
            return pattern.toString();
        }
    }

    /** These partitions and no others, without a group. */
    record Manual(Set<TopicPartition> partitions) implements Subscription {
        @Override
        public Set<String> named() {
            return partitions.stream().map(TopicPartition::topic).collect(Collectors.toSet());
        }

        @Override
        public boolean includes(String topic) {
            return named().contains(topic);
        }

        @Override
        public Optional<String> defect() {
            if (partitions.isEmpty()) {
                return Optional.of(NOTHING);
            }
            return partitions.stream().anyMatch(p -> p.topic().isBlank() || p.partition() < 0)
                    ? Optional.of("a partition has a blank topic or a negative number")
                    : unnameable(named().stream());
        }

        @Override
        public String toString() {
            return partitions.toString();
        }
    }
}

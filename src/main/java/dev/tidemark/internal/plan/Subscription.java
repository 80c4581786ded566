package dev.tidemark.internal.plan;

import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/** What a consumer reads. */
public sealed interface Subscription {
    /** Whether this topic belongs to it. */
    boolean includes(String topic);

    /** The topics that it names, whether they exist or not; a pattern names none. */
    Set<String> named();

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
        public String toString() {
            return partitions.toString();
        }
    }
}

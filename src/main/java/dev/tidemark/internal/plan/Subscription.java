package dev.tidemark.internal.plan;

import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/** What a consumer reads. */
public sealed interface Subscription {
    /** Whether this topic belongs to it. */
    boolean includes(String topic);

    /** Topics by name; the group shares out their partitions. */
    record Topics(Set<String> names) implements Subscription {
        @Override
        public boolean includes(String topic) {
            return names.contains(topic);
        }

        @Override
        public String toString() {
            return names.toString();
        }
    }

    /** Topics whose whole name matches, also those to come; the group shares out their partitions. */
    record Matching(Pattern pattern) implements Subscription {
        @Override
        public boolean includes(String topic) {
            return pattern.matcher(topic).matches();
        }

        @Override
        public String toString() {
            return pattern.toString();
        }
    }

    /** These partitions and no others, without a group. */
    record Manual(Set<TopicPartition> partitions) implements Subscription {
        /** The topics that the partitions are of. */
        public Set<String> topics() {
            return partitions.stream().map(TopicPartition::topic).collect(Collectors.toSet());
        }

        @Override
        public boolean includes(String topic) {
            return topics().contains(topic);
        }

        @Override
        public String toString() {
            return partitions.toString();
        }
    }
}

package dev.tidemark.doctor;

import dev.tidemark.doctor.RetentionChecks.Retention;
import dev.tidemark.doctor.TopicChecks.Bounds;
import dev.tidemark.internal.kafka.GroupLookup;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.jspecify.annotations.Nullable;

/** Queries to Kafka, by Admin calls that change nothing. Each throws what Kafka's client throws. */
final class KafkaQuestions {
    private static final long PATIENCE_SECONDS = 20;

    /** Bisection steps: they find a record's time to within 1/16,384 of the retention, 40 s of a week. */
    private static final int ROUNDS = 14;

    private final Admin admin;
    private final IsolationLevel isolation;

    KafkaQuestions(Admin admin, IsolationLevel isolation) {
        this.admin = admin;
        this.isolation = isolation;
    }

    /** Its id, and the number of brokers. */
    record Cluster(String id, int nodes) {}

    Cluster cluster() {
        DescribeClusterResult result = admin.describeCluster();
        return new Cluster(get(result.clusterId()), get(result.nodes()).size());
    }

    /** With what this user may do there; empty if it does not exist. */
    Optional<TopicDescription> topic(String name) {
        try {
            var options = new DescribeTopicsOptions().includeAuthorizedOperations(true);
            return Optional.of(
                    only(get(admin.describeTopics(List.of(name), options).allTopicNames())));
        } catch (UnknownTopicOrPartitionException e) {
            return Optional.empty();
        }
    }

    static TopicChecks.Topic identity(String clusterId, TopicDescription topic) {
        String id =
                Uuid.ZERO_UUID.equals(topic.topicId()) ? null : topic.topicId().toString();
        return new TopicChecks.Topic(clusterId, id, topic.partitions().size());
    }

    /** What this user may do with a group; null while Kafka does not know the group. */
    @Nullable
    Set<AclOperation> groupRights(String group) {
        try {
            var options = new DescribeConsumerGroupsOptions().includeAuthorizedOperations(true);
            return only(get(admin.describeConsumerGroups(List.of(group), options)
                            .all()))
                    .authorizedOperations();
        } catch (GroupIdNotFoundException e) {
            return null;
        }
    }

    /** The member of the group that each partition is assigned to, as text; none while Kafka does not know the group. */
    Map<TopicPartition, String> holders(String group) {
        try {
            return GroupLookup.holders(
                    only(get(admin.describeConsumerGroups(List.of(group)).all())));
        } catch (GroupIdNotFoundException e) {
            return Map.of();
        }
    }

    Map<TopicPartition, Bounds> bounds(Collection<TopicPartition> partitions) {
        Map<TopicPartition, Long> starts = offsets(all(partitions, OffsetSpec.earliest()));
        Map<TopicPartition, Long> ends = offsets(all(partitions, OffsetSpec.latest()));
        Map<TopicPartition, Bounds> bounds = new HashMap<>();
        starts.forEach(
                (partition, start) -> bounds.put(partition, new Bounds(start, ends.getOrDefault(partition, start))));
        return bounds;
    }

    Retention retention(String topic) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Config config = only(get(admin.describeConfigs(List.of(resource)).all()));
        String policy = config.get(TopicConfig.CLEANUP_POLICY_CONFIG).value();
        long time = Long.parseLong(config.get(TopicConfig.RETENTION_MS_CONFIG).value());
        return new Retention(policy.contains("delete"), time < 0 ? null : Duration.ofMillis(time));
    }

    /**
     * The approximate times at which the records at these offsets were written: the latest time at which a search in Kafka still finds
     * that record or an earlier one. Times before the first instant are returned as the first instant.
     */
    Map<TopicPartition, Instant> times(Map<TopicPartition, Long> offsets, Instant first, Instant last) {
        Map<TopicPartition, Range> ranges = new HashMap<>();
        // Kafka's negative numbers are not times.
        Range all = new Range(Math.max(0, first.toEpochMilli()), Math.max(0, last.toEpochMilli()));
        offsets.keySet().forEach(partition -> ranges.put(partition, all));
        for (int round = 0; round < ROUNDS && !offsets.isEmpty(); round++) {
            Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
            ranges.forEach((partition, range) -> asked.put(partition, OffsetSpec.forTimestamp(range.middle())));
            Map<TopicPartition, Long> found = offsets(asked);
            ranges.replaceAll((partition, range) -> {
                long there = found.getOrDefault(partition, -1L);
                // Kafka returns -1 if no record is that recent.
                boolean reaches = there >= 0 && there <= offsets.getOrDefault(partition, 0L);
                return reaches ? new Range(range.middle(), range.to()) : new Range(range.from(), range.middle());
            });
        }
        Map<TopicPartition, Instant> times = new HashMap<>();
        ranges.forEach((partition, range) -> times.put(partition, Instant.ofEpochMilli(range.from())));
        return times;
    }

    /** The milliseconds between which a record was written. */
    private record Range(long from, long to) {
        private long middle() {
            return from + (to - from) / 2;
        }
    }

    private static <T> T only(Map<?, T> results) {
        return results.values().iterator().next();
    }

    private static Map<TopicPartition, OffsetSpec> all(Collection<TopicPartition> partitions, OffsetSpec spec) {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        partitions.forEach(partition -> asked.put(partition, spec));
        return asked;
    }

    private Map<TopicPartition, Long> offsets(Map<TopicPartition, OffsetSpec> asked) {
        Map<TopicPartition, ListOffsetsResultInfo> results =
                get(admin.listOffsets(asked, new ListOffsetsOptions(isolation)).all());
        Map<TopicPartition, Long> offsets = new HashMap<>();
        results.forEach((partition, info) -> offsets.put(partition, info.offset()));
        return offsets;
    }

    private static <T> T get(KafkaFuture<T> future) {
        try {
            return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof KafkaException known ? known : new KafkaException(e);
        } catch (java.util.concurrent.TimeoutException e) {
            throw new TimeoutException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaException(e);
        }
    }
}

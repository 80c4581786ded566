package dev.tidemark.internal.kafka;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.StartPosition;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.plan.Timestamps;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnstableOffsetCommitException;
import org.jspecify.annotations.Nullable;

/** What Kafka's Admin tells about topics: ids, bounds, start positions. Each call waits for the brokers, up to 10 s. */
public final class TopicLookup {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Log ends are looked at again soon, and other work waits behind them. */
    private static final Duration SAMPLE_PATIENCE = Duration.ofSeconds(2);

    private final Admin admin;
    private final String groupId;
    private final IsolationLevel isolation;

    public TopicLookup(Admin admin, String groupId, IsolationLevel isolation) {
        this.admin = admin;
        this.groupId = groupId;
        this.isolation = isolation;
    }

    /** The ids and sizes of topics; one that does not exist, or not yet everywhere, is not among the answers. */
    public Map<String, Identity> identities(Collection<String> topics) throws KafkaUnavailableException {
        String cluster = clusterId();
        Map<String, Identity> identities = new HashMap<>();
        for (Map.Entry<String, KafkaFuture<TopicDescription>> entry :
                admin.describeTopics(topics).topicNameValues().entrySet()) {
            try {
                TopicDescription topic = get(entry.getValue());
                Optional<String> id = Uuid.ZERO_UUID.equals(topic.topicId())
                        ? Optional.empty()
                        : Optional.of(topic.topicId().toString());
                identities.put(
                        entry.getKey(),
                        new Identity(cluster, id, topic.partitions().size()));
            } catch (KafkaUnavailableException e) {
                if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
                    throw e;
                }
            } catch (TidemarkException e) {
                // The Admin does not say which topic it was asked for.
                throw e.getCause() instanceof TopicAuthorizationException
                        ? KafkaErrors.refusal(groupId, new TopicAuthorizationException(Set.of(entry.getKey())))
                                .orElse(e)
                        : e;
            }
        }
        return identities;
    }

    /** The cluster's id. */
    public String clusterId() throws KafkaUnavailableException {
        return get(admin.describeCluster().clusterId());
    }

    /** The names of all topics that this user may see, but for Kafka's own. */
    public Set<String> names() throws KafkaUnavailableException {
        return get(admin.listTopics().names());
    }

    /** The topics that a subscription names, whether they exist or not, or matches now. */
    public Set<String> topics(Subscription subscription) throws KafkaUnavailableException {
        return subscription instanceof Subscription.Matching
                ? names().stream().filter(subscription::includes).collect(Collectors.toSet())
                : subscription.named();
    }

    /**
     * The partitions that a subscription means now.
     *
     * @throws LogMismatchException if one that it names does not exist (TM-307)
     */
    public Set<TopicPartition> partitions(Subscription subscription) throws KafkaUnavailableException {
        Set<String> topics = topics(subscription);
        Map<String, Identity> identities = identities(topics);
        Set<String> missing = new TreeSet<>(topics);
        missing.removeAll(identities.keySet());
        if (!missing.isEmpty()) {
            throw missing(missing);
        }
        Set<TopicPartition> partitions = new HashSet<>();
        identities.forEach((topic, identity) -> partitions.addAll(all(topic, identity.partitions())));
        if (subscription instanceof Subscription.Manual manual) {
            for (TopicPartition partition : manual.partitions()) {
                if (!partitions.contains(partition)) {
                    throw missing(partition, identities.get(partition.topic()));
                }
            }
            return manual.partitions();
        }
        return partitions;
    }

    /** The error for topics that do not exist; says which do. */
    public LogMismatchException missing(Set<String> topics) throws KafkaUnavailableException {
        Set<String> names = new TreeSet<>(names());
        List<String> some = names.stream().limit(20).toList();
        return new LogMismatchException(
                ErrorCode.TOPIC_MISSING,
                "group " + groupId + ": topics " + new TreeSet<>(topics) + " do not exist, or not yet; Kafka has "
                        + some + (names.size() > some.size() ? " and " + (names.size() - some.size()) + " more" : "")
                        + ": create them, or mend their names",
                null);
    }

    /** The error for a partition that does not exist; says which do. */
    public LogMismatchException missing(TopicPartition partition, @Nullable Identity identity) {
        return new LogMismatchException(
                ErrorCode.TOPIC_MISSING,
                "group " + groupId + ": topic " + partition.topic() + " partition " + partition.partition()
                        + " does not exist, or not yet on every broker"
                        + (identity == null ? "" : "; the topic has partitions 0 to " + (identity.partitions() - 1)),
                null);
    }

    /** The first offset that Kafka still holds, for each partition of a topic. */
    public Map<Integer, Long> earliest(String topic, int partitions) throws KafkaUnavailableException {
        return byNumber(offsets(all(topic, partitions), OffsetSpec.earliest(), PATIENCE));
    }

    /**
     * Where each partition of a topic begins.
     *
     * @param now the moment that a duration counts from
     * @throws LogMismatchException if the position refuses (TM-309)
     */
    public Map<Integer, Long> starts(String topic, int partitions, StartPosition position, Instant now)
            throws KafkaUnavailableException {
        List<TopicPartition> all = all(topic, partitions);
        if (position instanceof StartPosition.Earliest) {
            return earliest(topic, partitions);
        }
        if (position instanceof StartPosition.Latest) {
            return byNumber(offsets(all, OffsetSpec.latest(), PATIENCE));
        }
        if (position instanceof StartPosition.At at) {
            return since(all, at.instant());
        }
        if (position instanceof StartPosition.Ago ago) {
            return since(all, Timestamps.before(now, ago.duration()));
        }
        if (position instanceof StartPosition.Committed committed) {
            return committed(topic, partitions, committed.otherwise(), now);
        }
        throw new LogMismatchException(
                ErrorCode.NO_START_POSITION,
                "group " + groupId + " has no offsets for topic " + topic
                        + " and the start position says to refuse that: choose another StartPosition, or import offsets",
                null);
    }

    /** The first offset that Kafka still holds. */
    public Map<TopicPartition, Long> logStarts(Collection<TopicPartition> partitions) throws KafkaUnavailableException {
        return offsets(partitions, OffsetSpec.earliest(), SAMPLE_PATIENCE);
    }

    /** The offset after the last record that this group may read. */
    public Map<TopicPartition, Long> logEnds(Collection<TopicPartition> partitions) throws KafkaUnavailableException {
        return offsets(partitions, OffsetSpec.latest(), SAMPLE_PATIENCE);
    }

    /** The offset after the last record that the brokers hold for good, whether this group may read it yet or not. */
    public Map<TopicPartition, Long> highWatermarks(Collection<TopicPartition> partitions)
            throws KafkaUnavailableException {
        return offsets(partitions, OffsetSpec.latest(), SAMPLE_PATIENCE, IsolationLevel.READ_UNCOMMITTED);
    }

    private Map<Integer, Long> since(List<TopicPartition> partitions, Instant instant)
            throws KafkaUnavailableException {
        OptionalLong timestamp = Timestamps.lookup(instant);
        if (timestamp.isEmpty()) {
            return byNumber(offsets(partitions, OffsetSpec.earliest(), PATIENCE));
        }
        Map<TopicPartition, Long> ends = offsets(partitions, OffsetSpec.latest(), PATIENCE);
        Map<TopicPartition, Long> found = offsets(partitions, OffsetSpec.forTimestamp(timestamp.getAsLong()), PATIENCE);
        // Kafka returns -1 where no record is that young.
        found.replaceAll((partition, offset) -> offset < 0 ? ends.getOrDefault(partition, 0L) : offset);
        return byNumber(found);
    }

    private Map<Integer, Long> committed(String topic, int partitions, StartPosition otherwise, Instant now)
            throws KafkaUnavailableException {
        Map<Integer, Long> starts = byNumber(committed(all(topic, partitions)));
        if (starts.size() < partitions) {
            starts(topic, partitions, otherwise, now).forEach(starts::putIfAbsent);
        }
        return starts;
    }

    /**
     * What the group has committed of these partitions; those without a commit are not in the result.
     *
     * @throws KafkaUnavailableException also while a transaction is committing offsets of one of them, which count once it has
     */
    public Map<TopicPartition, Long> committed(Collection<TopicPartition> partitions) throws KafkaUnavailableException {
        // The client leaves out a partition with an error, so each is asked for by name, and must then be there.
        Map<TopicPartition, OffsetAndMetadata> stable = get(admin.listConsumerGroupOffsets(
                        Map.of(groupId, new ListConsumerGroupOffsetsSpec().topicPartitions(partitions)),
                        new ListConsumerGroupOffsetsOptions().requireStable(true))
                .partitionsToOffsetAndMetadata(groupId));
        Map<TopicPartition, Long> committed = new HashMap<>();
        for (TopicPartition partition : partitions) {
            if (!stable.containsKey(partition)) {
                throw new KafkaUnavailableException(
                        "group " + groupId + ": offsets of " + partition + " are being committed",
                        new UnstableOffsetCommitException("offsets are being committed in a transaction"));
            }
            OffsetAndMetadata offset = stable.get(partition);
            if (offset != null) {
                committed.put(partition, offset.offset());
            }
        }
        return committed;
    }

    private Map<TopicPartition, Long> offsets(Collection<TopicPartition> partitions, OffsetSpec spec, Duration patience)
            throws KafkaUnavailableException {
        return offsets(partitions, spec, patience, isolation);
    }

    private Map<TopicPartition, Long> offsets(
            Collection<TopicPartition> partitions, OffsetSpec spec, Duration patience, IsolationLevel level)
            throws KafkaUnavailableException {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        partitions.forEach(partition -> asked.put(partition, spec));
        Map<TopicPartition, ListOffsetsResultInfo> answers =
                get(admin.listOffsets(asked, new ListOffsetsOptions(level)).all(), patience);
        Map<TopicPartition, Long> offsets = new HashMap<>();
        answers.forEach((partition, info) -> offsets.put(partition, info.offset()));
        return offsets;
    }

    private <T> T get(KafkaFuture<T> future) throws KafkaUnavailableException {
        return get(future, PATIENCE);
    }

    private <T> T get(KafkaFuture<T> future, Duration patience) throws KafkaUnavailableException {
        try {
            return future.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof RetriableException) {
                throw new KafkaUnavailableException("Kafka did not answer", cause);
            }
            throw KafkaErrors.refusal(groupId, cause)
                    .orElseGet(() -> new TidemarkException(
                            ErrorCode.UNEXPECTED,
                            "group " + groupId + ": Kafka's Admin failed with "
                                    + cause.getClass().getSimpleName(),
                            cause));
        } catch (TimeoutException e) {
            throw new KafkaUnavailableException("Kafka did not answer within " + patience, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KafkaUnavailableException("interrupted while waiting for Kafka", e);
        }
    }

    private static List<TopicPartition> all(String topic, int partitions) {
        return IntStream.range(0, partitions)
                .mapToObj(p -> new TopicPartition(topic, p))
                .toList();
    }

    private static Map<Integer, Long> byNumber(Map<TopicPartition, Long> offsets) {
        Map<Integer, Long> byNumber = new HashMap<>();
        offsets.forEach((partition, offset) -> byNumber.put(partition.partition(), offset));
        return byNumber;
    }
}

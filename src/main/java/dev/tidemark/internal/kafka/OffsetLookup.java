package dev.tidemark.internal.kafka;

import dev.tidemark.StartPosition;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.Timestamps;
import dev.tidemark.internal.thread.Host;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnstableOffsetCommitException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What Kafka's Admin knows about offsets: bounds of logs, start positions, commits. Each call waits for the brokers, up to 10 s. */
public final class OffsetLookup {
    /** Log ends are sampled again soon, and other work waits behind them. */
    private static final Duration SAMPLE_PATIENCE = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(OffsetLookup.class);

    private final Admin admin;
    private final String groupId;
    private final IsolationLevel isolation;
    private final AdminCall call;

    OffsetLookup(Admin admin, String groupId, IsolationLevel isolation, AdminCall call) {
        this.admin = admin;
        this.groupId = groupId;
        this.isolation = isolation;
        this.call = call;
    }

    /** The first offset that Kafka still holds, for each partition of a topic. */
    public Map<Integer, Long> earliest(String topic, int partitions) throws KafkaUnavailableException {
        return byNumber(offsets(all(topic, partitions), OffsetSpec.earliest(), AdminCall.PATIENCE));
    }

    /**
     * The start offset of each partition of a topic.
     *
     * @param now the moment from which a duration counts back
     * @throws LogMismatchException if the start position refuses to start (TM-309)
     */
    public Map<Integer, Long> starts(String topic, int partitions, StartPosition position, Instant now)
            throws KafkaUnavailableException {
        List<TopicPartition> all = all(topic, partitions);
        if (position instanceof StartPosition.Earliest) {
            return earliest(topic, partitions);
        }
        if (position instanceof StartPosition.Latest) {
            return byNumber(offsets(all, OffsetSpec.latest(), AdminCall.PATIENCE));
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
                        + " and the start position refuses that: choose another StartPosition, or import offsets",
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

    /** The offset after the last record that is durable on the brokers, whether this group may read it yet or not. */
    public Map<TopicPartition, Long> highWatermarks(Collection<TopicPartition> partitions)
            throws KafkaUnavailableException {
        return offsets(partitions, OffsetSpec.latest(), SAMPLE_PATIENCE, IsolationLevel.READ_UNCOMMITTED);
    }

    /** The current leader epoch of each log; those whose leader does not reply now, or does not know, are not in the result. */
    public Map<TopicPartition, Integer> leaderEpochs(Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        partitions.forEach(partition -> asked.put(partition, OffsetSpec.latest()));
        ListOffsetsResult results = admin.listOffsets(asked, new ListOffsetsOptions(isolation));
        long end = Host.nanoTime() + SAMPLE_PATIENCE.toNanos();
        Map<TopicPartition, Integer> epochs = new HashMap<>();
        for (TopicPartition partition : partitions) {
            try {
                Duration left = Duration.ofNanos(Math.max(0, end - Host.nanoTime()));
                call.get(results.partitionResult(partition), left)
                        .leaderEpoch()
                        .ifPresent(epoch -> epochs.put(partition, epoch));
            } catch (KafkaUnavailableException | TidemarkException e) {
                // One partition without a leader must not keep the others from being claimed.
                LOG.debug("the leader epoch is unknown group={} partition={}", groupId, partition);
            }
        }
        return epochs;
    }

    private Map<Integer, Long> since(List<TopicPartition> partitions, Instant instant)
            throws KafkaUnavailableException {
        OptionalLong timestamp = Timestamps.lookup(instant);
        if (timestamp.isEmpty()) {
            return byNumber(offsets(partitions, OffsetSpec.earliest(), AdminCall.PATIENCE));
        }
        Map<TopicPartition, Long> ends = offsets(partitions, OffsetSpec.latest(), AdminCall.PATIENCE);
        Map<TopicPartition, Long> found =
                offsets(partitions, OffsetSpec.forTimestamp(timestamp.getAsLong()), AdminCall.PATIENCE);
        // Kafka returns -1 if no record is that recent.
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
     * The group's committed offsets of these partitions; those without a commit are not in the result.
     *
     * @throws KafkaUnavailableException also while a transaction is committing offsets of one of them, which count once it has
     */
    public Map<TopicPartition, Long> committed(Collection<TopicPartition> partitions) throws KafkaUnavailableException {
        // The client leaves out a partition with an error, so each is requested by name, and must then be there.
        Map<TopicPartition, OffsetAndMetadata> stable = call.get(admin.listConsumerGroupOffsets(
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
        Map<TopicPartition, ListOffsetsResultInfo> results =
                call.get(admin.listOffsets(asked, new ListOffsetsOptions(level)).all(), patience);
        Map<TopicPartition, Long> offsets = new HashMap<>();
        results.forEach((partition, info) -> offsets.put(partition, info.offset()));
        return offsets;
    }

    private static Map<Integer, Long> byNumber(Map<TopicPartition, Long> offsets) {
        Map<Integer, Long> byNumber = new HashMap<>();
        offsets.forEach((partition, offset) -> byNumber.put(partition.partition(), offset));
        return byNumber;
    }

    /** The partitions of a topic with this many. */
    static List<TopicPartition> all(String topic, int partitions) {
        return IntStream.range(0, partitions)
                .mapToObj(p -> new TopicPartition(topic, p))
                .toList();
    }
}

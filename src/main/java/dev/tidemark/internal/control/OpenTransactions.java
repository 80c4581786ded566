package dev.tidemark.internal.control;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.OffsetLookup;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.offsets.Position;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Which partitions of a bounded run wait for more than can be read now: for the end of a producer's transaction, or for a log that was
 * truncated in the meantime. Used by the control thread.
 */
final class OpenTransactions {
    private static final Logger LOG = LoggerFactory.getLogger(OpenTransactions.class);

    private final String groupId;
    private final OffsetLookup offsets;
    private final Set<TopicPartition> told = new HashSet<>();
    private Map<TopicPartition, Long> before = Map.of();
    private Map<TopicPartition, TidemarkException> found = new HashMap<>();

    OpenTransactions(String groupId, OffsetLookup offsets) {
        this.groupId = groupId;
        this.offsets = offsets;
    }

    /**
     * Looks at those that have not moved since the last look.
     *
     * @param ends where they have to be read to
     */
    void look(Set<TopicPartition> unfinished, Map<TopicPartition, Position> stored, Map<TopicPartition, Long> ends)
            throws KafkaUnavailableException {
        Map<TopicPartition, Long> now = new HashMap<>();
        for (TopicPartition partition : unfinished) {
            Position position = stored.get(partition);
            if (position != null) {
                now.put(partition, position.nextOffset());
            }
        }
        Map<TopicPartition, Long> still = new HashMap<>(now);
        still.entrySet().removeIf(e -> !e.getValue().equals(before.get(e.getKey())));
        before = now;
        if (!still.isEmpty()) {
            offsets.logEnds(still.keySet())
                    .forEach((partition, readable) ->
                            still.computeIfPresent(partition, (p, position) -> position >= readable ? position : null));
        }
        found = still.isEmpty() ? new HashMap<>() : explained(still, ends, offsets.highWatermarks(still.keySet()));
    }

    /**
     * @param now where the logs end, whether it may be read or not
     */
    private Map<TopicPartition, TidemarkException> explained(
            Map<TopicPartition, Long> stopped, Map<TopicPartition, Long> ends, Map<TopicPartition, Long> now) {
        Map<TopicPartition, TidemarkException> why = new HashMap<>();
        stopped.forEach((partition, position) -> {
            long last = now.getOrDefault(partition, 0L);
            long end = ends.getOrDefault(partition, 0L);
            if (position < last) {
                why.put(partition, error(groupId, partition, position));
            } else if (last < end) {
                why.put(partition, shorter(partition, last, end));
            }
        });
        return why;
    }

    /** Whether records were lost, or the leader that was asked is out of date, cannot be told apart: so the run does not end by that. */
    private TidemarkException shorter(TopicPartition partition, long last, long end) {
        return new TidemarkException(
                ErrorCode.LOG_TRUNCATED,
                "group " + groupId + ": topic " + partition.topic() + " partition " + partition.partition()
                        + " ended at offset "
                        + end + " when the run began, and ends at " + last
                        + " now: its log was truncated. The run waits until it is as long again; to end it where the log ends"
                        + " now, start it again",
                null);
    }

    /** Those that have moved do not wait any more. */
    void moved(Map<TopicPartition, Position> stored) {
        found.keySet().removeIf(partition -> {
            Position position = stored.get(partition);
            return position == null || position.nextOffset() != before.getOrDefault(partition, -1L);
        });
    }

    /** With why they wait. */
    Map<TopicPartition, TidemarkException> found() {
        return Map.copyOf(found);
    }

    /** Logs once which of them another process holds, or none, and once that they no longer wait. */
    void tellElsewhere(Set<TopicPartition> here) {
        found.forEach((partition, why) -> {
            if (!here.contains(partition) && told.add(partition)) {
                try (MDC.MDCCloseable unused = LogContext.about(partition)) {
                    LOG.info(
                            "waiting group={} partition={} code={} error=\"{}\"",
                            groupId,
                            partition,
                            why.code(),
                            LogContext.quotable(why, why.problem().toString()));
                }
            }
        });
        Set<TopicPartition> over = new HashSet<>(told);
        over.removeAll(found.keySet());
        told.removeAll(over);
        for (TopicPartition partition : over) {
            try (MDC.MDCCloseable unused = LogContext.about(partition)) {
                LOG.info("continuing group={} partition={}", groupId, partition);
            }
        }
    }

    /**
     * Whether a position is where a transaction keeps readers from what follows.
     *
     * @param readable the end of what the group may read
     * @param last the end of what there is
     */
    static boolean isBehind(long position, long readable, long last) {
        return position >= readable && position < last;
    }

    /** The same error, with the same words, as long as the position is the same. */
    static TidemarkException error(String groupId, TopicPartition partition, long position) {
        return new TidemarkException(
                ErrorCode.OPEN_TRANSACTION,
                "group " + groupId + ": topic " + partition.topic() + " partition " + partition.partition()
                        + " waits at offset " + position + " for a transaction of a producer that is still open;"
                        + " what follows is read once it is committed or aborted. If its producer is gone, find it with"
                        + " kafka-transactions.sh find-hanging, or describe-producers --topic " + partition.topic()
                        + " --partition " + partition.partition() + ", and end it with abort",
                null);
    }
}

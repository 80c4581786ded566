package dev.tidemark.internal.control;

import dev.tidemark.GapPolicy;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.offsets.Claim;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The handling of stored offsets that the log does not have. Its tasks run on the control thread. */
final class LogMismatches {
    private static final Logger LOG = LoggerFactory.getLogger(LogMismatches.class);

    private static final Duration EXPLAIN_EVERY = Duration.ofMillis(250);

    private final ControlContext context;
    private final TopicIdentities topics;
    private final ControlTasks tasks;

    /** Whether reading continues where the log begins, if it begins after a stored offset. */
    private final boolean resuming;

    LogMismatches(ControlContext context, TopicIdentities topics) {
        this.context = context;
        this.topics = topics;
        this.tasks = context.tasks();
        this.resuming = context.options().reading().gaps() instanceof GapPolicy.ResumeAtEarliest;
    }

    /**
     * Finds out what is wrong with positions that the log does not have, and halts their partitions once the records read before
     * have taken effect, however long that takes: they may be gone from Kafka, and exist only here.
     *
     * @param fetched the position that Kafka refused, by the claim it was read under
     * @param truncated whether Kafka says that the log was truncated
     * @param divergent where it was, if Kafka says so
     */
    void explain(Map<Claim, Long> fetched, boolean truncated, Map<TopicPartition, Long> divergent) {
        tasks.later(() -> explainNow(fetched, new Truncation(truncated, divergent), true), Duration.ZERO);
    }

    /**
     * @param first whether nothing was logged yet about what is waited for
     */
    private void explainNow(Map<Claim, Long> fetched, Truncation truncation, boolean first) {
        Map<TopicPartition, Claim> now = context.held().get();
        Map<Claim, Long> due = new HashMap<>();
        Map<Claim, Long> open = new HashMap<>();
        fetched.forEach((claim, offset) -> {
            Claim current = now.get(claim.partition());
            if (current == null || !current.token().equals(claim.token())) {
                return;
            }
            // What a truncated log still holds is read again.
            boolean buffered = !truncation.happened() && current.position().nextOffset() < offset;
            (buffered ? open : due).put(current, offset);
        });
        if (!open.isEmpty()) {
            if (first) {
                LOG.warn(
                        "the log no longer holds what follows, waiting until what was read before has taken effect"
                                + " group={} read={}",
                        context.groupId(),
                        ranges(open));
            }
            tasks.later(() -> explainNow(open, truncation, false), EXPLAIN_EVERY);
        }
        if (!due.isEmpty()) {
            Duration again = tasks.guarded("explain", () -> explain(due.keySet(), truncation));
            if (!again.isZero()) {
                tasks.later(() -> explainNow(due, truncation, false), again);
            }
        }
    }

    private static Set<String> ranges(Map<Claim, Long> read) {
        Set<String> ranges = new TreeSet<>();
        read.forEach((claim, offset) ->
                ranges.add(claim.partition() + "@" + claim.position().nextOffset() + "-" + (offset - 1)));
        return ranges;
    }

    /** Finds out which of four things is wrong with stored offsets that the log does not have, and reacts to it. */
    private void explain(Collection<Claim> claims, Truncation truncation)
            throws SQLException, KafkaUnavailableException {
        Set<Claim> left = new HashSet<>(claims);
        left.removeAll(topics.compare(claims));
        Set<TopicPartition> partitions = left.stream().map(Claim::partition).collect(Collectors.toSet());
        Map<TopicPartition, Long> starts = context.lookup().offsets().logStarts(partitions);
        Map<TopicPartition, Long> ends = context.lookup().offsets().logEnds(partitions);
        for (Claim claim : left) {
            long start = starts.getOrDefault(claim.partition(), 0L);
            long end = ends.getOrDefault(claim.partition(), 0L);
            LogMismatchException why =
                    outOfRange(claim.partition(), claim.position().nextOffset(), start, end, truncation);
            if (why.code() == ErrorCode.OFFSET_BELOW_LOG && resuming) {
                passOver(claim, start);
            } else {
                context.events().halted(List.of(claim), why);
            }
        }
    }

    private void passOver(Claim claim, long start) throws SQLException {
        String lost = "records " + claim.position().nextOffset() + " to " + (start - 1)
                + " were deleted before they were read";
        context.connection()
                .inTransaction(c -> context.store().passOver(c, claim, start, ErrorCode.OFFSET_BELOW_LOG + " " + lost));
        // There is one way back to reading: whatever the result, the next claim shows where.
        context.events()
                .lost(
                        List.of(claim),
                        new LogMismatchException(
                                ErrorCode.OFFSET_BELOW_LOG,
                                "group " + context.groupId() + " topic "
                                        + claim.partition().topic() + " partition "
                                        + claim.partition().partition() + ": " + lost
                                        + ", continuing without them as the GapPolicy specifies",
                                null));
    }

    private LogMismatchException outOfRange(
            TopicPartition partition, long offset, long start, long end, Truncation truncation) {
        String where = "group " + context.groupId() + " topic " + partition.topic() + " partition "
                + partition.partition() + ": the stored offset " + offset;
        if (offset < start) {
            return new LogMismatchException(
                    ErrorCode.OFFSET_BELOW_LOG,
                    where + " is below the log, which now starts at " + start + "; records " + offset + " to "
                            + (start - 1) + " are gone. Update next_offset to " + start + " to continue without them,"
                            + " or choose GapPolicy.resumeAtEarliest()",
                    null);
        }
        Long divergent = truncation.divergent().get(partition);
        String replaced = divergent == null || divergent >= offset
                ? "the records before it may have been replaced by others"
                : "records " + divergent + " to " + (offset - 1) + " were replaced by others, or are gone";
        if (truncation.happened() && offset <= end) {
            return new LogMismatchException(
                    ErrorCode.LOG_TRUNCATED,
                    where + " belongs to a part of the log that was truncated and written again: " + replaced
                            + ". Compare the data, then update next_offset to where reading is to continue; to stay at "
                            + offset + ", set leader_epoch = null and restart the consumer",
                    null);
        }
        return new LogMismatchException(
                ErrorCode.OFFSET_BEYOND_LOG,
                where + " is beyond the log, which ends at " + end
                        + ". "
                        + (truncation.happened()
                                ? "The log was truncated, and " + replaced
                                : "It was truncated, or the offset was mistyped")
                        + "; update next_offset to at most " + end,
                null);
    }
}

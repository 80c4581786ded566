package dev.tidemark.admin;

import dev.tidemark.admin.OffsetTarget.Given;
import dev.tidemark.admin.OffsetTarget.Offset;
import dev.tidemark.admin.OffsetTarget.ShiftBy;
import dev.tidemark.admin.OffsetTarget.Since;
import dev.tidemark.internal.admin.KafkaLog.Log;
import java.time.Instant;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Decides which offset a partition gets. Pure. */
final class OffsetPlanner {
    private OffsetPlanner() {}

    /**
     * A move with what it was planned from.
     *
     * @param stored where the partition stands; null if it has no offset yet
     * @param log null where Kafka was not asked
     * @param sampledEnd the log's end as the partition's owner last saw it; null where it is not known
     */
    record Move(
            TopicPartition partition,
            @Nullable Long stored,
            long next,
            @Nullable Log log,
            @Nullable Long sampledEnd) {
        /** The same, from another offset to another. */
        Move with(long nowStored, long nowNext) {
            return new Move(partition, nowStored, nowNext, log, sampledEnd);
        }

        /** As people see it. */
        OffsetMove shown() {
            Long end = log != null ? Long.valueOf(log.end()) : sampledEnd;
            return new OffsetMove(
                    partition,
                    stored == null ? OptionalLong.empty() : OptionalLong.of(stored),
                    next,
                    end == null ? OptionalLong.empty() : OptionalLong.of(Math.max(0, end - next)));
        }
    }

    /** What a partition gets. */
    sealed interface Choice {}

    /**
     * This offset.
     *
     * @param note what the caller should know; empty if it is what was asked for
     */
    record MoveTo(long offset, String note) implements Choice {}

    /** Nothing, and why. */
    record Refuse(String why) implements Choice {}

    /**
     * Chooses the offset.
     *
     * @param stored where the group stands
     * @param log null where Kafka was not asked, and then nothing is checked against it
     */
    static Choice choose(OffsetTarget target, TopicPartition partition, long stored, @Nullable Log log) {
        if (target instanceof OffsetTarget.Current) {
            return new MoveTo(stored, "");
        }
        if (target instanceof ShiftBy shift) {
            return shifted(partition, stored, shift.records(), log);
        }
        if (target instanceof Offset to) {
            return inside(partition, to.offset(), log);
        }
        if (target instanceof Given given) {
            Long offset = given.offsets().get(partition);
            return offset == null
                    ? new Refuse(name(partition) + " has no offset there")
                    : inside(partition, offset, log);
        }
        if (log == null) {
            return new Refuse(name(partition) + ": only Kafka knows that offset");
        }
        long offset = target instanceof OffsetTarget.Earliest
                ? log.start()
                : target instanceof OffsetTarget.Latest ? log.end() : log.since();
        return new MoveTo(offset, "");
    }

    /** Whether only Kafka knows the offset. */
    static boolean asksLog(OffsetTarget target) {
        return target instanceof OffsetTarget.Earliest
                || target instanceof OffsetTarget.Latest
                || target instanceof Since;
    }

    /** Whether the offset may lie outside of the log, so that Kafka is asked unless it is to be taken unchecked. */
    static boolean checksLog(OffsetTarget target) {
        return target instanceof Offset || target instanceof ShiftBy || target instanceof Given;
    }

    /** Whether the offset counts from where the group stands in the moment of the change. */
    static boolean isRelative(OffsetTarget target) {
        return target instanceof ShiftBy || target instanceof OffsetTarget.Current;
    }

    /** The time that Kafka is asked for; null for none. */
    static @Nullable Instant instant(OffsetTarget target) {
        return target instanceof Since since ? since.instant() : null;
    }

    /** As Kafka's tool does it: what would leave the log stays at its edge. */
    private static Choice shifted(TopicPartition partition, long stored, long records, @Nullable Log log) {
        long wanted;
        try {
            wanted = Math.addExact(stored, records);
        } catch (ArithmeticException e) {
            return new Refuse(name(partition) + ": " + stored + " shifted by " + records + " is no offset");
        }
        if (log == null) {
            return inside(partition, wanted, null);
        }
        if (wanted < log.start()) {
            return new MoveTo(
                    log.start(),
                    name(partition) + ": " + wanted + " is below the log, so it goes to its start, " + log.start());
        }
        if (wanted > log.end()) {
            return new MoveTo(
                    log.end(),
                    name(partition) + ": " + wanted + " is beyond the log, so it goes to its end, " + log.end());
        }
        return new MoveTo(wanted, "");
    }

    private static Choice inside(TopicPartition partition, long offset, @Nullable Log log) {
        if (offset < 0) {
            return new Refuse(name(partition) + ": offset " + offset + " is negative");
        }
        if (log != null && (offset < log.start() || offset > log.end())) {
            return new Refuse(name(partition) + ": offset " + offset + " is out of the log, which goes from "
                    + log.start() + " to " + log.end());
        }
        return new MoveTo(offset, "");
    }

    private static String name(TopicPartition partition) {
        return "topic " + partition.topic() + " partition " + partition.partition();
    }
}

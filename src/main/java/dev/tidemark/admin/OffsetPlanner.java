package dev.tidemark.admin;

import dev.tidemark.admin.OffsetTarget.Given;
import dev.tidemark.admin.OffsetTarget.Offset;
import dev.tidemark.admin.OffsetTarget.ShiftBy;
import dev.tidemark.admin.OffsetTarget.Since;
import dev.tidemark.internal.admin.KafkaLog.Log;
import dev.tidemark.internal.admin.OperatorErrors;
import java.time.Instant;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Decides the new offset of a partition. Pure. */
final class OffsetPlanner {
    private OffsetPlanner() {}

    /**
     * A move with the facts that it was planned from.
     *
     * @param stored the partition's stored offset; null if it has none yet
     * @param log null if Kafka was not asked
     * @param sampledEnd the log's end as the partition's owner last sampled it; null if unknown
     */
    record Move(
            TopicPartition partition,
            @Nullable Long stored,
            long next,
            @Nullable Log log,
            @Nullable Long sampledEnd) {
        /** The same move with other offsets. */
        Move with(long nowStored, long nowNext) {
            return new Move(partition, nowStored, nowNext, log, sampledEnd);
        }

        /** Whether the partition has another offset than the planned one. */
        boolean isElsewhere(long nowStored) {
            return stored == null || stored != nowStored;
        }

        /** The same move once the group has moved to an offset, in a log that therefore reaches at least that far. */
        Move reaching(long nowStored) {
            return log == null || log.end() >= nowStored || !isElsewhere(nowStored)
                    ? this
                    : new Move(partition, stored, next, new Log(log.start(), nowStored, log.since()), sampledEnd);
        }

        /** Why a shift from another offset than the planned one is not carried out. */
        RuntimeException beyond(long nowStored) {
            return OperatorErrors.refused(
                    name(partition) + " has moved to " + nowStored
                            + " since this was planned, and the target is beyond the end that the log had then: nothing was"
                            + " changed; plan it again",
                    null);
        }

        /** The move as it is shown to the caller. */
        OffsetMove shown() {
            Long end = log != null ? Long.valueOf(log.end()) : sampledEnd;
            return new OffsetMove(
                    partition,
                    stored == null ? OptionalLong.empty() : OptionalLong.of(stored),
                    next,
                    end == null ? OptionalLong.empty() : OptionalLong.of(Math.max(0, end - next)));
        }
    }

    /** The decision for a partition. */
    sealed interface Choice {}

    /**
     * This offset.
     *
     * @param note what the caller should know; empty if it is what was asked for
     */
    record MoveTo(long offset, String note) implements Choice {}

    /**
     * No offset, and why.
     *
     * @param outsideLog whether the offset would be accepted unchecked
     */
    record Refuse(String why, boolean outsideLog) implements Choice {
        Refuse(String why) {
            this(why, false);
        }
    }

    /**
     * Chooses the offset.
     *
     * @param stored the group's stored offset
     * @param log null if Kafka was not asked; then nothing is checked against it
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
                    ? new Refuse(name(partition) + " is not among those given: give an offset for each partition")
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

    /** Whether the offset may lie outside the log, so that Kafka is asked unless it is to be accepted unchecked. */
    static boolean checksLog(OffsetTarget target) {
        return target instanceof Offset || target instanceof ShiftBy || target instanceof Given;
    }

    /** Whether the offset is relative to the position of the group at the moment of the change. */
    static boolean isRelative(OffsetTarget target) {
        return target instanceof ShiftBy || target instanceof OffsetTarget.Current;
    }

    /**
     * Whether a shift from an offset other than the planned one goes beyond the end that the log had at planning: where the log ends by
     * now is not known, and limiting the shift to the old end would move the group back.
     */
    static boolean isBeyondPlanned(OffsetTarget target, Move move, long stored) {
        return target instanceof ShiftBy shift
                && move.log() != null
                && move.isElsewhere(stored)
                && shift.records() > move.log().end() - stored;
    }

    /** The time to search for in Kafka; null for none. */
    static @Nullable Instant instant(OffsetTarget target) {
        return target instanceof Since since ? since.instant() : null;
    }

    /** As Kafka's tool does: an offset that would leave the log is limited to its start or end. */
    private static Choice shifted(TopicPartition partition, long stored, long records, @Nullable Log log) {
        long wanted;
        try {
            wanted = Math.addExact(stored, records);
        } catch (ArithmeticException e) {
            return new Refuse(name(partition) + ": " + stored + " shifted by " + records + " is not a valid offset");
        }
        if (log == null) {
            return inside(partition, wanted, null);
        }
        if (wanted < log.start()) {
            return new MoveTo(
                    log.start(),
                    name(partition) + ": " + wanted + " is below the log, so it is set to its start, " + log.start());
        }
        if (wanted > log.end()) {
            return new MoveTo(
                    log.end(),
                    name(partition) + ": " + wanted + " is beyond the log, so it is set to its end, " + log.end());
        }
        return new MoveTo(wanted, "");
    }

    private static Choice inside(TopicPartition partition, long offset, @Nullable Log log) {
        if (offset < 0) {
            return new Refuse(name(partition) + ": offset " + offset + " is negative");
        }
        if (log != null && (offset < log.start() || offset > log.end())) {
            return new Refuse(
                    name(partition) + ": offset " + offset + " is outside the log, which goes from " + log.start()
                            + " to " + log.end(),
                    true);
        }
        return new MoveTo(offset, "");
    }

    private static String name(TopicPartition partition) {
        return "topic " + partition.topic() + " partition " + partition.partition();
    }
}

package dev.tidemark.cli;

import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Decides which offset a partition gets. Pure. */
final class OffsetPlanner {
    private OffsetPlanner() {}

    /**
     * A partition's log as Kafka shows it.
     *
     * @param start the first offset that Kafka still holds
     * @param end the offset after the last record that the group may read
     * @param since the first offset at or after the asked time; the end where no time was asked for, or no record is that young
     */
    record Log(long start, long end, long since) {}

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
    static Choice choose(Selector selector, TopicPartition partition, long stored, @Nullable Log log) {
        if (selector instanceof Selector.ToCurrent) {
            return new MoveTo(stored, "");
        }
        if (selector instanceof Selector.ShiftBy shift) {
            return shifted(partition, stored, shift.records(), log);
        }
        if (selector instanceof Selector.ToOffset to) {
            return inside(partition, to.offset(), log);
        }
        if (selector instanceof Selector.Given given) {
            Long offset = given.offsets().get(partition);
            return offset == null
                    ? new Refuse(name(partition) + " has no offset there")
                    : inside(partition, offset, log);
        }
        if (log == null) {
            return new Refuse(name(partition) + ": only Kafka knows that offset");
        }
        long offset = selector instanceof Selector.ToEarliest
                ? log.start()
                : selector instanceof Selector.ToLatest ? log.end() : log.since();
        return new MoveTo(offset, "");
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

package dev.tidemark.admin;

import dev.tidemark.StartPosition;
import dev.tidemark.internal.admin.OperatorErrors;
import dev.tidemark.internal.plan.Timestamps;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** The target of a move of offsets. The set may grow: a {@code switch} over it needs a default. Immutable. */
public sealed interface OffsetTarget {
    /** The first record that Kafka still holds. */
    static OffsetTarget earliest() {
        return new Earliest();
    }

    /** The log's end: the offset after the last record that the group may read. What is there now is not read. */
    static OffsetTarget latest() {
        return new Latest();
    }

    /** This offset, in every partition. One that is negative is TM-103; a plan with one outside of a log is refused (TM-601). */
    static OffsetTarget offset(long offset) {
        return new Offset(offset);
    }

    /**
     * The first record with a timestamp not before this instant; the log's end if there is none. The precision is milliseconds, and an
     * instant that does not fit in 64 bits of milliseconds is refused (TM-103).
     */
    static OffsetTarget since(Instant instant) {
        return new Since(instant);
    }

    /** As {@link #ago(Duration, Instant)}, by this machine's clock at the time of this call. */
    static OffsetTarget ago(Duration duration) {
        return ago(duration, Instant.now());
    }

    /** As {@link #since}, this long before an instant. A duration that is negative, or does not fit in 64 bits of milliseconds, is TM-103. */
    static OffsetTarget ago(Duration duration, Instant now) {
        StartPosition unused = StartPosition.ago(duration);
        return new Since(Timestamps.before(now, duration));
    }

    /**
     * This many offsets forward, or back if negative, from the partition's offset at the moment of the change. An offset that would
     * leave the log is limited to its start or end, and the plan's notes say so. If the partition has moved since planning, and the
     * offset would be beyond the end that the log had then, nothing is changed (TM-603).
     */
    static OffsetTarget shiftBy(long records) {
        return new ShiftBy(records);
    }

    /** An offset for each of these partitions, which are numbered from 0 (TM-103), as {@link #offset(long)}. The map is copied. */
    static OffsetTarget offsets(Map<TopicPartition, Long> offsets) {
        return new Given(offsets);
    }

    /** The current offsets: owners are fenced and claim again, halted partitions are retried, and nothing is applied twice or skipped. */
    static OffsetTarget current() {
        return new Current();
    }

    /** See {@link OffsetTarget#earliest()}. */
    record Earliest() implements OffsetTarget {}

    /** See {@link OffsetTarget#latest()}. */
    record Latest() implements OffsetTarget {}

    /** See {@link OffsetTarget#offset(long)}. */
    record Offset(long offset) implements OffsetTarget {
        /** Refuses a negative one with TM-103. */
        public Offset {
            if (offset < 0) {
                throw OperatorErrors.invalid("offset " + offset + " is negative: the first one of a log is 0");
            }
        }
    }

    /** See {@link OffsetTarget#since(Instant)}. */
    record Since(Instant instant) implements OffsetTarget {
        /** Refuses what is out of range with TM-103. */
        public Since {
            StartPosition unused = StartPosition.at(instant);
        }
    }

    /** See {@link OffsetTarget#shiftBy(long)}. */
    record ShiftBy(long records) implements OffsetTarget {}

    /** See {@link OffsetTarget#offsets(Map)}. */
    record Given(Map<TopicPartition, Long> offsets) implements OffsetTarget {
        /** Refuses an empty map, and negative partitions and offsets, with TM-103. */
        public Given {
            if (offsets.isEmpty()) {
                throw OperatorErrors.invalid("no offsets given: name at least one partition");
            }
            offsets = Map.copyOf(offsets);
            offsets.keySet().stream()
                    .filter(named -> named.partition() < 0)
                    .findFirst()
                    .ifPresent(named -> {
                        throw OperatorErrors.invalid("topic " + named.topic() + " has no partition " + named.partition()
                                + ": partitions are numbered from 0");
                    });
            offsets.values().forEach(Offset::new);
        }

        PartitionSelection selection() {
            return PartitionSelection.partitions(offsets.keySet());
        }
    }

    /** See {@link OffsetTarget#current()}. */
    record Current() implements OffsetTarget {}
}

package dev.tidemark.cli;

import java.time.Instant;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** Where offsets are to go, as the caller said it. */
sealed interface Selector {
    /** The first record that Kafka still holds. */
    record ToEarliest() implements Selector {}

    /** The offset after the last record that the group may read. */
    record ToLatest() implements Selector {}

    /** This one, in every partition. */
    record ToOffset(long offset) implements Selector {}

    /** The first record with a timestamp not before this instant; the log's end where there is none. */
    record Since(Instant instant) implements Selector {}

    /** So many records on, or back if it is negative. */
    record ShiftBy(long records) implements Selector {}

    /** What a file or Kafka's commits say. */
    record Given(Map<TopicPartition, Long> offsets) implements Selector {
        /** The partitions that are named. */
        Scope scope() {
            return Scope.exactly(offsets.keySet());
        }
    }

    /** Where they stand: owners are fenced and claim again, and nothing else. */
    record ToCurrent() implements Selector {}

    /** Whether nobody but Kafka knows the offset. */
    default boolean asksLog() {
        return this instanceof ToEarliest || this instanceof ToLatest || this instanceof Since;
    }

    /** Whether the offset may lie outside of the log, so that Kafka is asked unless that is forced. */
    default boolean checksLog() {
        return this instanceof ToOffset || this instanceof ShiftBy || this instanceof Given;
    }

    /** Whether the offset counts from where the group stands in the moment of the change. */
    default boolean isRelative() {
        return this instanceof ShiftBy || this instanceof ToCurrent;
    }
}

package dev.tidemark.offsets;

import java.util.OptionalInt;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * A position in a partition: the next offset to read, and the leader epoch of the last record below it, which lets Kafka notice
 * that its log was truncated. The epoch is empty if unknown.
 */
public record Position(long nextOffset, OptionalInt leaderEpoch) {
    /** Refuses a negative offset. */
    public Position {
        if (nextOffset < 0) {
            throw new IllegalArgumentException("nextOffset must not be negative: " + nextOffset);
        }
    }

    /** A position without a leader epoch. */
    public static Position of(long nextOffset) {
        return new Position(nextOffset, OptionalInt.empty());
    }

    /** The position once this record has taken effect. */
    public static Position after(ConsumerRecord<?, ?> record) {
        OptionalInt epoch = record.leaderEpoch().map(OptionalInt::of).orElseGet(OptionalInt::empty);
        return new Position(record.offset() + 1, epoch);
    }
}

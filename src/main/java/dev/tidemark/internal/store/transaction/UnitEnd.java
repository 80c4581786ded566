package dev.tidemark.internal.store.transaction;

import dev.tidemark.DeadLetter;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** How a unit of work ends once its effects are written: what it writes last, before it commits. */
public sealed interface UnitEnd {
    /** Whether it writes into tables other than the offsets, which other transactions may have locked. */
    default boolean locksRows() {
        return true;
    }

    /**
     * Moves positions; a claim that is left out does not move.
     *
     * @param followers records below the positions that are parked behind the parked ones of their keys; if one of these keys has
     *     no parked record any more, that is contention
     */
    record Advance(Map<Claim, Position> moves, List<ConsumerRecord<byte[], byte[]>> followers) implements UnitEnd {
        /** Without followers. */
        public Advance(Map<Claim, Position> moves) {
            this(moves, List.of());
        }

        @Override
        public boolean locksRows() {
            return !followers.isEmpty();
        }
    }

    /**
     * Parks a record, and moves beyond it.
     *
     * @param attempts how often it was tried by itself
     */
    record Park(
            Claim claim,
            ConsumerRecord<byte[], byte[]> record,
            boolean holdKey,
            ErrorCode code,
            Throwable cause,
            int attempts)
            implements UnitEnd {}

    /** Skips a record, and records that in {@code audit_log} with a reason that contains no data. */
    record Skip(Claim claim, ConsumerRecord<byte[], byte[]> record, String reason) implements UnitEnd {}

    /** Removes a dead letter, whose record now took effect. No position moves. */
    record RemoveDeadLetter(DeadLetter letter) implements UnitEnd {}
}

package dev.tidemark.internal.store.transaction;

import dev.tidemark.DeadLetter;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** How a unit of work ends once its effects are there: what it writes last, before it commits. */
public sealed interface UnitEnd {
    /** Whether it writes into tables that others may have locked, beside the offsets. */
    default boolean locksRows() {
        return true;
    }

    /**
     * Moves positions; a claim that is left out does not move.
     *
     * @param followers records below the positions that are parked behind the parked ones of their keys; if nothing is parked of
     *     one of these keys any more, that is contention
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

    /** Passes over a record, and writes that down with a reason that holds no data. */
    record Skip(Claim claim, ConsumerRecord<byte[], byte[]> record, String reason) implements UnitEnd {}

    /** Removes a dead letter, whose record now took effect. No position moves. */
    record RemoveDeadLetter(DeadLetter letter) implements UnitEnd {}
}

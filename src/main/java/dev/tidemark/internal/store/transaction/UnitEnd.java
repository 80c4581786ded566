package dev.tidemark.internal.store.transaction;

import dev.tidemark.DeadLetter;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** How a unit of work ends once its effects are written: what it writes last, before it commits. */
public sealed interface UnitEnd {
    /** Whether it writes into tables other than the offsets, which other transactions may have locked. */
    default boolean locksRows() {
        return true;
    }

    /** The counts of records given up that change with it; asked after everything else was written. */
    default Map<Claim, GivenUp> givenUp() {
        return Map.of();
    }

    /**
     * Moves positions; a claim that is left out does not move.
     *
     * @param followers records below the positions that are parked behind the parked ones of their keys; if one of these keys has
     *     no parked record any more, that is contention
     * @param counts the counts of records given up that change, as its success shows something about them
     */
    record Advance(
            Map<Claim, Position> moves,
            List<ConsumerRecord<byte[], byte[]>> followers,
            Supplier<Map<Claim, GivenUp>> counts)
            implements UnitEnd {
        /** Without followers. */
        public Advance(Map<Claim, Position> moves) {
            this(moves, List.of(), Map::of);
        }

        @Override
        public Map<Claim, GivenUp> givenUp() {
            return counts.get();
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
     * @param count how many there are with it
     */
    record Park(
            Claim claim,
            ConsumerRecord<byte[], byte[]> record,
            boolean holdKey,
            ErrorCode code,
            Throwable cause,
            int attempts,
            GivenUp count)
            implements UnitEnd {
        @Override
        public Map<Claim, GivenUp> givenUp() {
            return Map.of(claim, count);
        }
    }

    /**
     * Skips a record, and records that in {@code audit_log} with a reason that contains no data.
     *
     * @param count how many there are with it
     */
    record Skip(Claim claim, ConsumerRecord<byte[], byte[]> record, String reason, GivenUp count) implements UnitEnd {
        @Override
        public Map<Claim, GivenUp> givenUp() {
            return Map.of(claim, count);
        }
    }

    /** Removes a dead letter, whose record now took effect. No position moves. */
    record RemoveDeadLetter(DeadLetter letter) implements UnitEnd {}
}

package dev.tidemark.internal.store;

import dev.tidemark.Claim;
import dev.tidemark.DeadLetter;
import dev.tidemark.ErrorCode;
import dev.tidemark.Position;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** How a unit of work ends once its effects are there: what it writes last, before it commits. */
public sealed interface UnitEnd {
    /** Moves positions; a claim that is left out does not move. */
    record Advance(Map<Claim, Position> moves) implements UnitEnd {}

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

    /** Parks records behind parked ones of their keys, up to the first whose key is free again, and moves to there. */
    record ParkFollowers(Claim claim, List<ConsumerRecord<byte[], byte[]>> records) implements UnitEnd {}

    /** Removes a dead letter, whose record now took effect. No position moves. */
    record RemoveDeadLetter(DeadLetter letter) implements UnitEnd {}
}

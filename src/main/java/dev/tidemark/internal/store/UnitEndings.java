package dev.tidemark.internal.store;

import dev.tidemark.Claim;
import dev.tidemark.DeadLetter;
import dev.tidemark.Position;
import dev.tidemark.internal.store.AuditLogTable.Action;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Writes what a unit ends with beside the advance of its offsets. Stateless. */
final class UnitEndings {
    private final DeadLetterTable letters;
    private final AuditLogTable audit;
    private final String owner;

    /**
     * @param owner the name under which records are parked
     */
    UnitEndings(Schema schema, String groupId, String owner) {
        this.letters = new DeadLetterTable(schema, groupId);
        this.audit = new AuditLogTable(schema, groupId);
        this.owner = owner;
    }

    /** Writes it, and answers where the positions are to move; empty if what was to be removed is not there any more. */
    Optional<Map<Claim, Position>> write(Connection c, UnitEnd end, String transactionId) throws SQLException {
        if (end instanceof UnitEnd.Advance advance) {
            return Optional.of(advance.moves());
        }
        if (end instanceof UnitEnd.Park park) {
            ErrorText error = ErrorText.of(park.code(), park.cause());
            letters.park(c, park.record(), park.holdKey(), error, park.attempts(), owner);
            write(c, Action.PARK, park.record(), park.code() + " " + SqlFailures.describe(park.cause()));
            return Optional.of(Map.of(park.claim(), Position.after(park.record())));
        }
        if (end instanceof UnitEnd.Skip skip) {
            write(c, Action.SKIP, skip.record(), skip.reason());
            return Optional.of(Map.of(skip.claim(), Position.after(skip.record())));
        }
        if (end instanceof UnitEnd.ParkFollowers followers) {
            return Optional.of(park(c, followers));
        }
        UnitEnd.RemoveDeadLetter remove = (UnitEnd.RemoveDeadLetter) end;
        DeadLetter letter = remove.letter();
        if (!letters.remove(c, letter.id(), transactionId)) {
            return Optional.empty();
        }
        write(c, Action.REDRIVE, letter.record(), "parked " + letter.parkedAt());
        return Optional.of(Map.of());
    }

    private Map<Claim, Position> park(Connection c, UnitEnd.ParkFollowers followers) throws SQLException {
        Map<Claim, Position> moves = Map.of();
        for (ConsumerRecord<byte[], byte[]> record : followers.records()) {
            if (!letters.follow(c, record, owner)) {
                break;
            }
            write(c, Action.PARK, record, "follows a parked record of its key");
            moves = Map.of(followers.claim(), Position.after(record));
        }
        return moves;
    }

    private void write(Connection c, Action action, ConsumerRecord<?, ?> record, String reason) throws SQLException {
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        audit.write(
                c, action, partition, record.offset(), Position.after(record).nextOffset(), reason);
    }
}

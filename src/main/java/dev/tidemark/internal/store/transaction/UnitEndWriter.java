package dev.tidemark.internal.store.transaction;

import dev.tidemark.DeadLetter;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.table.AuditLogTable;
import dev.tidemark.internal.store.table.AuditLogTable.Action;
import dev.tidemark.internal.store.table.DeadLetterTable;
import dev.tidemark.internal.store.table.ErrorText;
import dev.tidemark.internal.store.table.ParkedRecords;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransactionRollbackException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Writes what a unit ends with besides the advance of its offsets. Stateless. */
final class UnitEndWriter {
    /** How many records are sent at once. */
    private static final int TOGETHER = 200;

    private final ParkedRecords parked;
    private final DeadLetterTable letters;
    private final AuditLogTable audit;
    private final String owner;

    /**
     * @param owner the name under which records are parked
     */
    UnitEndWriter(Schema schema, String groupId, String owner) {
        this.parked = new ParkedRecords(schema, groupId);
        this.letters = new DeadLetterTable(schema, groupId);
        this.audit = new AuditLogTable(schema, groupId);
        this.owner = owner;
    }

    /** Writes it, and returns where the positions have to move; empty if what was to be removed does not exist any more. */
    Optional<Map<Claim, Position>> write(Connection c, UnitEnd end, String transactionId) throws SQLException {
        if (end instanceof UnitEnd.Advance advance) {
            park(c, advance.followers());
            return Optional.of(advance.moves());
        }
        if (end instanceof UnitEnd.Park park) {
            ErrorText error =
                    ErrorText.of(park.code(), park.cause()).withDatabaseError(FailureWords.databaseError(park.cause()));
            parked.park(c, park.record(), park.holdKey(), error, park.attempts(), owner);
            write(c, Action.PARK, park.record(), park.code() + " " + FailureWords.describe(park.cause()));
            return Optional.of(Map.of(park.claim(), Position.after(park.record())));
        }
        if (end instanceof UnitEnd.Skip skip) {
            write(c, Action.SKIP, skip.record(), skip.reason());
            return Optional.of(Map.of(skip.claim(), Position.after(skip.record())));
        }
        UnitEnd.RemoveDeadLetter remove = (UnitEnd.RemoveDeadLetter) end;
        DeadLetter letter = remove.letter();
        if (!letters.remove(c, letter.id(), transactionId)) {
            return Optional.empty();
        }
        write(c, Action.REDRIVE, letter.record(), "parked " + letter.parkedAt());
        return Optional.of(Map.of());
    }

    private void park(Connection c, List<ConsumerRecord<byte[], byte[]>> followers) throws SQLException {
        for (int from = 0; from < followers.size(); from += TOGETHER) {
            List<ConsumerRecord<byte[], byte[]>> some =
                    followers.subList(from, Math.min(followers.size(), from + TOGETHER));
            if (!parked.follow(c, some, owner)) {
                // It could be handled after all, and so could those behind it.
                throw new SQLTransactionRollbackException(
                        "the last dead letter of a key was removed in the meantime", "40001");
            }
            audit.write(c, Action.PARK, some, "follows a parked record of its key");
        }
    }

    private void write(Connection c, Action action, ConsumerRecord<?, ?> record, String reason) throws SQLException {
        TopicPartition partition = new TopicPartition(record.topic(), record.partition());
        audit.write(
                c, action, partition, record.offset(), Position.after(record).nextOffset(), reason);
    }
}

package dev.tidemark;

import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.table.AuditLogTable;
import dev.tidemark.internal.store.table.AuditLogTable.Action;
import dev.tidemark.internal.store.table.DeadLetterTable;
import dev.tidemark.offsets.Position;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;

/**
 * The parked records of one consumer group. It works on the caller's connection, in the caller's transaction, and neither commits
 * nor rolls back. To apply dead letters after all, see {@link TidemarkConsumer#redrive}.
 *
 * <p>Thread-safe: its only state is the names of group and schema.
 */
public final class DeadLetters {
    private final DeadLetterTable table;
    private final AuditLogTable audit;

    private DeadLetters(String groupId, Schema schema) {
        String group = KafkaSettings.group(groupId);
        this.table = new DeadLetterTable(schema, group);
        this.audit = new AuditLogTable(schema, group);
    }

    /** The dead letters of a group in the schema {@code tidemark}. */
    public static DeadLetters of(String groupId) {
        return of(groupId, Schema.DEFAULT);
    }

    /** The dead letters of a group in another schema, a plain lower-case identifier. */
    public static DeadLetters of(String groupId, String schema) {
        return new DeadLetters(groupId, new Schema(schema));
    }

    /**
     * Dead letters in the order of their ids.
     *
     * @param after only those with a greater id; 0 for the first page
     * @param limit at most this many
     */
    public List<DeadLetter> list(Connection connection, long after, int limit) throws SQLException {
        return table.list(connection, null, null, after, limit);
    }

    /** The dead letter of that id; empty if the group has none. */
    public Optional<DeadLetter> find(Connection connection, long id) throws SQLException {
        return table.list(connection, List.of(id), null, 0, 1).stream().findFirst();
    }

    /**
     * Drops a dead letter: its record never takes effect. The reason is recorded in {@code audit_log}.
     *
     * @return false if the group has no such dead letter, or it is being redriven
     */
    public boolean drop(Connection connection, long id, String reason) throws SQLException {
        Optional<DeadLetterTable.Locked> locked = table.lock(connection, id);
        if (locked.isEmpty() || !table.remove(connection, id, null)) {
            return false;
        }
        var record = locked.get().letter().record();
        audit.write(
                connection,
                Action.DROP,
                new TopicPartition(record.topic(), record.partition()),
                record.offset(),
                Position.after(record).nextOffset(),
                reason);
        return true;
    }
}

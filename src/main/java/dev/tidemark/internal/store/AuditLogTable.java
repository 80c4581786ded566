package dev.tidemark.internal.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.apache.kafka.common.TopicPartition;

/** All statements on {@code audit_log}, for one group. */
public final class AuditLogTable {
    private static final String INSERT = """
            insert into {schema}.audit_log (action, group_id, topic, partition, from_offset, to_offset, reason)
            values (?, ?, ?, ?, ?, ?, ?)
            """;

    /** What is written down; the column {@code action} holds the name in lower case. */
    public enum Action {
        GAP("gap"),
        SKIP("skip"),
        PARK("park"),
        REDRIVE("redrive"),
        DROP("drop");

        private final String text;

        Action(String text) {
            this.text = text;
        }
    }

    private final Schema schema;
    private final String groupId;

    public AuditLogTable(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /**
     * Writes down that a position moved otherwise than by applying records.
     *
     * @param reason in words that hold no data
     */
    public void write(Connection c, Action action, TopicPartition partition, long from, long to, String reason)
            throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(INSERT))) {
            s.setString(1, action.text);
            s.setString(2, groupId);
            s.setString(3, partition.topic());
            s.setInt(4, partition.partition());
            s.setLong(5, from);
            s.setLong(6, to);
            s.setString(7, reason);
            s.executeUpdate();
        }
    }
}

package dev.tidemark.internal.store.table;

import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.schema.SuppressedRowException;
import dev.tidemark.offsets.Position;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** All statements on {@code audit_log}, for one group. */
public final class AuditLogTable {
    private static final String INSERT = """
            insert into {schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset, to_offset, reason)
            values (?, ?, ?, ?,
                    case when ? then (select b.incarnation from {schema}.topic_binding b where b.group_id = ? and b.topic = ?) end,
                    ?, ?, ?)
            """;

    private static final String BEGUN = """
            insert into {schema}.audit_log (action, group_id, reason) values ('bind', ?, ?)
            """;

    /** Rows of a group that was deleted do not count. */
    private static final String SINCE_DELETED = """
            a.group_id = ? and a.action = 'bind'
               and not exists (select 1 from {schema}.audit_log d
                                where d.group_id = a.group_id and d.action = 'delete' and d.id > a.id)""";

    private static final String HAS_BEGUN = "select 1 from {schema}.audit_log a where " + SINCE_DELETED + " limit 1";

    private static final String AWAITED =
            "insert into {schema}.audit_log (action, group_id, topic, reason) values ('bind', ?, ?, ?)";

    // What the function bind_topic records of a topic has details.
    private static final String AWAITED_SINCE = "select min(a.at) from {schema}.audit_log a where " + SINCE_DELETED
            + " and a.topic = ? and a.partition is null and a.details is null";

    private static final String IS_AWAITED = "select 1 from {schema}.audit_log a where " + SINCE_DELETED
            + " and a.topic = ? and a.partition is null and a.details is null and a.reason = ? limit 1";

    /** What is recorded; the column {@code action} contains the name in lower case. */
    public enum Action {
        GAP("gap", true),
        SKIP("skip", true),
        PARK("park", true),
        // A dead letter can be older than the topic that is bound now.
        REDRIVE("redrive", false),
        DROP("drop", false);

        private final String text;
        private final boolean ofBoundTopic;

        Action(String text, boolean ofBoundTopic) {
            this.text = text;
            this.ofBoundTopic = ofBoundTopic;
        }
    }

    private final Schema schema;
    private final String groupId;

    public AuditLogTable(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /**
     * Records that a position moved in another way than by applying records.
     *
     * @param reason in text that contains no data
     * @throws SuppressedRowException if the table did not take it
     */
    public void write(Connection c, Action action, TopicPartition partition, long from, long to, String reason)
            throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(INSERT))) {
            bind(s, action, partition, from, to, reason);
            if (s.executeUpdate() == 0) {
                throw new SuppressedRowException("audit_log");
            }
        }
    }

    /** As {@link #write}, for many records that were skipped one by one. */
    public void write(Connection c, Action action, List<ConsumerRecord<byte[], byte[]>> records, String reason)
            throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(INSERT))) {
            for (ConsumerRecord<byte[], byte[]> record : records) {
                TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                bind(
                        s,
                        action,
                        partition,
                        record.offset(),
                        Position.after(record).nextOffset(),
                        reason);
                s.addBatch();
            }
            if (Arrays.stream(s.executeBatch()).anyMatch(count -> count == 0)) {
                throw new SuppressedRowException("audit_log");
            }
        }
    }

    /** Records that the group has started for the first time, and found no topic to bind. */
    public void begun(Connection c, String reason) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(BEGUN))) {
            s.setString(1, groupId);
            s.setString(2, DatabaseText.of(c).hold(reason));
            if (s.executeUpdate() == 0) {
                throw new SuppressedRowException("audit_log");
            }
        }
    }

    /** Records that the group waits for a topic that does not exist, or what became known of it meanwhile. */
    public void awaited(Connection c, String topic, String reason) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(AWAITED))) {
            s.setString(1, groupId);
            s.setString(2, topic);
            s.setString(3, DatabaseText.of(c).hold(reason));
            if (s.executeUpdate() == 0) {
                throw new SuppressedRowException("audit_log");
            }
        }
    }

    /** Since when the group has waited for this topic, by the server's clock; empty if it never did. */
    public Optional<Instant> awaitedSince(Connection c, String topic) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(AWAITED_SINCE))) {
            s.setString(1, groupId);
            s.setString(2, topic);
            try (ResultSet r = s.executeQuery()) {
                r.next();
                return Optional.ofNullable(r.getObject(1, OffsetDateTime.class)).map(OffsetDateTime::toInstant);
            }
        }
    }

    /** Whether {@link #awaited} was recorded of this topic for this reason. */
    public boolean isAwaited(Connection c, String topic, String reason) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(IS_AWAITED))) {
            s.setString(1, groupId);
            s.setString(2, topic);
            s.setString(3, DatabaseText.of(c).hold(reason));
            try (ResultSet r = s.executeQuery()) {
                return r.next();
            }
        }
    }

    /** Whether the group has started without a topic, or has waited for one, see {@link #begun} and {@link #awaited}. */
    public boolean hasBegun(Connection c) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(HAS_BEGUN))) {
            s.setString(1, groupId);
            try (ResultSet r = s.executeQuery()) {
                return r.next();
            }
        }
    }

    private void bind(PreparedStatement s, Action action, TopicPartition partition, long from, long to, String reason)
            throws SQLException {
        s.setString(1, action.text);
        s.setString(2, groupId);
        s.setString(3, partition.topic());
        s.setInt(4, partition.partition());
        s.setBoolean(5, action.ofBoundTopic);
        s.setString(6, groupId);
        s.setString(7, partition.topic());
        s.setLong(8, from);
        s.setLong(9, to);
        s.setString(10, DatabaseText.of(s.getConnection()).hold(reason));
    }
}

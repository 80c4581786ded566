package dev.tidemark.internal.store.table;

import static dev.tidemark.internal.store.schema.Schema.prepare;

import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.schema.SuppressedRowException;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;

/** The statements on {@code dead_letter} by which records are parked, alone or behind parked ones of their keys, for one group. */
public final class ParkedRecords {
    // Parked again after its offset was moved back, a record is still one dead letter.
    private static final String PARK = """
            insert into {schema}.dead_letter as d (group_id, topic, incarnation, partition, record_offset, timestamp_ms,
                timestamp_type, key, value, header_keys, header_values, holds_key, error_code, error_class, error_message,
                error_stack, attempts, parked_by)
            select ?, ?, b.incarnation, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
              from {schema}.topic_binding b where b.group_id = ? and b.topic = ? {follows}
            on conflict (group_id, topic, incarnation, partition, record_offset) do update
               set holds_key = excluded.holds_key, error_code = excluded.error_code, error_class = excluded.error_class,
                   error_message = excluded.error_message, error_stack = excluded.error_stack,
                   attempts = excluded.attempts, parked_by = excluded.parked_by, parked_at = clock_timestamp(),
                   superseded_at = null
            """;

    private static final String FOLLOWS = """
               and exists (select from {schema}.dead_letter h
                            where h.group_id = b.group_id and h.topic = b.topic and h.partition = ?
                              and h.key_hash = sha256(?) and h.holds_key and h.superseded_at is null)
            """;

    private static final String HELD_KEYS = """
            select distinct d.topic, d.partition, d.key_hash
              from {schema}.dead_letter d join unnest(?::pg_catalog.text[], ?::int[]) as w(topic, partition) using (topic, partition)
             where d.group_id = ? and d.holds_key and d.superseded_at is null and d.key_hash is not null
            """;

    private static final String STILL_HELD = """
            select distinct key_hash from {schema}.dead_letter
             where group_id = ? and topic = ? and partition = ? and key_hash = any (?::pg_catalog.bytea[]) and holds_key
               and superseded_at is null
            """;

    private static final String IS_BOUND = "select from {schema}.topic_binding where group_id = ? and topic = ?";

    private final Schema schema;
    private final String groupId;

    public ParkedRecords(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /**
     * Stores a record with its error.
     *
     * @throws SuppressedRowException if the table did not take it
     */
    public void park(
            Connection c,
            ConsumerRecord<byte[], byte[]> record,
            boolean holdKey,
            ErrorText error,
            int attempts,
            String owner)
            throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(PARK.replace("{follows}", "")))) {
            bind(s, c, record, holdKey && record.key() != null, error, attempts, owner);
            if (s.executeUpdate() == 0 && isBound(c, record.topic())) {
                throw new SuppressedRowException("dead_letter");
            }
        }
    }

    /** Where the topic is not bound, the group was deleted, which fences the unit. */
    private boolean isBound(Connection c, String topic) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(IS_BOUND))) {
            s.setString(1, groupId);
            s.setString(2, topic);
            try (ResultSet r = s.executeQuery()) {
                return r.next();
            }
        }
    }

    /** Stores records behind the parked ones of their keys; returns false if one of the keys has no parked record any more. */
    public boolean follow(Connection c, List<ConsumerRecord<byte[], byte[]>> records, String owner)
            throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(PARK.replace("{follows}", FOLLOWS)))) {
            for (ConsumerRecord<byte[], byte[]> record : records) {
                bind(s, c, record, true, ErrorText.NONE, 0, owner);
                s.setInt(20, record.partition());
                s.setBytes(21, record.key());
                s.addBatch();
            }
            return Arrays.stream(s.executeBatch()).noneMatch(count -> count == 0);
        }
    }

    private void bind(
            PreparedStatement s,
            Connection c,
            ConsumerRecord<byte[], byte[]> record,
            boolean holdKey,
            ErrorText error,
            int attempts,
            String owner)
            throws SQLException {
        List<Header> headers = List.of(record.headers().toArray());
        DatabaseText text = DatabaseText.of(c);
        ErrorText held = error.in(text);
        s.setString(1, groupId);
        s.setString(2, record.topic());
        s.setInt(3, record.partition());
        s.setLong(4, record.offset());
        s.setLong(5, record.timestamp());
        s.setString(6, record.timestampType().toString());
        s.setBytes(7, record.key());
        s.setBytes(8, record.value());
        s.setArray(9, Schema.texts(c, headers, header -> text.hold(ErrorText.storable(header.key()))));
        s.setArray(
                10, c.createArrayOf("bytea", headers.stream().map(Header::value).toArray(byte[][]::new)));
        s.setBoolean(11, holdKey);
        s.setString(12, held.code());
        s.setString(13, held.exception());
        s.setString(14, held.message());
        s.setString(15, held.stack());
        s.setInt(16, attempts);
        s.setString(17, owner);
        s.setString(18, groupId);
        s.setString(19, record.topic());
    }

    /** The hashes of the keys whose records have to follow a parked one. */
    public Map<TopicPartition, Set<ByteBuffer>> heldKeys(Connection c, Collection<TopicPartition> partitions)
            throws SQLException {
        Map<TopicPartition, Set<ByteBuffer>> held = new HashMap<>();
        try (PreparedStatement s = prepare(c, schema.sql(HELD_KEYS))) {
            s.setArray(1, Schema.topics(c, partitions));
            s.setArray(2, Schema.numbers(c, partitions));
            s.setString(3, groupId);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    held.computeIfAbsent(
                                    new TopicPartition(r.getString("topic"), r.getInt("partition")),
                                    p -> new HashSet<>())
                            .add(ByteBuffer.wrap(r.getBytes("key_hash")));
                }
            }
        }
        return held;
    }

    /** Which of these keys are held by dead letters of a partition, all as hashes. */
    public Set<ByteBuffer> stillHeld(Connection c, TopicPartition partition, Collection<ByteBuffer> hashes)
            throws SQLException {
        Set<ByteBuffer> held = new HashSet<>();
        try (PreparedStatement s = prepare(c, schema.sql(STILL_HELD))) {
            s.setString(1, groupId);
            s.setString(2, partition.topic());
            s.setInt(3, partition.partition());
            s.setArray(
                    4,
                    c.createArrayOf(
                            "bytea", hashes.stream().map(ByteBuffer::array).toArray(byte[][]::new)));
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    held.add(ByteBuffer.wrap(r.getBytes("key_hash")));
                }
            }
        }
        return held;
    }
}

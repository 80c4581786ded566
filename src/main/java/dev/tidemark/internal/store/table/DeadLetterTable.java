package dev.tidemark.internal.store.table;

import static dev.tidemark.internal.store.schema.Schema.prepare;

import dev.tidemark.DeadLetter;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/** The statements on {@code dead_letter} by which parked records are listed, retried and removed, for one group. */
public final class DeadLetterTable {
    private static final String COLUMNS =
            "id, topic, partition, record_offset, timestamp_ms, timestamp_type, key, value,"
                    + " header_keys, header_values, holds_key, error_code, error_class, error_message, error_stack, attempts,"
                    + " parked_by, parked_at, superseded_at";

    private static final String LIST = """
            select {columns} from {schema}.dead_letter
             where group_id = ? and (?::bigint[] is null or id = any (?::bigint[])) and (?::pg_catalog.text is null or topic = ?)
               and id > ?
             order by id limit ?
            """;

    private static final String LOCK = """
            select {columns}, exists (
                       select from {schema}.dead_letter h
                        where d.holds_key and h.holds_key and h.superseded_at is null and h.group_id = d.group_id
                          and h.topic = d.topic and h.partition = d.partition and h.key_hash = d.key_hash
                          and (h.incarnation, h.record_offset) < (d.incarnation, d.record_offset)) as waits
              from {schema}.dead_letter d
             where d.group_id = ? and d.id = ? for update of d skip locked
            """;

    private static final String DELETE = """
            delete from {schema}.dead_letter
             where group_id = ? and id = ? and pg_current_xact_id() = coalesce(?::pg_catalog.xid8, pg_current_xact_id())
            """;

    private static final String FAILED_AGAIN = """
            update {schema}.dead_letter
               set attempts = attempts + 1, error_code = ?, error_class = ?, error_message = ?, error_stack = ?
             where group_id = ? and id = ?
            """;

    private final Schema schema;
    private final String groupId;

    public DeadLetterTable(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /** A locked dead letter, and whether an earlier one of its key must come first. */
    public record Locked(DeadLetter letter, boolean waits) {}

    /** Dead letters in the order they were parked, after an id; null lists and names mean all. */
    public List<DeadLetter> list(
            Connection c, @Nullable Collection<Long> ids, @Nullable String topic, long after, int limit)
            throws SQLException {
        List<DeadLetter> letters = new ArrayList<>();
        try (PreparedStatement s = prepare(c, schema.sql(LIST.replace("{columns}", COLUMNS)))) {
            Array wanted = ids == null ? null : Schema.longs(c, ids, id -> id);
            s.setString(1, groupId);
            s.setArray(2, wanted);
            s.setArray(3, wanted);
            s.setString(4, topic);
            s.setString(5, topic);
            s.setLong(6, after);
            s.setInt(7, limit);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    letters.add(letter(r));
                }
            }
        }
        return letters;
    }

    /** Locks a dead letter until the end of the transaction; empty if it is gone, or locked by another transaction. */
    public Optional<Locked> lock(Connection c, long id) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(LOCK.replace("{columns}", COLUMNS)))) {
            s.setString(1, groupId);
            s.setLong(2, id);
            try (ResultSet r = s.executeQuery()) {
                return r.next() ? Optional.of(new Locked(letter(r), r.getBoolean("waits"))) : Optional.empty();
            }
        }
    }

    /** Removes a dead letter, with a transaction id only inside that transaction; returns whether it was there. */
    public boolean remove(Connection c, long id, @Nullable String transactionId) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(DELETE))) {
            s.setString(1, groupId);
            s.setLong(2, id);
            s.setString(3, transactionId);
            return s.executeUpdate() > 0;
        }
    }

    /** Notes that a dead letter failed once more. */
    public void failedAgain(Connection c, long id, ErrorText error) throws SQLException {
        ErrorText held = error.in(DatabaseText.of(c));
        try (PreparedStatement s = prepare(c, schema.sql(FAILED_AGAIN))) {
            s.setString(1, held.code());
            s.setString(2, held.exception());
            s.setString(3, held.message());
            s.setString(4, held.stack());
            s.setString(5, groupId);
            s.setLong(6, id);
            s.executeUpdate();
        }
    }

    // Keys and values may be null; ConsumerRecord does not declare so.
    @SuppressWarnings("NullAway")
    private static DeadLetter letter(ResultSet r) throws SQLException {
        byte[] key = r.getBytes("key");
        byte[] value = r.getBytes("value");
        String[] names = (String[]) r.getArray("header_keys").getArray();
        byte[][] contents = (byte[][]) r.getArray("header_values").getArray();
        Headers headers = new RecordHeaders();
        for (int i = 0; i < names.length; i++) {
            headers.add(names[i], contents[i]);
        }
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                r.getString("topic"),
                r.getInt("partition"),
                r.getLong("record_offset"),
                r.getLong("timestamp_ms"),
                TimestampType.forName(r.getString("timestamp_type")),
                key == null ? ConsumerRecord.NULL_SIZE : key.length,
                value == null ? ConsumerRecord.NULL_SIZE : value.length,
                key,
                value,
                headers,
                Optional.empty(),
                Optional.empty());
        ErrorClass error = ErrorClass.of(r.getString("error_class"));
        return new DeadLetter(
                r.getLong("id"),
                record,
                r.getBoolean("holds_key"),
                Optional.ofNullable(r.getString("error_code")),
                error.type(),
                error.sqlState(),
                error.text(),
                Optional.ofNullable(r.getString("error_message")),
                Optional.ofNullable(r.getString("error_stack")),
                r.getInt("attempts"),
                Objects.requireNonNull(r.getString("parked_by")),
                Objects.requireNonNull(instant(r.getTimestamp("parked_at"))),
                Optional.ofNullable(instant(r.getTimestamp("superseded_at"))));
    }

    private static @Nullable Instant instant(@Nullable Timestamp at) {
        return at == null ? null : at.toInstant();
    }
}

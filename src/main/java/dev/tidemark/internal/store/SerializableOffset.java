package dev.tidemark.internal.store;

import static dev.tidemark.internal.store.Schema.prepare;

import dev.tidemark.Claim;
import dev.tidemark.Position;
import dev.tidemark.internal.store.StoredOffsetTable.UnitStart;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * The beginning and the advance of a unit that holds one partition under SERIALIZABLE: its row is found by its key, so that the
 * predicate locks of two units never meet.
 */
final class SerializableOffset {
    private static final String BEGIN = """
            with s as materialized (
                     select pg_current_xact_id()::text as xid,
                            set_config('idle_in_transaction_session_timeout', ?, true),
                            set_config('application_name', ?, true))
            select s.xid, o.topic from s left join {schema}.held_offset(?, ?, ?, ?, ?) o on true
            """;

    private static final String ADVANCE = "select o.topic from {schema}.advance_offset(?, ?, ?, ?, ?, ?, ?, ?::xid8) o";

    private final Schema schema;
    private final String groupId;

    SerializableOffset(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /** As {@link StoredOffsetTable#begin}. */
    UnitStart begin(Connection c, Claim claim, long idleTimeoutMillis, String applicationName) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(BEGIN))) {
            s.setString(1, Long.toString(idleTimeoutMillis));
            s.setString(2, applicationName);
            bind(s, 3, claim);
            try (ResultSet r = s.executeQuery()) {
                String xid = r.next() ? r.getString("xid") : "";
                return new UnitStart(xid, r.getString("topic") == null ? Set.of() : Set.of(claim.partition()));
            }
        }
    }

    /** As {@link StoredOffsetTable#advance}. */
    Set<TopicPartition> advance(Connection c, Claim claim, Position next, String transactionId) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(ADVANCE))) {
            bind(s, 1, claim);
            s.setLong(6, next.nextOffset());
            if (next.leaderEpoch().isPresent()) {
                s.setInt(7, next.leaderEpoch().getAsInt());
            } else {
                s.setNull(7, Types.INTEGER);
            }
            s.setString(8, transactionId);
            try (ResultSet r = s.executeQuery()) {
                return r.next() ? Set.of(claim.partition()) : Set.of();
            }
        }
    }

    private void bind(PreparedStatement s, int from, Claim claim) throws SQLException {
        s.setString(from, groupId);
        s.setString(from + 1, claim.partition().topic());
        s.setInt(from + 2, claim.partition().partition());
        s.setObject(from + 3, claim.token());
        s.setLong(from + 4, claim.position().nextOffset());
    }
}

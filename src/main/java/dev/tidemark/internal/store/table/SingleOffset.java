package dev.tidemark.internal.store.table;

import static dev.tidemark.internal.store.schema.Schema.prepare;

import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * A unit's two statements for one partition, addressed by its full key. Most units hold one, and planning these takes half as long
 * as planning those for many.
 */
public final class SingleOffset {
    private static final String BEGIN = """
            select pg_current_xact_id()::pg_catalog.text as xid,
                   set_config('idle_in_transaction_session_timeout', ?, true),
                   set_config('application_name', ?, true),
                   exists (select from {held}) as held
            """;

    private static final String HELD = """
            {schema}.stored_offset o
             where o.group_id = ? and o.topic = ? and o.partition = ? and o.owner_token = ?::pg_catalog.uuid and o.next_offset = ?
            """;

    private static final String ADVANCE = """
            update {schema}.stored_offset o
               set next_offset = n.next, leader_epoch = n.epoch, progress_epoch = o.owner_epoch, updated_at = {marked}
              from (select ?::bigint as next, ?::int as epoch) n
             where o.group_id = ? and o.topic = ? and o.partition = ? and o.owner_token = ?::pg_catalog.uuid and o.next_offset = ?
               and {patience} is not null
               and pg_current_xact_id() = coalesce(?::pg_catalog.xid8, pg_current_xact_id())
            returning o.topic
            """;

    // Under SERIALIZABLE a reader leaves predicate locks, and the planner reads a small table from end to end.
    private static final String SERIALIZABLE_HELD = "{schema}.held_offset(?, ?, ?, ?, ?)";

    private static final String SERIALIZABLE_ADVANCE = """
            select {schema}.advance_offset(a_next => v.next, a_leader_epoch => v.epoch, a_group => v.of_group, a_topic => v.topic,
                       a_partition => v.partition, a_token => v.token, a_previous => v.previous, a_transaction => v.xid)
              from (values (?::bigint, ?::int, ?::pg_catalog.text, ?::pg_catalog.text, ?::int, ?::pg_catalog.uuid, ?::bigint, {patience}, ?::pg_catalog.xid8))
                   as v(next, epoch, of_group, topic, partition, token, previous, patience, xid)
             where v.patience is not null
            """;

    private final String groupId;
    private final String begin;
    private final String advance;

    private SingleOffset(Schema schema, String groupId, String held, String advance) {
        this.groupId = groupId;
        this.begin = schema.sql(BEGIN.replace("{held}", held));
        this.advance = schema.sql(advance.replace("{marked}", AdvanceTerms.markedTime("n.next"))
                .replace("{patience}", AdvanceTerms.PATIENCE));
    }

    static SingleOffset plain(Schema schema, String groupId) {
        return new SingleOffset(schema, groupId, HELD, ADVANCE);
    }

    /** For transactions that are SERIALIZABLE: functions whose own settings make the planner use the key. */
    public static SingleOffset serializable(Schema schema, String groupId) {
        return new SingleOffset(schema, groupId, SERIALIZABLE_HELD, SERIALIZABLE_ADVANCE);
    }

    /** As {@link OffsetAdvances#begin}. */
    public BegunUnit begin(Connection c, Claim claim, BeginTerms terms) throws SQLException {
        try (PreparedStatement s = prepare(c, begin, terms.kept())) {
            s.setString(1, Long.toString(terms.idleTimeoutMillis()));
            s.setString(2, terms.applicationName());
            bind(s, claim);
            try (ResultSet r = s.executeQuery()) {
                boolean held = r.next() && r.getBoolean("held");
                return new BegunUnit(r.getString("xid"), held ? Set.of(claim.partition()) : Set.of());
            }
        }
    }

    /** As {@link OffsetAdvances#advance}. */
    public Set<TopicPartition> advance(Connection c, Claim claim, Position next, @Nullable AdvanceTerms unit)
            throws SQLException {
        if (next.nextOffset() < claim.position().nextOffset()) {
            return Set.of();
        }
        try (PreparedStatement s = prepare(c, advance, AdvanceTerms.isKept(unit))) {
            s.setLong(1, next.nextOffset());
            if (next.leaderEpoch().isPresent()) {
                s.setInt(2, next.leaderEpoch().getAsInt());
            } else {
                s.setNull(2, Types.INTEGER);
            }
            bind(s, claim);
            s.setString(8, AdvanceTerms.patienceMillis(unit));
            s.setString(9, unit == null ? null : unit.transactionId());
            try (ResultSet r = s.executeQuery()) {
                return r.next() ? Set.of(claim.partition()) : Set.of();
            }
        }
    }

    private void bind(PreparedStatement s, Claim claim) throws SQLException {
        s.setString(3, groupId);
        s.setString(4, claim.partition().topic());
        s.setInt(5, claim.partition().partition());
        s.setObject(6, claim.token());
        s.setLong(7, claim.position().nextOffset());
    }
}

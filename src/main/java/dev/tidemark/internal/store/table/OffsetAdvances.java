package dev.tidemark.internal.store.table;

import static dev.tidemark.internal.store.schema.Schema.ints;
import static dev.tidemark.internal.store.schema.Schema.longs;
import static dev.tidemark.internal.store.schema.Schema.prepare;
import static dev.tidemark.internal.store.schema.Schema.texts;
import static dev.tidemark.internal.store.table.StoredOffsetTable.bindClaims;
import static dev.tidemark.internal.store.table.StoredOffsetTable.partition;

import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The statements on {@code stored_offset} that a unit of work begins and ends with, for one group. Rows are locked in key order,
 * always, so that no two deadlock.
 */
public final class OffsetAdvances {
    // set_config is local to the transaction: nothing remains in a session that a pooler reuses.
    private static final String BEGIN = """
            with w as (select * from unnest(?::pg_catalog.text[], ?::int[], ?::pg_catalog.uuid[], ?::bigint[]) as w(topic, partition, token, prev)),
                 s as materialized (
                     select pg_current_xact_id()::pg_catalog.text as xid,
                            set_config('idle_in_transaction_session_timeout', ?, true),
                            set_config('application_name', ?, true))
            select s.xid, o.topic, o.partition
              from s left join (
                   select o.topic, o.partition from {schema}.stored_offset o join w using (topic, partition)
                    where o.group_id = ? and o.owner_token = w.token and o.next_offset = w.prev) o on true
            """;

    private static final String ADVANCE = """
            with w as (select * from unnest(?::pg_catalog.text[], ?::int[], ?::pg_catalog.uuid[], ?::bigint[], ?::bigint[], ?::int[])
                            as w(topic, partition, token, prev, next, epoch)),
                 l as materialized (
                     select w.* from {schema}.stored_offset o join w using (topic, partition)
                     where o.group_id = ? and o.owner_token = w.token and o.next_offset = w.prev and w.next >= w.prev
                       and {patience} is not null
                     order by o.topic, o.partition for no key update of o)
            update {schema}.stored_offset o
               set next_offset = l.next, leader_epoch = l.epoch, progress_epoch = o.owner_epoch, updated_at = {marked}
              from l where o.group_id = ? and o.topic = l.topic and o.partition = l.partition
               and o.owner_token = l.token and o.next_offset = l.prev
               and pg_current_xact_id() = coalesce(?::pg_catalog.xid8, pg_current_xact_id())
            returning o.topic, o.partition
            """;

    // Rows that are locked or do not exist are left out.
    private static final String FREE = """
            select o.topic, o.partition
              from {schema}.stored_offset o join unnest(?::pg_catalog.text[], ?::int[]) as w(topic, partition) using (topic, partition)
             where o.group_id = ? and set_config('lock_timeout', ?, true) is not null
             order by o.topic, o.partition for no key update of o skip locked
            """;

    private static final String GIVEN_UP = """
            update {schema}.stored_offset
               set given_up_in_row = ?, given_up_unproven = ?, given_up_offset = nullif(?, -1)
             where group_id = ? and topic = ? and partition = ? and owner_token = ?
            """;

    private final Schema schema;
    private final String groupId;
    private final SingleOffset one;

    public OffsetAdvances(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
        this.one = SingleOffset.plain(schema, groupId);
    }

    /**
     * Begins a unit of work: a plain read that never waits, and makes sure that the server ends this transaction if its client is
     * silent for longer than the timeout.
     */
    public BegunUnit begin(Connection c, Collection<Claim> claims, BeginTerms terms) throws SQLException {
        if (claims.size() == 1) {
            return one.begin(c, claims.iterator().next(), terms);
        }
        try (PreparedStatement s = prepare(c, schema.sql(BEGIN), terms.kept())) {
            bindClaims(s, c, claims);
            s.setArray(4, longs(c, claims, claim -> claim.position().nextOffset()));
            s.setString(5, Long.toString(terms.idleTimeoutMillis()));
            s.setString(6, terms.applicationName());
            s.setString(7, groupId);
            String xid = "";
            Set<TopicPartition> held = new HashSet<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    xid = r.getString("xid");
                    if (r.getString("topic") != null) {
                        held.add(partition(r));
                    }
                }
            }
            return new BegunUnit(xid, held);
        }
    }

    /**
     * Moves the positions, all in one statement, where token and previous offset are still the claim's; with a unit, only inside
     * its transaction. Returns which moved: those missing were fenced.
     */
    public Set<TopicPartition> advance(Connection c, Map<Claim, Position> moves, @Nullable AdvanceTerms unit)
            throws SQLException {
        List<Map.Entry<Claim, Position>> rows = List.copyOf(moves.entrySet());
        if (rows.size() == 1) {
            return one.advance(c, rows.get(0).getKey(), rows.get(0).getValue(), unit);
        }
        List<Claim> claims = rows.stream().map(Map.Entry::getKey).toList();
        String sql = ADVANCE.replace("{marked}", AdvanceTerms.markedTime("l.next"))
                .replace("{patience}", AdvanceTerms.PATIENCE);
        try (PreparedStatement s = prepare(c, schema.sql(sql), AdvanceTerms.isKept(unit))) {
            bindClaims(s, c, claims);
            s.setArray(4, longs(c, claims, claim -> claim.position().nextOffset()));
            s.setArray(5, longs(c, rows, row -> row.getValue().nextOffset()));
            s.setArray(6, ints(c, rows, row -> boxed(row.getValue().leaderEpoch())));
            s.setString(7, groupId);
            s.setString(8, AdvanceTerms.patienceMillis(unit));
            s.setString(9, groupId);
            s.setString(10, unit == null ? null : unit.transactionId());
            return partitions(s);
        }
    }

    /** Stores how many records were given up. Only after the advance of these claims, which has locked their rows in key order. */
    public void givenUp(Connection c, Map<Claim, GivenUp> counts) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(GIVEN_UP))) {
            for (Map.Entry<Claim, GivenUp> count : counts.entrySet()) {
                TopicPartition partition = count.getKey().partition();
                s.setInt(1, count.getValue().inARow());
                s.setInt(2, count.getValue().unproven());
                s.setLong(3, count.getValue().last());
                s.setString(4, groupId);
                s.setString(5, partition.topic());
                s.setInt(6, partition.partition());
                s.setObject(7, count.getKey().token());
                s.addBatch();
            }
            int[] unused = s.executeBatch();
        }
    }

    /** The partitions among these whose rows no other transaction holds; locks them until the end of this transaction. */
    public Set<TopicPartition> free(Connection c, Collection<Claim> claims, Duration patience) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(FREE))) {
            s.setArray(1, texts(c, claims, claim -> claim.partition().topic()));
            s.setArray(2, ints(c, claims, claim -> claim.partition().partition()));
            s.setString(3, groupId);
            s.setString(4, Long.toString(patience.toMillis()));
            return partitions(s);
        }
    }

    private static Set<TopicPartition> partitions(PreparedStatement s) throws SQLException {
        Set<TopicPartition> partitions = new HashSet<>();
        try (ResultSet r = s.executeQuery()) {
            while (r.next()) {
                partitions.add(partition(r));
            }
        }
        return partitions;
    }

    private static @Nullable Integer boxed(OptionalInt value) {
        return value.isPresent() ? value.getAsInt() : null;
    }
}

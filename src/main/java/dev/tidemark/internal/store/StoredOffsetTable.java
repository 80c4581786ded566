package dev.tidemark.internal.store;

import static dev.tidemark.internal.store.Schema.ints;
import static dev.tidemark.internal.store.Schema.longs;
import static dev.tidemark.internal.store.Schema.numbers;
import static dev.tidemark.internal.store.Schema.prepare;
import static dev.tidemark.internal.store.Schema.texts;
import static dev.tidemark.internal.store.Schema.topics;
import static dev.tidemark.internal.store.Schema.uuids;

import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import dev.tidemark.internal.plan.ClaimedPartition.Before;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** All statements on {@code stored_offset}, for one group. Rows are locked in key order, always, so that no two deadlock. */
public final class StoredOffsetTable {
    private static final String INSERT = """
            insert into {schema}.stored_offset (group_id, topic, partition, next_offset)
            select ?, ?, s.p, s.o from unnest(?::int[], ?::bigint[]) as s(p, o) order by s.p
            on conflict do nothing
            """;

    /**
     * In a WHERE clause it is evaluated before the row is locked, and so bounds that wait. No statement but COMMIT follows in the
     * transaction.
     */
    static final String PATIENCE = "set_config('lock_timeout', coalesce(?, current_setting('lock_timeout')), true)";

    // Locking first and apart: when the update joined directly, the planner chose a hash join, and writers deadlocked.
    private static final String CLAIM = """
            with w as (select * from unnest(?::text[], ?::int[], ?::uuid[]) as w(topic, partition, token)),
                 l as materialized (
                     select o.topic, o.partition, w.token, o.owner_token as was_token, o.owner_name as was_name,
                            o.owner_epoch as was_epoch
                       from {schema}.stored_offset o join w using (topic, partition)
                      where o.group_id = ? order by o.topic, o.partition for no key update of o {skip})
            update {schema}.stored_offset o
               set owner_epoch = o.owner_epoch + 1, owner_token = l.token, owner_name = ?, claimed_at = clock_timestamp()
              from l where o.group_id = ? and o.topic = l.topic and o.partition = l.partition
            returning o.topic, o.partition, o.owner_token, o.owner_epoch, o.next_offset, o.leader_epoch,
                      l.was_token, l.was_name, l.was_epoch, o.progress_epoch
            """;

    // set_config is local to the transaction: nothing is left behind in a session that a pooler hands on.
    private static final String BEGIN = """
            with w as (select * from unnest(?::text[], ?::int[], ?::uuid[], ?::bigint[]) as w(topic, partition, token, prev)),
                 s as materialized (
                     select pg_current_xact_id()::text as xid,
                            set_config('idle_in_transaction_session_timeout', ?, true),
                            set_config('application_name', ?, true))
            select s.xid, o.topic, o.partition
              from s left join (
                   select o.topic, o.partition from {schema}.stored_offset o join w using (topic, partition)
                    where o.group_id = ? and o.owner_token = w.token and o.next_offset = w.prev) o on true
            """;

    private static final String ADVANCE = """
            with w as (select * from unnest(?::text[], ?::int[], ?::uuid[], ?::bigint[], ?::bigint[], ?::int[])
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
               and pg_current_xact_id() = coalesce(?::xid8, pg_current_xact_id())
            returning o.topic, o.partition
            """;

    // Rows that are locked are left out, and so are those that do not exist.
    private static final String FREE = """
            select o.topic, o.partition
              from {schema}.stored_offset o join unnest(?::text[], ?::int[]) as w(topic, partition) using (topic, partition)
             where o.group_id = ? and set_config('lock_timeout', ?, true) is not null
             order by o.topic, o.partition for no key update of o skip locked
            """;

    // A courtesy to the successor, so it never waits for anybody.
    private static final String RELEASE = """
            with w as (select * from unnest(?::text[], ?::int[], ?::uuid[]) as w(topic, partition, token)),
                 l as materialized (
                     select o.topic, o.partition from {schema}.stored_offset o join w using (topic, partition)
                     where o.group_id = ? and o.owner_token = w.token
                     order by o.topic, o.partition for no key update of o skip locked)
            update {schema}.stored_offset o set owner_token = null, owner_name = null, progress_epoch = o.owner_epoch
              from l where o.group_id = ? and o.topic = l.topic and o.partition = l.partition
            """;

    private static final String SELECT = """
            select o.topic, o.partition, o.next_offset, o.leader_epoch, o.owner_token, o.owner_name
              from {schema}.stored_offset o join unnest(?::text[], ?::int[]) as w(topic, partition) using (topic, partition)
             where o.group_id = ?
            """;

    // Shared: a claim that is under way is waited for, and a later one waits for us.
    private static final String OWNERSHIP = """
            select owner_epoch, owner_token, owner_name from {schema}.stored_offset
             where group_id = ? and topic = ? and partition = ? for share
            """;

    /**
     * The unit that an advance belongs to.
     *
     * @param transactionId of the transaction that it must be in
     * @param patience how long it may wait for rows that another transaction holds; 55P03 follows
     */
    public record Within(String transactionId, Duration patience) {}

    /** A row as a plain read shows it; the token is null while nobody owns the partition. */
    public record Row(
            Position position,
            @Nullable UUID token,
            @Nullable String owner) {}

    /** Whose a partition is; the epoch counts claims and fences. */
    record Ownership(
            long epoch, @Nullable UUID token, @Nullable String owner) {
        /** Whether a process of another name owns it. */
        boolean isOthers(String name) {
            return token != null && !name.equals(owner);
        }
    }

    /** A claim, and the row as it found it. */
    record Claimed(Claim claim, Before before) {}

    /** The beginning of a unit: its transaction's id, and which of the claims still hold. */
    public record UnitStart(String transactionId, Set<TopicPartition> held) {}

    private final Schema schema;
    private final String groupId;
    private final SingleOffset one;

    public StoredOffsetTable(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
        this.one = SingleOffset.plain(schema, groupId);
    }

    /** Gives these partitions of a topic their first rows; a row that is there stays as it is. */
    void insert(Connection c, String topic, Map<Integer, Long> nextOffsets) throws SQLException {
        List<Map.Entry<Integer, Long>> rows = List.copyOf(nextOffsets.entrySet());
        try (PreparedStatement s = prepare(c, schema.sql(INSERT))) {
            s.setString(1, groupId);
            s.setString(2, topic);
            s.setArray(3, ints(c, rows, Map.Entry::getKey));
            s.setArray(4, longs(c, rows, Map.Entry::getValue));
            s.executeUpdate();
        }
    }

    /**
     * Makes the caller the owner of these partitions, each under a new random token. A row that does not exist is not among the
     * answers, and neither is one that is locked, unless the claim is to wait for it.
     */
    Map<TopicPartition, Claimed> claim(Connection c, Collection<TopicPartition> partitions, String owner, boolean wait)
            throws SQLException {
        Map<TopicPartition, Claimed> claims = new HashMap<>();
        try (PreparedStatement s = prepare(c, schema.sql(CLAIM).replace("{skip}", wait ? "" : "skip locked"))) {
            s.setArray(1, topics(c, partitions));
            s.setArray(2, numbers(c, partitions));
            s.setArray(3, uuids(c, partitions, p -> UUID.randomUUID()));
            s.setString(4, groupId);
            s.setString(5, owner);
            s.setString(6, groupId);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    TopicPartition partition = partition(r);
                    UUID token = r.getObject("owner_token", UUID.class);
                    claims.put(
                            partition,
                            new Claimed(
                                    new Claim(partition, token, r.getLong("owner_epoch"), position(r)),
                                    new Before(
                                            r.getObject("was_token", UUID.class),
                                            r.getString("was_name"),
                                            r.getLong("was_epoch"),
                                            r.getLong("progress_epoch"))));
                }
            }
        }
        return claims;
    }

    /**
     * Begins a unit of work: a plain read that waits for nobody, and sees to it that the server ends this transaction if its
     * client falls silent for longer than the timeout.
     */
    UnitStart begin(Connection c, Collection<Claim> claims, long idleTimeoutMillis, String applicationName)
            throws SQLException {
        if (claims.size() == 1) {
            return one.begin(c, claims.iterator().next(), idleTimeoutMillis, applicationName);
        }
        try (PreparedStatement s = prepare(c, schema.sql(BEGIN))) {
            bindClaims(s, c, claims);
            s.setArray(4, longs(c, claims, claim -> claim.position().nextOffset()));
            s.setString(5, Long.toString(idleTimeoutMillis));
            s.setString(6, applicationName);
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
            return new UnitStart(xid, held);
        }
    }

    /**
     * Moves the positions, all in one statement, where token and previous offset are still the claim's; with a unit, only inside
     * its transaction. Returns which moved: those missing were fenced.
     */
    Set<TopicPartition> advance(Connection c, Map<Claim, Position> moves, @Nullable Within unit) throws SQLException {
        List<Map.Entry<Claim, Position>> rows = List.copyOf(moves.entrySet());
        if (rows.size() == 1) {
            return one.advance(c, rows.get(0).getKey(), rows.get(0).getValue(), unit);
        }
        List<Claim> claims = rows.stream().map(Map.Entry::getKey).toList();
        String sql = ADVANCE.replace("{marked}", markedTime("l.next")).replace("{patience}", PATIENCE);
        try (PreparedStatement s = prepare(c, schema.sql(sql))) {
            bindClaims(s, c, claims);
            s.setArray(4, longs(c, claims, claim -> claim.position().nextOffset()));
            s.setArray(5, longs(c, rows, row -> row.getValue().nextOffset()));
            s.setArray(6, ints(c, rows, row -> boxed(row.getValue().leaderEpoch())));
            s.setString(7, groupId);
            s.setString(8, patience(unit));
            s.setString(9, groupId);
            s.setString(10, unit == null ? null : unit.transactionId());
            return partitions(s);
        }
    }

    /** The partitions among these whose rows no other transaction holds; locks them until the end of this transaction. */
    Set<TopicPartition> free(Connection c, Collection<Claim> claims, Duration patience) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(FREE))) {
            s.setArray(1, texts(c, claims, claim -> claim.partition().topic()));
            s.setArray(2, ints(c, claims, claim -> claim.partition().partition()));
            s.setString(3, groupId);
            s.setString(4, Long.toString(patience.toMillis()));
            return partitions(s);
        }
    }

    /** Milliseconds for {@link #PATIENCE}; null leaves the setting as it is. */
    static @Nullable String patience(@Nullable Within unit) {
        return unit == null ? null : Long.toString(unit.patience().toMillis());
    }

    /** Gives claims back that are still ours, and whose rows nobody has locked. */
    void release(Connection c, Collection<Claim> claims) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(RELEASE))) {
            bindClaims(s, c, claims);
            s.setString(4, groupId);
            s.setString(5, groupId);
            s.executeUpdate();
        }
    }

    /** A plain read: it shows what is committed and waits for nobody. Partitions without a row are not among the answers. */
    Map<TopicPartition, Row> read(Connection c, Collection<TopicPartition> partitions) throws SQLException {
        Map<TopicPartition, Row> rows = new HashMap<>();
        try (PreparedStatement s = prepare(c, schema.sql(SELECT))) {
            s.setArray(1, topics(c, partitions));
            s.setArray(2, numbers(c, partitions));
            s.setString(3, groupId);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    rows.put(
                            partition(r),
                            new Row(position(r), r.getObject("owner_token", UUID.class), r.getString("owner_name")));
                }
            }
        }
        return rows;
    }

    /** Whose a partition is, kept as it is until the transaction ends; empty if it has no row. */
    Optional<Ownership> lockOwnership(Connection c, TopicPartition partition) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(OWNERSHIP))) {
            s.setString(1, groupId);
            s.setString(2, partition.topic());
            s.setInt(3, partition.partition());
            try (ResultSet r = s.executeQuery()) {
                return r.next()
                        ? Optional.of(new Ownership(
                                r.getLong("owner_epoch"),
                                r.getObject("owner_token", UUID.class),
                                r.getString("owner_name")))
                        : Optional.empty();
            }
        }
    }

    /**
     * The time of an advance to this offset, as SQL. To compute it leaves the mark behind by which the trigger knows the advance: it names
     * the claim and the step, row by row, and ends with the transaction.
     */
    static String markedTime(String next) {
        return "case when set_config('tidemark.advance', concat_ws(' ', o.owner_token, o.next_offset, " + next
                + "), true) <> '' then clock_timestamp() end";
    }

    private static void bindClaims(PreparedStatement s, Connection c, Collection<Claim> claims) throws SQLException {
        s.setArray(1, texts(c, claims, claim -> claim.partition().topic()));
        s.setArray(2, ints(c, claims, claim -> claim.partition().partition()));
        s.setArray(3, uuids(c, claims, Claim::token));
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

    private static TopicPartition partition(ResultSet r) throws SQLException {
        return new TopicPartition(r.getString("topic"), r.getInt("partition"));
    }

    private static Position position(ResultSet r) throws SQLException {
        int epoch = r.getInt("leader_epoch");
        OptionalInt leaderEpoch = r.wasNull() ? OptionalInt.empty() : OptionalInt.of(epoch);
        return new Position(r.getLong("next_offset"), leaderEpoch);
    }

    private static @Nullable Integer boxed(OptionalInt value) {
        return value.isPresent() ? value.getAsInt() : null;
    }
}

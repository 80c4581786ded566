package dev.tidemark.internal.store.table;

import static dev.tidemark.internal.store.schema.Schema.ints;
import static dev.tidemark.internal.store.schema.Schema.longs;
import static dev.tidemark.internal.store.schema.Schema.numbers;
import static dev.tidemark.internal.store.schema.Schema.prepare;
import static dev.tidemark.internal.store.schema.Schema.texts;
import static dev.tidemark.internal.store.schema.Schema.topics;
import static dev.tidemark.internal.store.schema.Schema.uuids;

import dev.tidemark.internal.plan.ClaimedPartition.Before;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The statements on {@code stored_offset} that create rows, claim, release and read them, for one group. Rows are locked in key
 * order, always, so that no two deadlock.
 */
public final class StoredOffsetTable {
    private static final String INSERT = """
            insert into {schema}.stored_offset (group_id, topic, partition, next_offset)
            select ?, ?, s.p, s.o from unnest(?::int[], ?::bigint[]) as s(p, o) order by s.p
            on conflict do nothing
            """;

    // Locking first, separately: when the update joined directly, the planner chose a hash join, and writers
    // deadlocked.
    private static final String CLAIM = """
            with w as (select * from unnest(?::pg_catalog.text[], ?::int[], ?::pg_catalog.uuid[]) as w(topic, partition, token)),
                 l as materialized (
                     select o.topic, o.partition, w.token, o.owner_token as was_token, o.owner_name as was_name,
                            o.owner_epoch as was_epoch
                       from {schema}.stored_offset o join w using (topic, partition)
                      where o.group_id = ? order by o.topic, o.partition for no key update of o {skip})
            update {schema}.stored_offset o
               set owner_epoch = o.owner_epoch + 1, owner_token = l.token, owner_name = ?, claimed_at = clock_timestamp()
              from l where o.group_id = ? and o.topic = l.topic and o.partition = l.partition
            returning o.topic, o.partition, o.owner_token, o.owner_epoch, o.next_offset, o.leader_epoch,
                      l.was_token, l.was_name, l.was_epoch, o.progress_epoch,
                      o.given_up_in_row, o.given_up_unproven, coalesce(o.given_up_offset, -1) as given_up_offset
            """;

    // Only an optimization for the successor, so it never waits.
    private static final String RELEASE = """
            with w as (select * from unnest(?::pg_catalog.text[], ?::int[], ?::pg_catalog.uuid[]) as w(topic, partition, token)),
                 l as materialized (
                     select o.topic, o.partition from {schema}.stored_offset o join w using (topic, partition)
                     where o.group_id = ? and o.owner_token = w.token
                     order by o.topic, o.partition for no key update of o skip locked)
            update {schema}.stored_offset o set owner_token = null, owner_name = null, progress_epoch = o.owner_epoch
              from l where o.group_id = ? and o.topic = l.topic and o.partition = l.partition
            """;

    private static final String SELECT = """
            select o.topic, o.partition, o.next_offset, o.leader_epoch, o.owner_token, o.owner_name
              from {schema}.stored_offset o join unnest(?::pg_catalog.text[], ?::int[]) as w(topic, partition) using (topic, partition)
             where o.group_id = ?
            """;

    // Shared: it waits for a claim in progress, and a later claim waits for it.
    private static final String OWNERSHIP = """
            select owner_epoch, owner_token, owner_name from {schema}.stored_offset
             where group_id = ? and topic = ? and partition = ? for share
            """;

    /** A row as a plain read shows it; the token is null while the partition has no owner. */
    public record Row(
            Position position,
            @Nullable UUID token,
            @Nullable String owner) {}

    /** The owner of a partition; the epoch counts claims and fences. */
    public record Ownership(
            long epoch, @Nullable UUID token, @Nullable String owner) {
        /** Whether a process of another name owns it. */
        public boolean isOthers(String name) {
            return token != null && !name.equals(owner);
        }
    }

    /** A claim, and the row as it found it. */
    public record Claimed(Claim claim, Before before, GivenUp givenUp) {}

    private final Schema schema;
    private final String groupId;

    public StoredOffsetTable(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /** Creates the rows of these partitions of a topic; existing rows stay as they are. */
    public void insert(Connection c, String topic, Map<Integer, Long> nextOffsets) throws SQLException {
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
     * Makes the caller the owner of these partitions, each under a new random token. A row that does not exist is not in the
     * result, and neither is one that is locked, unless the claim waits for it.
     */
    public Map<TopicPartition, Claimed> claim(
            Connection c, Collection<TopicPartition> partitions, String owner, boolean wait) throws SQLException {
        Map<TopicPartition, Claimed> claims = new HashMap<>();
        try (PreparedStatement s = prepare(c, schema.sql(CLAIM).replace("{skip}", wait ? "" : "skip locked"))) {
            s.setArray(1, topics(c, partitions));
            s.setArray(2, numbers(c, partitions));
            s.setArray(3, uuids(c, partitions, p -> Host.uuid()));
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
                                            r.getLong("progress_epoch")),
                                    new GivenUp(
                                            r.getInt("given_up_in_row"),
                                            r.getInt("given_up_unproven"),
                                            r.getLong("given_up_offset"))));
                }
            }
        }
        return claims;
    }

    /** Releases claims that are still ours, and whose rows are not locked. */
    public void release(Connection c, Collection<Claim> claims) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(RELEASE))) {
            bindClaims(s, c, claims);
            s.setString(4, groupId);
            s.setString(5, groupId);
            s.executeUpdate();
        }
    }

    /** A plain read: it shows what is committed and never waits. Partitions without a row are not in the result. */
    public Map<TopicPartition, Row> read(Connection c, Collection<TopicPartition> partitions) throws SQLException {
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

    /** The owner of a partition, locked against changes until the transaction ends; empty if it has no row. */
    public Optional<Ownership> lockOwnership(Connection c, TopicPartition partition) throws SQLException {
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

    /** Topic, partition and token of each claim, as a statement's first three parameters. */
    static void bindClaims(PreparedStatement s, Connection c, Collection<Claim> claims) throws SQLException {
        bindClaims(s, c, claims, 1);
    }

    /** As {@link #bindClaims(PreparedStatement, Connection, Collection)}, from another parameter on. */
    static void bindClaims(PreparedStatement s, Connection c, Collection<Claim> claims, int first) throws SQLException {
        s.setArray(first, texts(c, claims, claim -> claim.partition().topic()));
        s.setArray(first + 1, ints(c, claims, claim -> claim.partition().partition()));
        s.setArray(first + 2, uuids(c, claims, Claim::token));
    }

    static TopicPartition partition(ResultSet r) throws SQLException {
        return new TopicPartition(r.getString("topic"), r.getInt("partition"));
    }

    private static Position position(ResultSet r) throws SQLException {
        int epoch = r.getInt("leader_epoch");
        OptionalInt leaderEpoch = r.wasNull() ? OptionalInt.empty() : OptionalInt.of(epoch);
        return new Position(r.getLong("next_offset"), leaderEpoch);
    }
}

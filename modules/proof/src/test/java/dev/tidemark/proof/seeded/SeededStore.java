package dev.tidemark.proof.seeded;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The statements on the offset store of a small consumer, some of them wrong on purpose. */
final class SeededStore {
    /** A claim; the position moves with each advance. */
    record Claim(int partition, UUID token, long next) {
        Claim at(long offset) {
            return new Claim(partition, token, offset);
        }
    }

    private final String group;
    private final String topic;
    private final Bug bug;
    private final String name;

    SeededStore(String group, String topic, Bug bug, String name) {
        this.group = group;
        this.topic = topic;
        this.bug = bug;
        this.name = name;
    }

    /** Creates the rows of partitions that have none, at their start. */
    void bind(Connection c, String clusterId, String topicId, int partitions) throws SQLException {
        run(
                c,
                "insert into tidemark.topic_binding (group_id, topic, cluster_id, topic_id, partitions) values (?, ?, ?, ?, 0)"
                        + " on conflict do nothing",
                group,
                topic,
                clusterId,
                topicId);
        run(
                c,
                "insert into tidemark.stored_offset (group_id, topic, partition, next_offset)"
                        + " select ?, ?, p, 0 from generate_series(0, ?::int - 1) p on conflict do nothing",
                group,
                topic,
                partitions);
        run(
                c,
                "update tidemark.topic_binding set partitions = ?::int where group_id = ? and topic = ? and partitions < ?::int",
                partitions,
                group,
                topic,
                partitions);
    }

    /** Makes this process the owner; waits for the predecessor's transaction. */
    Claim claim(Connection c, int partition) throws SQLException {
        if (bug == Bug.CLAIM_BY_SELECT) {
            Claim found = read(c, partition);
            if (found != null) {
                return found;
            }
        }
        String token = bug == Bug.COUNTER_AS_TOKEN
                ? "lpad((owner_epoch + 1)::text, 32, '0')::uuid"
                : "'" + UUID.randomUUID() + "'::uuid";
        try (PreparedStatement s = c.prepareStatement("update tidemark.stored_offset set owner_token = " + token
                + ", owner_epoch = owner_epoch + 1, owner_name = ?, claimed_at = clock_timestamp()"
                + " where group_id = ? and topic = ? and partition = ? returning owner_token, next_offset")) {
            s.setString(1, name);
            s.setString(2, group);
            s.setString(3, topic);
            s.setInt(4, partition);
            try (ResultSet r = s.executeQuery()) {
                r.next();
                Claim claim = new Claim(partition, r.getObject(1, UUID.class), r.getLong(2));
                run(
                        c,
                        "update tidemark.partition_state set halted_at = null where group_id = ? and topic = ? and partition = ?",
                        group,
                        topic,
                        partition);
                return claim;
            }
        }
    }

    private @Nullable Claim read(Connection c, int partition) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("select owner_token, next_offset from tidemark.stored_offset"
                + " where group_id = ? and topic = ? and partition = ? and owner_token is not null")) {
            s.setString(1, group);
            s.setString(2, topic);
            s.setInt(3, partition);
            try (ResultSet r = s.executeQuery()) {
                return r.next() ? new Claim(partition, r.getObject(1, UUID.class), r.getLong(2)) : null;
            }
        }
    }

    /** The stored offset. */
    OptionalLong position(Connection c, int partition) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(
                "select next_offset from tidemark.stored_offset where group_id = ? and topic = ? and partition = ?")) {
            s.setString(1, group);
            s.setString(2, topic);
            s.setInt(3, partition);
            try (ResultSet r = s.executeQuery()) {
                return r.next() ? OptionalLong.of(r.getLong(1)) : OptionalLong.empty();
            }
        }
    }

    void release(Connection c, Claim claim) throws SQLException {
        run(
                c,
                "update tidemark.stored_offset set owner_token = null, owner_name = null where group_id = ? and topic = ?"
                        + " and partition = ? and owner_token = ?",
                group,
                topic,
                claim.partition(),
                claim.token());
    }

    void halted(Connection c, int partition) throws SQLException {
        run(
                c,
                "insert into tidemark.partition_state (group_id, topic, partition, halted_at, error_code, error_text)"
                        + " values (?, ?, ?, clock_timestamp(), 'seeded', 'gap') on conflict (group_id, topic, partition)"
                        + " do update set halted_at = clock_timestamp()",
                group,
                topic,
                partition);
    }

    void sampled(Connection c, int partition, long end) throws SQLException {
        run(
                c,
                "insert into tidemark.log_end (group_id, topic, partition, log_start, log_end) values (?, ?, ?, 0, ?)"
                        + " on conflict (group_id, topic, partition) do update set log_end = excluded.log_end,"
                        + " sampled_at = clock_timestamp()",
                group,
                topic,
                partition,
                end);
    }

    /** The transaction that this is. */
    String transaction(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet r = s.executeQuery("select pg_current_xact_id()::text")) {
            r.next();
            return r.getString(1);
        }
    }

    /** Moves the offset; returns whether it did. */
    boolean advance(Connection c, Claim claim, long next, String transaction) throws SQLException {
        StringBuilder sql = new StringBuilder("update tidemark.stored_offset o set next_offset = " + next
                + ", progress_epoch = o.owner_epoch, updated_at = case when set_config('tidemark.advance',"
                + " concat_ws(' ', o.owner_token, o.next_offset, " + next + "), true) <> '' then clock_timestamp() end"
                + " where o.group_id = '" + group + "' and o.topic = '" + topic + "' and o.partition = "
                + claim.partition());
        if (bug != Bug.NO_TOKEN_CHECK) {
            sql.append(" and o.owner_token = '").append(claim.token()).append("'");
        }
        if (bug != Bug.NO_PREVIOUS_CHECK) {
            sql.append(" and o.next_offset = ").append(claim.next());
        }
        if (bug != Bug.NO_TRANSACTION_GUARD && bug != Bug.TWO_TRANSACTIONS) {
            sql.append(" and pg_current_xact_id() = '").append(transaction).append("'::xid8");
        }
        try (Statement s = c.createStatement()) {
            if (bug == Bug.COMMIT_PIPELINED) {
                s.execute(sql + "; commit");
                return true;
            }
            return s.executeUpdate(sql.toString()) == 1 || bug == Bug.ROW_COUNT_IGNORED;
        }
    }

    private static void run(Connection c, String sql, Object... values) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                s.setObject(i + 1, values[i]);
            }
            s.executeUpdate();
        }
    }
}

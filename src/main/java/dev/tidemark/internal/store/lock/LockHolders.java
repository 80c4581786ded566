package dev.tidemark.internal.store.lock;

import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;

/** Which sessions hold locks on the offset store, as text. It waits for nothing but a lock on a whole table. */
public final class LockHolders {
    /** The lock modes that make an ordinary update or a locking read of a table wait. */
    private static final String OF_TABLES = """
            select c.relname, a.pid, a.application_name, a.usename, a.xact_start
              from pg_locks l
              join pg_class c on c.oid = l.relation
              join pg_namespace n on n.oid = c.relnamespace and n.nspname = ?
              join pg_stat_activity a on a.pid = l.pid
             where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid()
               and l.database = (select oid from pg_database where datname = current_database())
               and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
             order by a.xact_start nulls last, a.pid limit 1
            """;

    // While a row is locked, its xmax is the transaction that locks it; pg_locks shows those of all roles,
    // pg_stat_activity does not.
    private static final String OF_ROWS = """
            select o.topic, o.partition, a.pid, a.application_name, coalesce(a.usename, p.owner) as usename,
                   coalesce(a.xact_start, p.prepared) as xact_start, p.gid
              from {schema}.stored_offset o
              join unnest(?::text[], ?::int[]) as w(topic, partition) using (topic, partition)
              join pg_locks l on l.locktype = 'transactionid' and l.granted and l.transactionid = o.xmax
                             and l.pid is distinct from pg_backend_pid()
              left join pg_stat_activity a on a.pid = l.pid
              left join pg_prepared_xacts p on p.transaction = o.xmax
             where o.group_id = ?
            """;

    private static final String OF_BINDINGS = """
            select a.pid, a.application_name, a.usename, a.xact_start
              from {schema}.topic_binding b
              join pg_locks l on l.locktype = 'transactionid' and l.granted and l.transactionid = b.xmax
                             and l.pid <> pg_backend_pid()
              join pg_stat_activity a on a.pid = l.pid
             where b.group_id = ? and b.topic = any (?)
             order by a.xact_start nulls last, a.pid limit 1
            """;

    private final Schema schema;
    private final String groupId;

    public LockHolders(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /** For each of these offset rows that is locked, the holder; a lock on a table of the store counts for all of them. */
    public Map<TopicPartition, String> of(Connection c, Collection<TopicPartition> partitions) throws SQLException {
        Map<TopicPartition, String> holders = new HashMap<>();
        Optional<String> table = ofTables(c);
        if (table.isPresent()) {
            // Reading the rows could wait for that lock.
            partitions.forEach(partition -> holders.put(partition, table.get()));
            return holders;
        }
        try (PreparedStatement s = Schema.prepare(c, schema.sql(OF_ROWS))) {
            s.setArray(1, Schema.topics(c, partitions));
            s.setArray(2, Schema.numbers(c, partitions));
            s.setString(3, groupId);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    holders.put(
                            new TopicPartition(r.getString("topic"), r.getInt("partition")),
                            prepared(r).orElse(words(r)));
                }
            }
        }
        return holders;
    }

    /**
     * The session that has locked a binding of these topics, or a table of the store; empty if none has any more, or several share
     * the lock.
     */
    public Optional<String> ofBindings(Connection c, Collection<String> topics) throws SQLException {
        Optional<String> table = ofTables(c);
        if (table.isPresent()) {
            return table;
        }
        try (PreparedStatement s = Schema.prepare(c, schema.sql(OF_BINDINGS))) {
            s.setString(1, groupId);
            s.setArray(2, Schema.texts(c, topics, topic -> topic));
            try (ResultSet r = s.executeQuery()) {
                return r.next() ? Optional.of(words(r)) : Optional.empty();
            }
        }
    }

    /** The session that has locked one row; empty if none has any more, or several share the lock. */
    public Optional<String> of(Connection c, TopicPartition partition) throws SQLException {
        return Optional.ofNullable(of(c, List.of(partition)).get(partition));
    }

    private Optional<String> ofTables(Connection c) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, OF_TABLES)) {
            s.setString(1, schema.name());
            try (ResultSet r = s.executeQuery()) {
                return r.next()
                        ? Optional.of(words(r) + ", with the whole table " + r.getString("relname"))
                        : Optional.empty();
            }
        }
    }

    /** A transaction prepared for a two-phase commit has no process. */
    private static Optional<String> prepared(ResultSet r) throws SQLException {
        String gid = r.getString("gid");
        return gid == null
                ? Optional.empty()
                : Optional.of("the prepared transaction " + gid + " of role " + r.getString("usename") + ", open since "
                        + r.getTimestamp("xact_start").toInstant());
    }

    /** A transaction of {@code pg_stat_activity}. Since when is null for a role that may not see it: that takes pg_read_all_stats. */
    static String words(ResultSet r) throws SQLException {
        String applicationName = r.getString("application_name");
        String role = r.getString("usename");
        Timestamp since = r.getTimestamp("xact_start");
        return "pid " + r.getInt("pid")
                + (applicationName == null || applicationName.isEmpty() ? "" : " application_name " + applicationName)
                + (role == null ? "" : " role " + role)
                + (since == null ? "" : ", open since " + since.toInstant());
    }
}

package dev.tidemark.internal.store.lock;

import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** What open units wait for inside a statement, as the server shows it. */
public final class UnitWaits {
    // A session that waits for a row holds its tuple lock in the meantime, which names the table.
    private static final String WAITS = """
            select w.application_name as worker, w.wait_event_type, w.wait_event,
                   extract(epoch from clock_timestamp() - coalesce(l.waitstart, w.query_start)) as waited,
                   r.nspname, r.relname, b.pid, b.application_name, b.usename, b.xact_start
              from pg_stat_activity w
              left join lateral (select k.relation, k.waitstart from pg_locks k
                                  where k.pid = w.pid and not k.granted limit 1) l on true
              left join lateral (select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                                  where c.oid = coalesce(l.relation, (select t.relation from pg_locks t
                                                                       where t.pid = w.pid and t.locktype = 'tuple' limit 1))) r
                on true
              left join lateral (select a.* from unnest(pg_blocking_pids(w.pid)) as p(pid) join pg_stat_activity a using (pid)
                                  order by a.xact_start nulls last, a.pid limit 1) b
                on w.wait_event_type = 'Lock'
             where w.application_name = any (?) and w.datname = current_database() and w.state = 'active'
               and (w.wait_event_type in ('Lock', 'Extension', 'BufferPin', 'Timeout') or w.wait_event = 'SyncRep')
            """;

    /**
     * What a unit waits for.
     *
     * @param what in text that contains no data
     * @param onStore whether it is a lock on a table of the offset store
     * @param onLock whether it is a lock
     * @param waited for how long
     */
    public record UnitWait(String what, boolean onStore, boolean onLock, Duration waited) {}

    private final Schema schema;

    public UnitWaits(Schema schema) {
        this.schema = schema;
    }

    /** The waits of these workers, by their application names; those that do not wait are left out. */
    public Map<String, UnitWait> look(Connection c, Collection<String> workers) throws SQLException {
        Map<String, UnitWait> waits = new HashMap<>();
        try (PreparedStatement s = Schema.prepare(c, WAITS)) {
            s.setArray(1, Schema.texts(c, workers, name -> name));
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    waits.put(r.getString("worker"), wait(r));
                }
            }
        }
        return waits;
    }

    private UnitWait wait(ResultSet r) throws SQLException {
        Duration waited = Duration.ofMillis((long) (r.getDouble("waited") * 1000));
        if (!"Lock".equals(r.getString("wait_event_type"))) {
            return new UnitWait(
                    "waits inside a statement (" + r.getString("wait_event_type") + " " + r.getString("wait_event")
                            + ")",
                    false,
                    false,
                    waited);
        }
        String namespace = r.getString("nspname");
        String table = namespace == null ? "" : " on " + namespace + "." + r.getString("relname");
        String holder = r.getString("pid") == null ? "another transaction" : LockHolders.words(r);
        return new UnitWait(
                "waits for a lock" + table + " that is held by " + holder,
                schema.name().equals(namespace),
                true,
                waited);
    }
}

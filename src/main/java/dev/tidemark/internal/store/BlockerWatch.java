package dev.tidemark.internal.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frees workers that wait for locks of a stopped process of ours. The server itself ends a transaction that is idle; what it
 * cannot see is a COPY whose client has fallen silent, and sessions of processes that set a longer timeout. A backend is only
 * ended if it runs under our role and our application name and waits for its client; one that waits for a standby, or computes,
 * is left alone. Used by one thread.
 */
public final class BlockerWatch {
    private static final Logger LOG = LoggerFactory.getLogger(BlockerWatch.class);

    /** How every unit's {@code application_name} begins. */
    public static final String NAME_PREFIX = "tidemark/";

    /** A silent COPY must be seen silent this often in a row: the server shows only a moment, and a busy COPY is often silent. */
    private static final int LOOKS = 3;

    private static final String BLOCKERS = """
            select distinct b.pid, b.application_name, b.state = 'active' as copying
              from pg_stat_activity w
             cross join lateral unnest(pg_blocking_pids(w.pid)) as p(pid)
              join pg_stat_activity b on b.pid = p.pid
             where w.application_name = any (?)
               and w.usename = current_user
               and b.usename = current_user
               and b.application_name like ? || '%'
               and (b.state = 'idle in transaction' or (b.state = 'active' and b.wait_event = 'ClientRead'))
               and b.state_change < clock_timestamp() - make_interval(secs => ?)
            """;

    private final Map<Integer, Integer> silentLooks = new HashMap<>();

    /**
     * Looks who blocks these workers, and ends it when it has waited for its client longer than the timeout.
     *
     * @param waiting application names of workers whose unit is open
     */
    public void look(Connection c, Collection<String> waiting, Duration ownerTimeout) throws SQLException {
        Map<Integer, Integer> seen = new HashMap<>();
        try (PreparedStatement s = Schema.prepare(c, BLOCKERS)) {
            s.setArray(1, Schema.texts(c, waiting, name -> name));
            s.setString(2, NAME_PREFIX);
            s.setDouble(3, ownerTimeout.toMillis() / 1000.0);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    int pid = r.getInt("pid");
                    int looks = silentLooks.getOrDefault(pid, 0) + 1;
                    seen.put(pid, looks);
                    if (!r.getBoolean("copying") || looks >= LOOKS) {
                        LOG.warn(
                                "ending a stopped owner's session pid={} application_name=\"{}\" silent_for_more_than={}",
                                pid,
                                r.getString("application_name"),
                                ownerTimeout);
                        terminate(c, pid);
                    }
                }
            }
        }
        silentLooks.clear();
        silentLooks.putAll(seen);
    }

    /** Nobody waits at the moment: looks in a row begin anew. */
    public void forget() {
        silentLooks.clear();
    }

    private static void terminate(Connection c, int pid) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, "select pg_terminate_backend(?)")) {
            s.setInt(1, pid);
            s.execute();
        }
    }
}

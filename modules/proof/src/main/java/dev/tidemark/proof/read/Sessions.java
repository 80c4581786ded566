package dev.tidemark.proof.read;

import dev.tidemark.proof.check.LeakCheck.Remains;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

/** Reads what a role's sessions and the tables look like. Needs {@code pg_monitor} to see the sessions of other roles. */
public final class Sessions {
    private Sessions() {}

    /**
     * What is there now.
     *
     * @param role whose sessions
     * @param longest how long a session may be idle in a transaction, or wait for a lock
     * @param tables whose sizes
     * @param heaps of processes, known from elsewhere
     */
    public static Remains read(
            Connection c, String role, Duration longest, Collection<String> tables, Map<String, Long> heaps)
            throws SQLException {
        String mine = " from pg_stat_activity where usename = ? and datname = current_database()";
        String ago =
                " and state_change < clock_timestamp() - make_interval(secs => " + longest.toMillis() / 1000.0 + ")";
        long idle = count(c, "select count(*)" + mine + " and state like 'idle in transaction%'" + ago, role);
        long waiting = count(c, "select count(*)" + mine + " and wait_event_type = 'Lock'" + ago, role);
        long connections = count(c, "select count(*)" + mine, role);
        Map<String, Long> sizes = new TreeMap<>();
        for (String table : tables) {
            sizes.put(table, count(c, "select pg_total_relation_size(?::text::regclass)", table));
        }
        return new Remains(idle, waiting, connections, sizes, heaps);
    }

    private static long count(Connection c, String sql, String parameter) throws SQLException {
        try (PreparedStatement s = c.prepareStatement(sql)) {
            s.setString(1, parameter);
            try (ResultSet r = s.executeQuery()) {
                r.next();
                return r.getLong(1);
            }
        }
    }
}

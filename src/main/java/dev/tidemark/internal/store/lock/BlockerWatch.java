package dev.tidemark.internal.store.lock;

import dev.tidemark.internal.plan.Stillness;
import dev.tidemark.internal.plan.Stillness.Backend;
import dev.tidemark.internal.plan.Stillness.Sight;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frees workers that wait for locks of a suspended process of ours. The server itself ends a transaction that is idle; what it
 * cannot detect is a COPY whose client no longer sends, and sessions of processes that set a longer timeout. A backend is only
 * terminated if it runs under our role and our application name and has waited for its client all along, without progress; one that
 * waits for a standby, or computes, is left alone. Used by one thread.
 */
public final class BlockerWatch {
    private static final Logger LOG = LoggerFactory.getLogger(BlockerWatch.class);

    /** How every unit's {@code application_name} begins. */
    public static final String NAME_PREFIX = "tidemark/";

    // Sessions of our own role are fully visible. state_change is a COPY's start, however busy it is.
    private static final String BLOCKERS = """
            select distinct b.pid, b.application_name, b.state, b.wait_event, b.backend_start::text as backend_start,
                   b.state_change::text as state_change, coalesce(c.bytes_processed, 0) as bytes,
                   coalesce(c.tuples_processed, 0) as tuples, c.pid is not null as copying,
                   coalesce(b.state_change < clock_timestamp() - make_interval(secs => ?), false) as old
              from pg_stat_activity w
             cross join lateral unnest(pg_blocking_pids(w.pid)) as p(pid)
              join pg_stat_activity b on b.pid = p.pid
              left join pg_stat_progress_copy c on c.pid = b.pid
             where w.application_name = any (?)
               and w.usename = current_user
               and b.usename = current_user
               and b.application_name like ? || '%'
               and (b.state = 'idle in transaction'
                    or (b.state = 'active' and b.wait_event in ('ClientRead', 'ClientWrite')))
            """;

    private final Duration transactionIdleTimeout;
    private final Stillness stillness;

    /**
     * @param transactionIdleTimeout how long a session of ours may be silent before it counts as stopped
     * @param longest how long a live process lets a statement run
     */
    public BlockerWatch(Duration transactionIdleTimeout, Duration longest) {
        this.transactionIdleTimeout = transactionIdleTimeout;
        this.stillness = new Stillness(transactionIdleTimeout, longest.plus(transactionIdleTimeout));
    }

    /**
     * Finds the sessions that block these workers, and terminates those that have waited for their client longer than the timeout.
     *
     * @param waiting application names of workers whose unit is open
     * @param now by {@link System#nanoTime}
     */
    public void look(Connection c, Collection<String> waiting, long now) throws SQLException {
        for (Backend stopped : stillness.stopped(sights(c, waiting), now)) {
            LOG.warn(
                    "ending a stopped owner's session pid={} application_name=\"{}\" silent_for_more_than={}",
                    stopped.pid(),
                    stopped.applicationName(),
                    transactionIdleTimeout);
            terminate(c, stopped.pid());
        }
    }

    private List<Sight> sights(Connection c, Collection<String> waiting) throws SQLException {
        List<Sight> sights = new ArrayList<>();
        try (PreparedStatement s = Schema.prepare(c, BLOCKERS)) {
            s.setDouble(1, transactionIdleTimeout.toMillis() / 1000.0);
            s.setArray(2, Schema.texts(c, waiting, name -> name));
            s.setString(3, NAME_PREFIX);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    sights.add(new Sight(
                            new Backend(r.getInt("pid"), text(r, "backend_start"), text(r, "application_name")),
                            text(r, "state_change"),
                            r.getLong("bytes"),
                            r.getLong("tuples"),
                            waitsFor(r)));
                }
            }
        }
        return sights;
    }

    private static Stillness.Wait waitsFor(ResultSet r) throws SQLException {
        if ("idle in transaction".equals(r.getString("state"))) {
            return r.getBoolean("old") ? Stillness.Wait.IDLE_FOR_LONG : Stillness.Wait.IDLE;
        }
        boolean writes = "ClientWrite".equals(r.getString("wait_event"));
        return writes && !r.getBoolean("copying") ? Stillness.Wait.RESULT : Stillness.Wait.MESSAGE;
    }

    private static String text(ResultSet r, String column) throws SQLException {
        return Objects.requireNonNullElse(r.getString(column), "");
    }

    private static void terminate(Connection c, int pid) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, "select pg_terminate_backend(?)")) {
            s.setInt(1, pid);
            s.execute();
        }
    }
}

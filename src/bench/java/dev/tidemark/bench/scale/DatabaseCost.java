package dev.tidemark.bench.scale;

import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.awaitility.Awaitility;

/**
 * What a piece of work cost the database. WAL is the whole server's, so nothing else may run there meanwhile.
 *
 * @param records the records that took effect
 * @param transactionsPerMillion commits in this database per million records
 * @param walBytesPerMillion bytes of write-ahead log per million records
 * @param offsetUpdates updates of {@code stored_offset}, if there is one
 * @param hotShare how much of them was heap-only, from 0 to 1; null where there was none
 * @param deadTuples dead rows of {@code stored_offset} at the end
 * @param storedOffsetBytes its size at the end, with indexes
 */
public record DatabaseCost(
        long records,
        double transactionsPerMillion,
        double walBytesPerMillion,
        long offsetUpdates,
        Double hotShare,
        long deadTuples,
        long storedOffsetBytes) {
    // A session reports what it did at its end, or 10 s after its last statement at the latest.
    private static final String UNREPORTED = """
            select count(*) from pg_stat_activity
             where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
               and (state is distinct from 'idle' or state_change > clock_timestamp() - interval '11 s')
            """;

    private static final String COUNTERS = """
            select d.xact_commit, pg_current_wal_lsn() - '0/0', coalesce(t.n_tup_upd, 0), coalesce(t.n_tup_hot_upd, 0),
                   coalesce(t.n_dead_tup, 0), coalesce(pg_total_relation_size(t.relid), 0)
              from pg_stat_database d
              left join pg_stat_user_tables t on t.schemaname = 'tidemark' and t.relname = 'stored_offset'
             where d.datname = current_database()
            """;

    /** The counters at one moment. */
    public record Snapshot(
            long commits, long walBytes, long offsetUpdates, long hotUpdates, long deadTuples, long storedOffsetBytes) {
        /** What came on top until the later snapshot. */
        public DatabaseCost until(Snapshot later, long records) {
            long updates = later.offsetUpdates - offsetUpdates;
            return new DatabaseCost(
                    records,
                    (later.commits - commits) * 1e6 / records,
                    (later.walBytes - walBytes) * 1e6 / records,
                    updates,
                    updates == 0 ? null : (later.hotUpdates - hotUpdates) / (double) updates,
                    later.deadTuples,
                    later.storedOffsetBytes);
        }
    }

    /** The counters, once every session has reported; soonest after the consumers have given up their connections. */
    public static Snapshot snapshot(TestDatabase database) {
        try (Connection c = database.superuser().connect();
                Statement s = c.createStatement()) {
            Awaitility.await("the statistics of " + database.name())
                    .atMost(Duration.ofSeconds(30))
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> {
                        try (ResultSet r = s.executeQuery(UNREPORTED)) {
                            r.next();
                            return r.getLong(1) == 0;
                        }
                    });
            try (ResultSet r = s.executeQuery(COUNTERS)) {
                r.next();
                return new Snapshot(r.getLong(1), r.getLong(2), r.getLong(3), r.getLong(4), r.getLong(5), r.getLong(6));
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}

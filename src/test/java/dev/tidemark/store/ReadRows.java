package dev.tidemark.store;

import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import org.awaitility.Awaitility;

/**
 * What an action of the operator has read, in all its statements, triggers and functions.
 *
 * @param scanned the large tables of which many rows were read without an index; one is enough to see that there are any
 * @param rows of these, and entries of indexes
 * @param millis until it was finished, to be printed only
 */
record ReadRows(List<String> scanned, long rows, long millis) {
    /** Those that grow with the number of groups, or with what happens to them. */
    static final List<String> LARGE =
            List.of("stored_offset", "log_end", "partition_state", "dead_letter", "audit_log");

    private static final String SESSIONS =
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
                    + " and backend_type in ('client backend', 'parallel worker')";

    private static final String SCANS =
            "select seq_tup_read from pg_stat_user_tables where schemaname = 'tidemark' and relname = '%s'";

    private static final String ROWS = """
            select (select sum(seq_tup_read) from pg_stat_user_tables where schemaname = 'tidemark')
                 + (select sum(idx_tup_read) from pg_stat_user_indexes where schemaname = 'tidemark')
            """;

    /** Runs an action that keeps no connection. */
    static ReadRows of(TestDatabase database, Runnable action) {
        awaitStatistics(database);
        List<Long> scans = scans(database);
        long rows = database.superuser().number(ROWS);
        long begin = System.nanoTime();
        action.run();
        long millis = (System.nanoTime() - begin) / 1_000_000;
        awaitStatistics(database);
        List<Long> after = scans(database);
        List<String> scanned = LARGE.stream()
                .filter(table -> after.get(LARGE.indexOf(table)) > scans.get(LARGE.indexOf(table)) + 1_000)
                .toList();
        return new ReadRows(scanned, database.superuser().number(ROWS) - rows, millis);
    }

    /** A session adds to the statistics when it ends, at the latest: that of what filled the tables, too. */
    private static void awaitStatistics(TestDatabase database) {
        Awaitility.await().until(() -> database.superuser().number(SESSIONS) == 0);
    }

    private static List<Long> scans(TestDatabase database) {
        return LARGE.stream()
                .map(table -> database.superuser().number(SCANS.formatted(table)))
                .toList();
    }
}

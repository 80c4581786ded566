package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.store.failure.NotConnectedException;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * Finds out whether a pooler assigns connections per statement (PgBouncer's {@code pool_mode = statement}), so that there are no
 * transactions. It is detected by trying: statements succeed by themselves, and fail in a transaction, again and again.
 */
public final class PoolerMode {
    /** Any other cause of lost connections would have to come and go in the same rhythm. */
    private static final int ROUNDS = 3;

    /** Milliseconds; the pool may have no free connection. */
    private static final int PATIENCE = 5_000;

    private PoolerMode() {}

    /**
     * Whether such a pooler may be the cause of a failure: something other than PostgreSQL ended the connection, and gave no other
     * reason.
     */
    public static boolean isSuspect(Throwable failure) {
        return SqlFailures.facts(failure).is("08P01")
                && NotConnectedException.in(failure).isEmpty()
                && SqlFailures.isFromPooler(failure);
    }

    /** Probes it, on connections of its own, one at a time; false if that was not possible. */
    public static boolean refusesTransactions(DataSource dataSource) {
        for (int round = 0; round < ROUNDS; round++) {
            if (!(succeeds(dataSource) && refuses(dataSource))) {
                return false;
            }
        }
        return succeeds(dataSource);
    }

    private static boolean succeeds(DataSource dataSource) {
        try {
            run(dataSource, true);
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    private static boolean refuses(DataSource dataSource) {
        try {
            run(dataSource, false);
            return false;
        } catch (SQLException e) {
            return isSuspect(e);
        }
    }

    private static void run(DataSource dataSource, boolean autoCommit) throws SQLException {
        try (Connection c = NotConnectedException.open(dataSource)) {
            int before = c.getNetworkTimeout();
            c.setNetworkTimeout(Runnable::run, PATIENCE);
            boolean came = c.getAutoCommit();
            c.setAutoCommit(autoCommit);
            try (PreparedStatement s = Schema.prepare(c, "select 1")) {
                s.execute();
                s.execute();
            }
            if (!autoCommit) {
                Schema.rollback(c);
            }
            c.setAutoCommit(came);
            c.setNetworkTimeout(Runnable::run, before);
        }
    }
}

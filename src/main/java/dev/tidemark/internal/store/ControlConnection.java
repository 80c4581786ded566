package dev.tidemark.internal.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The control thread's own connection, kept for good, so that a full pool never stops a claim. Used by one thread, but for {@link
 * #cut} and {@link #sinceLastAnswer}, which any thread may call.
 */
public final class ControlConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlConnection.class);

    /**
     * A person's open transaction may hold rows for as long as it likes, and everything else that is looked after here would wait
     * with the one task that needs them. It fails then, and is tried again.
     */
    private static final Duration LOCK_PATIENCE = Duration.ofSeconds(5);

    /** What is to happen in a transaction. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object> {
        /** Runs inside the transaction. */
        T apply(Connection connection) throws SQLException;
    }

    private final DataSource dataSource;
    private volatile @Nullable Connection connection;
    private volatile boolean closed;
    private volatile long lastAnswer = System.nanoTime();

    public ControlConnection(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * Runs the work in a transaction of its own, READ COMMITTED whatever the database's default is. After a failure nothing of it
     * is certain, and a connection in doubt is replaced at the next call.
     */
    public <T extends @Nullable Object> T inTransaction(Work<T> work) throws SQLException {
        Connection c = connection;
        if (c == null) {
            c = NotConnectedException.open(dataSource);
            connection = c;
            c.setAutoCommit(false);
        }
        if (closed) {
            cut();
            throw new SQLException("the consumer is closing", "08003");
        }
        try {
            Schema.execute(c, "set transaction isolation level read committed");
            Schema.execute(c, "set local lock_timeout = " + LOCK_PATIENCE.toMillis());
            T result = work.apply(c);
            Schema.commit(c);
            lastAnswer = System.nanoTime();
            return result;
        } catch (SQLException e) {
            try {
                Schema.rollback(c);
                if (SqlFailures.facts(e).connectionLost()) {
                    cut();
                }
            } catch (SQLException alsoBroken) {
                e.addSuppressed(alsoBroken);
                cut();
            }
            throw e;
        } catch (RuntimeException e) {
            Schema.rollback(c);
            throw e;
        }
    }

    /** Whether a failure came of a pooler that knows no transactions; tried out on connections of its own. */
    public boolean isWithoutTransactions(SQLException failure) {
        return PoolerMode.isSuspect(failure) && PoolerMode.refusesTransactions(dataSource);
    }

    /** How long ago, in nanoseconds, a transaction came through, or this was made. Any thread may ask. */
    public long sinceLastAnswer(long now) {
        return now - lastAnswer;
    }

    /** Throws the connection away; a statement that waits on it fails. */
    public void cut() {
        Connection c = connection;
        connection = null;
        if (c != null) {
            try (c) {
                c.abort(Runnable::run);
            } catch (SQLException e) {
                LOG.debug("a broken connection did not close cleanly: {}", SqlFailures.describe(e));
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        Connection c = connection;
        connection = null;
        if (c != null) {
            try (c) {
                // Going back to autocommit would commit what is open.
                Schema.rollback(c);
                c.setAutoCommit(true);
            } catch (SQLException e) {
                LOG.debug("a connection could not be given back cleanly: {}", SqlFailures.describe(e));
            }
        }
    }
}

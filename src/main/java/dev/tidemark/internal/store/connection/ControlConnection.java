package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.thread.Host;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The control thread's own connection, kept for the consumer's lifetime, so that a full pool never stops a claim. Used by one
 * thread, but for {@link #cut} and {@link #silence}, which any thread may call.
 */
public final class ControlConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ControlConnection.class);

    /**
     * An interactive transaction may hold rows for any length of time, and all other tasks of this thread would wait with the one
     * that needs them. It fails then, and is retried.
     */
    private static final Duration LOCK_PATIENCE = Duration.ofSeconds(5);

    /** For what can be looked at again in another way. */
    private static final Duration GLANCE_PATIENCE = Duration.ofMillis(500);

    private static final String READ_COMMITTED = "set transaction isolation level read committed";

    /** While the server is silent, a fraction of the network timeout is enough to detect that it still is. */
    private static final int CONFIRM = 4;

    /** Work to be done in a transaction. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object> {
        /** Runs inside the transaction. */
        T apply(Connection connection) throws SQLException;
    }

    /** Sets a statement's parameters. */
    @FunctionalInterface
    public interface Parameters {
        /** Sets all of them. */
        void set(PreparedStatement statement, Connection connection) throws SQLException;
    }

    /** Reads a statement's rows. */
    @FunctionalInterface
    public interface Rows<T> {
        /** Reads them; none was read before. */
        T read(ResultSet rows) throws SQLException;
    }

    private final DataSource dataSource;
    private final Connector connector;
    private final Duration networkTimeout;
    private final Duration longestRead;
    private final Silence silence = new Silence();
    private volatile @Nullable Connection connection;
    private volatile boolean closed;

    // Used by the control thread alone.
    private @Nullable ReadLimit reads;

    /** As the pool handed it out: not every pool resets it. */
    private boolean autoCommit;

    /**
     * @param networkTimeout how long the server may be silent, beyond the lock timeout, before the connection is replaced
     */
    public ControlConnection(DataSource dataSource, Duration networkTimeout) {
        this.dataSource = dataSource;
        this.connector = new Connector(dataSource);
        this.networkTimeout = networkTimeout;
        this.longestRead = LOCK_PATIENCE.plus(networkTimeout);
    }

    /**
     * Runs the work in a transaction of its own, READ COMMITTED whatever the database's default is. After a failure its outcome is
     * uncertain, and a connection in doubt is replaced at the next call.
     */
    public <T extends @Nullable Object> T inTransaction(Work<T> work) throws SQLException {
        return guarded(c -> {
            limitReads(networkTimeout);
            Schema.execute(c, READ_COMMITTED);
            Schema.execute(c, limits(LOCK_PATIENCE, longestRead));
            limitReads(longestRead);
            return work.apply(c);
        });
    }

    /**
     * As {@link #inTransaction}, for one query, which takes a single round trip and waits for no lock: 55P03 if it would have to for
     * longer than a moment.
     */
    public <T> T look(String query, Parameters parameters, Rows<T> rows) throws SQLException {
        return guarded(c -> {
            limitReads(networkTimeout);
            String limited = READ_COMMITTED + "; " + limits(GLANCE_PATIENCE, longestRead) + "; " + query;
            try (PreparedStatement s = Schema.prepare(c, limited)) {
                parameters.set(s, c);
                boolean queried = s.execute();
                while (!queried && s.getUpdateCount() >= 0) {
                    queried = s.getMoreResults();
                }
                try (ResultSet r = s.getResultSet()) {
                    return rows.read(r);
                }
            }
        });
    }

    // A server notices only after hours that its client has disappeared, and would keep the locks of a claim until
    // then.
    private static String limits(Duration lock, Duration idle) {
        return "set local lock_timeout = " + lock.toMillis() + "; set local idle_in_transaction_session_timeout = "
                + idle.toMillis();
    }

    private <T extends @Nullable Object> T guarded(Work<T> work) throws SQLException {
        silence.ask();
        Connection c;
        try {
            c = connect();
        } catch (SQLException e) {
            silence.failed(e);
            throw e;
        }
        if (closed) {
            cut();
            throw new SQLException("the consumer is closing", "08003");
        }
        try {
            T result = work.apply(c);
            Schema.commit(c);
            silence.answered();
            return result;
        } catch (SQLException e) {
            silence.failed(e);
            rollBack(c, e);
            throw e;
        } catch (RuntimeException | Error e) {
            rollBack(c, e);
            throw e;
        }
    }

    /** Whether a failure was caused by a pooler without transactions; probed on separate connections. */
    public boolean isWithoutTransactions(SQLException failure) {
        return PoolerMode.isSuspect(failure) && PoolerMode.refusesTransactions(dataSource);
    }

    private Connection connect() throws SQLException {
        Connection c = connection;
        if (c == null) {
            boolean silent = !silence.known(Host.nanoTime()).isZero();
            c = connector.connect(silent ? networkTimeout.dividedBy(CONFIRM) : networkTimeout);
            connection = c;
            try {
                reads = ReadLimit.of(c);
                limitReads(networkTimeout);
                autoCommit = c.getAutoCommit();
                c.setAutoCommit(false);
            } catch (SQLException e) {
                cut();
                throw e;
            }
        }
        return c;
    }

    private void limitReads(Duration most) throws SQLException {
        ReadLimit limit = reads;
        if (limit != null) {
            limit.set(most);
        }
    }

    private void rollBack(Connection c, Throwable why) {
        try {
            Schema.rollback(c);
            if (SqlFailures.facts(why).connectionLost()) {
                cut();
            }
        } catch (SQLException alsoBroken) {
            why.addSuppressed(alsoBroken);
            cut();
        }
    }

    /** Since when the server has been silent. Any thread may ask. */
    public Silence silence() {
        return silence;
    }

    /** Discards the connection; a statement that waits on it fails. */
    public void cut() {
        Connection c = connection;
        connection = null;
        if (c != null) {
            connector.release();
            try (c) {
                c.abort(Runnable::run);
            } catch (SQLException e) {
                LOG.debug("a broken connection did not close cleanly: {}", FailureWords.describe(e));
            }
        }
    }

    /** Returns it to the pool; the thread that uses it has ended, or was cut off. */
    @Override
    public void close() {
        closed = true;
        connector.close();
        Connection c = connection;
        ReadLimit limit = reads;
        connection = null;
        if (c != null) {
            connector.release();
            try (c) {
                // Going back to autocommit would commit what is open.
                Schema.rollback(c);
                c.setAutoCommit(autoCommit);
                if (limit != null) {
                    limit.restore();
                }
            } catch (SQLException e) {
                LOG.debug("a connection could not be returned cleanly: {}", FailureWords.describe(e));
            }
        }
    }
}

package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.OptionalLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A worker's connection, kept while there is work and replaced when it is broken. Used by one worker, but for {@link #silence}. */
public final class WorkerConnection {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerConnection.class);

    /** For a connection that has just replied. */
    private static final int GOES_ON_SECONDS = 5;

    private static final String UNLOCK = "select pg_catalog.pg_advisory_unlock_all()";

    /** The tables that a handler writes to seldom change. */
    private static final int LOOK_EVERY = 256;

    /** More than a pool usually holds. */
    private static final int MOST_DISCARDED = 64;

    private final Connector connector;
    private final Duration networkTimeout;
    private final Duration longest;
    private final HandlerView view;
    private final Silence silence = new Silence();
    private @Nullable Connection connection;
    private @Nullable ReadLimit reads;

    /** As the pool handed it out: not every pool resets it. */
    private boolean autoCommit;

    private SessionSettings settings = SessionSettings.UNKNOWN;
    private int unitsSinceLook;
    private long connectingNanos;

    /** Since when, by {@link System#nanoTime}, it has waited for a connection, through all attempts. */
    private volatile OptionalLong without = OptionalLong.empty();

    /** Whether a handler of this worker or another one has used this connection's session. */
    private boolean used;

    /** Whether one has failed there, and may have left what it would have cleaned up. */
    private boolean failedIn;

    /**
     * @param view discarded with each connection
     * @param deadline how long a statement of a unit may take
     * @param networkTimeout how long the server may be silent beyond what a statement may take
     */
    WorkerConnection(DataSource dataSource, HandlerView view, Duration deadline, Duration networkTimeout) {
        this.connector = new Connector(dataSource);
        this.view = view;
        this.networkTimeout = networkTimeout;
        this.longest = deadline.plus(networkTimeout);
    }

    /** Since when the server has been silent on it. Any thread may ask. */
    Silence silence() {
        return silence;
    }

    /** How long it has been without a connection that it needs; zero if it has one, or needs none. Any thread may ask. */
    Duration without(long now) {
        OptionalLong since = without;
        return since.isEmpty() ? Duration.ZERO : Duration.ofNanos(Math.max(1, now - since.getAsLong()));
    }

    /** How long connecting has taken so far, in nanoseconds. */
    long connectingNanos() {
        return connectingNanos;
    }

    /** The connection; connects if there is none. */
    public Connection get() throws SQLException {
        Connection c = connection;
        return c == null ? connect() : c;
    }

    private Connection connect() throws SQLException {
        OwnThread.enter(Step.CONNECTING);
        long began = Host.nanoTime();
        if (without.isEmpty()) {
            without = OptionalLong.of(began);
        }
        silence.ask();
        try {
            Connection c = connector.connect(networkTimeout);
            connection = c;
            limitReads(c);
            autoCommit = c.getAutoCommit();
            c.setAutoCommit(false);
            settings = SessionSettings.of(c);
            Schema.rollback(c);
            used = UsedSessions.contains(c);
            silence.answered();
            without = OptionalLong.empty();
            return c;
        } catch (SQLException e) {
            silence.failed(e);
            discard();
            throw e;
        } finally {
            connectingNanos += Host.nanoTime() - began;
            OwnThread.enter(Step.BETWEEN_TRANSACTIONS);
        }
    }

    private void limitReads(Connection c) throws SQLException {
        ReadLimit limit = ReadLimit.of(c);
        reads = limit;
        limit.set(networkTimeout);
    }

    /** From here on, statements may take as long as a unit may; before, and between units, none should take long. */
    public void allowLongReads() throws SQLException {
        silence.answered();
        ReadLimit limit = reads;
        if (limit != null) {
            limit.set(longest);
        }
    }

    /** From here on, no statement should take long. */
    public void allowShortReads() throws SQLException {
        ReadLimit limit = reads;
        if (limit != null) {
            limit.set(networkTimeout);
        }
    }

    /** The settings of the last connection's session. */
    public SessionSettings settings() {
        return settings;
    }

    /** Whether it is time to check which tables the handler writes to: in a connection's first unit, and now and then. */
    public boolean isLookDue() {
        return unitsSinceLook++ % LOOK_EVERY == 0;
    }

    /** Whether the connection is known to be broken. */
    public boolean isCutOff() {
        Connection c = connection;
        try {
            // A pool does not see what a handler that has unwrapped the driver's connection sees.
            return c != null && (c.isClosed() || (UsedSessions.driverOf(c) instanceof Connection d && d.isClosed()));
        } catch (SQLException e) {
            return true;
        }
    }

    /**
     * A handler has used the session.
     *
     * @param failed whether it failed
     */
    public void handlerUsed(boolean failed) {
        Connection c = connection;
        failedIn |= failed;
        if (c != null && !used) {
            used = true;
            try {
                UsedSessions.add(c);
            } catch (SQLException e) {
                LOG.debug("a connection could not be marked as used: {}", FailureWords.describe(e));
            }
        }
    }

    /** Whether the server refuses every statement of the open transaction; false if the driver does not say. */
    public boolean hasFailedTransaction() throws SQLException {
        Connection c = connection;
        return c != null
                && UsedSessions.driverOf(c) instanceof BaseConnection driver
                && driver.getTransactionState() == TransactionState.FAILED;
    }

    /** Whether a handler has used the session of this connection, and may have left something in it. */
    public boolean isUsed() {
        return used;
    }

    /** Makes the next unit find a session that no handler has used, if the pool has one or can create it. */
    public void takeClean() {
        try {
            for (int i = 0; i < MOST_DISCARDED && get() != null && used; i++) {
                discard();
            }
        } catch (SQLException e) {
            // The next unit will run into the same failure.
            LOG.debug("no new connection: {}", FailureWords.describe(e));
        }
    }

    /** Whether the connection still replies, which shows that the session continued after its last error. */
    public boolean isUsable() {
        Connection c = connection;
        try {
            return c != null && !c.isClosed() && c.isValid(GOES_ON_SECONDS);
        } catch (SQLException e) {
            return false;
        }
    }

    /** Gives up the session's advisory locks, which a rollback keeps: other sessions would wait for what a failed handler holds. */
    public void unlock() {
        Connection c = connection;
        if (c != null) {
            try {
                Schema.execute(c, UNLOCK);
                Schema.commit(c);
            } catch (SQLException e) {
                silence.failed(e);
                discard();
            }
        }
    }

    /** Rolls back; a connection that fails even that is discarded. */
    public void rollback() {
        Connection c = connection;
        if (c != null) {
            try {
                // It waits for nothing but the server, which may not reply.
                allowShortReads();
                Schema.rollback(c);
            } catch (SQLException e) {
                silence.failed(e);
                discard();
            }
        }
    }

    /** Aborts the connection, so that the server notices and the pool opens another. */
    public void discard() {
        Connection c = connection;
        forget();
        if (c != null) {
            connector.abort(c);
        }
    }

    /** Returns the connection to the pool, unless a handler has failed on it; the next unit takes one again. */
    void giveBack() {
        if (failedIn) {
            discard();
            silence.rest();
            without = OptionalLong.empty();
            return;
        }
        // Going back to autocommit would commit what is open.
        rollback();
        Connection c = connection;
        ReadLimit limit = reads;
        forget();
        silence.rest();
        without = OptionalLong.empty();
        if (c != null) {
            connector.release();
            try (c) {
                c.setAutoCommit(autoCommit);
                if (limit != null) {
                    limit.restore();
                }
            } catch (SQLException e) {
                LOG.debug("a connection could not be returned cleanly: {}", FailureWords.describe(e));
            }
        }
    }

    /** Returns the connection, and opens no more. */
    void close() {
        giveBack();
        connector.close();
    }

    private void forget() {
        connection = null;
        reads = null;
        unitsSinceLook = 0;
        used = false;
        failedIn = false;
        view.forget();
    }
}

package dev.tidemark.internal.store;

import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.thread.OwnThread;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's connection, kept while there is work, given back to the pool by {@link #giveBack}. One worker thread uses it; {@link
 * #openUnit} may be read from any thread.
 */
public final class WorkerSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerSession.class);

    /** A unit that is under way: since when, by {@link System#nanoTime}, and how to interrupt its statement. */
    public static final class OpenUnit {
        private final long since;
        private final @Nullable PGConnection connection;
        private boolean cancelled;
        private boolean beyondCancel;

        OpenUnit(long since, @Nullable PGConnection connection) {
            this.since = since;
            this.connection = connection;
        }

        /** How long it has lasted, in nanoseconds. */
        public long age(long now) {
            return now - since;
        }

        /**
         * Cancels its statement, and again at each call; once cancelled, a failure counts as a passed deadline. Does nothing to a
         * unit that has ended or is committing: the next statement on that connection is another's, and a COMMIT that waits for a
         * standby must not become one that did not.
         */
        public synchronized void cancel() {
            if (beyondCancel) {
                return;
            }
            cancelled = true;
            if (connection != null) {
                try {
                    connection.cancelQuery();
                } catch (SQLException e) {
                    LOG.debug("could not cancel a statement: {}", SqlFailures.describe(e));
                }
            }
        }

        /** Whether the unit may commit; not if it was cancelled, for the cancellation may still be on its way. */
        synchronized boolean enterCommit() {
            beyondCancel = !cancelled;
            return beyondCancel;
        }

        synchronized void end() {
            beyondCancel = true;
        }

        synchronized boolean isCancelled() {
            return cancelled;
        }
    }

    /** What a handler writes to changes seldom. */
    private static final int LOOK_EVERY = 256;

    private final DataSource dataSource;
    private final String applicationName;
    private final AtomicReference<@Nullable OpenUnit> openUnit = new AtomicReference<>();
    private @Nullable Connection connection;
    private @Nullable ConnectionGuard guard;
    private @Nullable Handle handle;
    private boolean serializable;
    private int unitsSinceLook;

    /** When the records of the next transaction were taken, if it is a unit's first; the wait for a connection is left out. */
    private OptionalLong unitTaken = OptionalLong.empty();

    public WorkerSession(DataSource dataSource, String applicationName) {
        this.dataSource = dataSource;
        this.applicationName = applicationName;
    }

    /** The name under which the server shows this worker while a unit is open. */
    public String applicationName() {
        return applicationName;
    }

    /** The unit under way; null between units. */
    public @Nullable OpenUnit openUnit() {
        return openUnit.get();
    }

    Connection connection() throws SQLException {
        Connection c = connection;
        if (c == null) {
            OwnThread.enter(Step.CONNECTING);
            long began = System.nanoTime();
            try {
                c = connect();
                connection = c;
                c.setAutoCommit(false);
                serializable = isSerializable(c);
                Schema.rollback(c);
            } finally {
                unitTaken = unitTaken.isPresent()
                        ? OptionalLong.of(unitTaken.getAsLong() + System.nanoTime() - began)
                        : OptionalLong.empty();
                OwnThread.enter(Step.BETWEEN_TRANSACTIONS);
            }
        }
        return c;
    }

    private Connection connect() throws SQLException {
        boolean goesOn = OwnThread.goesOn();
        try {
            return dataSource.getConnection();
        } catch (SQLException e) {
            // A pool that was interrupted tells nothing about the database.
            throw goesOn && isInterrupted(e) ? new SQLTransientConnectionException("interrupted", "08001", e) : e;
        } finally {
            boolean unused = OwnThread.goesOn();
        }
    }

    private static boolean isInterrupted(SQLException e) {
        return Thread.currentThread().isInterrupted() || e.getCause() instanceof InterruptedException;
    }

    /**
     * Whether its transactions are SERIALIZABLE, as the last connection said; false before the first. A unit that then holds more
     * than one partition is correct and often fails with 40001.
     */
    public boolean isSerializable() {
        return serializable;
    }

    private static boolean isSerializable(Connection c) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, "select current_setting('transaction_isolation')");
                ResultSet r = s.executeQuery()) {
            return r.next() && r.getString(1).equals("serializable");
        }
    }

    /** Connects and loads what a first unit needs, so that it does not do so inside its transaction. */
    public void warmUp() {
        try {
            ConnectionGuard g = guard();
            g.open();
            Handle unused = handle();
            Optional<String> nothing = g.close();
            LOG.trace("ready {}", nothing);
        } catch (SQLException e) {
            LOG.debug("not connected yet: {}", SqlFailures.describe(e));
            discard();
        }
    }

    /**
     * Records were taken that are to be a unit: its first transaction counts as begun by now, as they are still to be decoded.
     *
     * @param now by {@link System#nanoTime}
     */
    public void unitTaken(long now) {
        unitTaken = OptionalLong.of(now);
    }

    OpenUnit begin(long now) throws SQLException {
        Connection c = connection();
        long since = unitTaken.orElse(now);
        unitTaken = OptionalLong.empty();
        OpenUnit unit = new OpenUnit(since, c.isWrapperFor(PGConnection.class) ? c.unwrap(PGConnection.class) : null);
        openUnit.set(unit);
        OwnThread.enter(Step.TRANSACTION);
        return unit;
    }

    void end(OpenUnit unit) {
        unit.end();
        openUnit.set(null);
        OwnThread.enter(Step.BETWEEN_TRANSACTIONS);
    }

    /** Whether it is time to look what the handler writes to: in a connection's first unit, and now and then. */
    boolean isLookDue() {
        return unitsSinceLook++ % LOOK_EVERY == 0;
    }

    /** Whether the handler took the driver's own connection in the last unit. */
    boolean isUnwrapped() {
        return guard != null && guard.isUnwrapped();
    }

    /** Whether the connection is known to be broken. */
    boolean isCutOff() {
        Connection c = connection;
        try {
            return c != null && c.isClosed();
        } catch (SQLException e) {
            return true;
        }
    }

    ConnectionGuard guard() throws SQLException {
        ConnectionGuard g = guard;
        if (g == null) {
            g = new ConnectionGuard(connection());
            guard = g;
        }
        return g;
    }

    /** The handler's view of the open unit; the same one for every unit on this connection. */
    Handle handle() throws SQLException {
        Handle h = handle;
        if (h == null || h.isClosed()) {
            h = Jdbi.open(guard().guarded());
            handle = h;
        }
        return h;
    }

    /** Rolls back; a connection that cannot even do that is thrown away. */
    void rollback() {
        Connection c = connection;
        if (c != null) {
            try {
                Schema.rollback(c);
            } catch (SQLException e) {
                discard();
            }
        }
    }

    /** Cuts the connection, so that the server notices and the pool makes another. */
    void discard() {
        Connection c = connection;
        forget();
        if (c != null) {
            try (c) {
                c.abort(Runnable::run);
            } catch (SQLException e) {
                LOG.debug("a broken connection did not close cleanly: {}", SqlFailures.describe(e));
            }
        }
    }

    /** Gives the connection back to where it came from; the next unit takes one again. */
    public void giveBack() {
        // Going back to autocommit would commit what is open.
        rollback();
        Connection c = connection;
        forget();
        if (c != null) {
            try (c) {
                c.setAutoCommit(true);
            } catch (SQLException e) {
                LOG.debug("a connection could not be given back cleanly: {}", SqlFailures.describe(e));
            }
        }
    }

    @Override
    public void close() {
        giveBack();
    }

    private void forget() {
        connection = null;
        unitsSinceLook = 0;
        guard = null;
        handle = null;
    }
}

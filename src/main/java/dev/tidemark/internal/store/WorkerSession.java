package dev.tidemark.internal.store;

import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.offsets.Claim;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionFactory;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Handles;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A worker's connection, kept while there is work, given back to the pool by {@link #giveBack}. One worker thread uses it; {@link
 * #openUnit} may be read from any thread.
 */
public final class WorkerSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerSession.class);

    /** For a connection that has just replied. */
    private static final int GOES_ON_SECONDS = 5;

    private static final String SETTINGS = """
            select current_setting('transaction_isolation'),
                   (extract(epoch from current_setting('statement_timeout')::interval) * 1000)::bigint
            """;

    private static final String READ_ONLY =
            "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean";

    /** What a handler writes to changes seldom. */
    private static final int LOOK_EVERY = 256;

    /** More than a pool usually holds. */
    private static final int MOST_DISCARDED = 64;

    private final Connector connector;
    private final String applicationName;
    private final Duration networkTimeout;
    private final Duration longest;
    private final Silence silence = new Silence();
    private final AtomicReference<@Nullable OpenUnit> openUnit = new AtomicReference<>();
    private @Nullable Connection connection;
    private final Jdbi jdbi = makeJdbi();
    private volatile @Nullable Opening opening;
    private @Nullable View view;
    private @Nullable ReadLimit reads;
    private boolean serializable;
    private Duration statementTimeout = Duration.ZERO;
    private int unitsSinceLook;
    private int unitsOnConnection;

    /** Whether a handler has run in this connection's session, of this worker or another one. */
    private boolean used;

    /** When the records of the next transaction were taken, if it is a unit's first; the wait for a connection is left out. */
    private OptionalLong unitTaken = OptionalLong.empty();

    /**
     * @param applicationName the name under which the server shows this worker while a unit is open
     * @param deadline how long a statement of a unit may take
     * @param networkTimeout how long the server may be silent beyond what a statement may take
     */
    public WorkerSession(DataSource dataSource, String applicationName, Duration deadline, Duration networkTimeout) {
        this.connector = new Connector(dataSource);
        this.applicationName = applicationName;
        this.networkTimeout = networkTimeout;
        this.longest = deadline.plus(networkTimeout);
    }

    /** The name under which the server shows this worker while a unit is open. */
    public String applicationName() {
        return applicationName;
    }

    /** The unit under way; null between units. */
    public @Nullable OpenUnit openUnit() {
        return openUnit.get();
    }

    /** Since when the server has been silent on this worker's connection. */
    public Silence silence() {
        return silence;
    }

    Connection connection() throws SQLException {
        Connection c = connection;
        return c == null ? connect() : c;
    }

    private Connection connect() throws SQLException {
        OwnThread.enter(Step.CONNECTING);
        long began = System.nanoTime();
        silence.ask();
        try {
            Connection c = connector.connect(networkTimeout);
            connection = c;
            limitReads(c);
            c.setAutoCommit(false);
            readSettings(c);
            Schema.rollback(c);
            used = UsedSessions.contains(c);
            silence.answered();
            return c;
        } catch (SQLException e) {
            silence.failed(e);
            discard();
            throw e;
        } finally {
            unitTaken = unitTaken.isPresent()
                    ? OptionalLong.of(unitTaken.getAsLong() + System.nanoTime() - began)
                    : OptionalLong.empty();
            OwnThread.enter(Step.BETWEEN_TRANSACTIONS);
        }
    }

    private void limitReads(Connection c) throws SQLException {
        ReadLimit limit = ReadLimit.of(c);
        reads = limit;
        limit.set(networkTimeout);
    }

    /** From here on statements may take as long as a unit may; before, and between units, none should take long. */
    void allowLongReads() throws SQLException {
        silence.answered();
        ReadLimit limit = reads;
        if (limit != null) {
            limit.set(longest);
        }
    }

    private void allowShortReads() throws SQLException {
        ReadLimit limit = reads;
        if (limit != null) {
            limit.set(networkTimeout);
        }
    }

    /**
     * Whether its transactions are SERIALIZABLE, as the last connection said; false before the first. A unit that then holds more
     * than one partition is correct and often fails with 40001.
     */
    public boolean isSerializable() {
        return serializable;
    }

    /** How long a statement of the last connection may take, by {@code statement_timeout}; zero if there is no limit. */
    Duration statementTimeout() {
        return statementTimeout;
    }

    private void readSettings(Connection c) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, SETTINGS);
                ResultSet r = s.executeQuery()) {
            if (r.next()) {
                serializable = r.getString(1).equals("serializable");
                statementTimeout = Duration.ofMillis(r.getLong(2));
            }
        }
    }

    /** Connects and loads what a first unit needs, so that it does not do so inside its transaction. */
    public void warmUp() {
        try {
            openView();
            LOG.trace("ready {}", closeView());
        } catch (SQLException e) {
            LOG.debug("not connected yet: {}", FailureWords.describe(e));
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

    OpenUnit begin(long now, Collection<Claim> claims) throws SQLException {
        Connection c = connection();
        long since = unitTaken.orElse(now);
        unitTaken = OptionalLong.empty();
        OpenUnit unit = new OpenUnit(since, claims, c);
        openUnit.set(unit);
        silence.ask();
        OwnThread.enter(Step.TRANSACTION);
        unitsOnConnection++;
        return unit;
    }

    void end(OpenUnit unit) {
        boolean sound = unit.end();
        openUnit.set(null);
        OwnThread.enter(Step.BETWEEN_TRANSACTIONS);
        if (unit.isCut()) {
            silence.unanswered();
        }
        View v = view;
        if (!sound || (v != null && v.guard.isUnguarded())) {
            discard();
        }
        try {
            allowShortReads();
        } catch (SQLException e) {
            discard();
        }
    }

    /** Whether it is time to look what the handler writes to: in a connection's first unit, and now and then. */
    boolean isLookDue() {
        return unitsSinceLook++ % LOOK_EVERY == 0;
    }

    /** Whether the handler took the driver's own connection in the last unit. */
    boolean isUnwrapped() {
        return view != null && view.guard.isUnwrapped();
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

    /** Whether no unit but the present one was run on this connection. */
    boolean isFresh() {
        return unitsOnConnection <= 1;
    }

    /** A handler is about to run: what it leaves in the session may outlast even a rollback. */
    void handlerRuns() {
        Connection c = connection;
        if (!used && c != null) {
            try {
                UsedSessions.add(c);
                used = true;
            } catch (SQLException e) {
                LOG.debug("a connection could not be marked as used: {}", FailureWords.describe(e));
            }
        }
    }

    /** Whether no handler has left anything in the session of this connection. */
    boolean isClean() {
        return connection != null && !used;
    }

    /** Makes the next unit find a clean session, if the pool has one or can make it. */
    void takeClean() {
        try {
            for (int i = 0; i < MOST_DISCARDED && connection() != null && used; i++) {
                discard();
            }
        } catch (SQLException e) {
            // The next unit meets the same.
            LOG.debug("no new connection: {}", FailureWords.describe(e));
        }
    }

    /** Whether the server takes no writes now: a standby, or one that was set so. Rolls back what is open. */
    boolean isServerReadOnly() {
        try {
            Schema.rollback(connection());
            try (PreparedStatement s = Schema.prepare(connection(), READ_ONLY);
                    ResultSet r = s.executeQuery()) {
                return r.next() && r.getBoolean(1);
            }
        } catch (SQLException e) {
            // It cannot say so: what follows meets the same trouble.
            return true;
        }
    }

    /** Whether the connection still replies, which shows that the server went on after its last error. */
    boolean goesOn() {
        Connection c = connection;
        try {
            return c != null && !c.isClosed() && c.isValid(GOES_ON_SECONDS);
        } catch (SQLException e) {
            return false;
        }
    }

    /** A handler's view of one unit: nothing done through it, or registered on it, outlives the unit. */
    private record View(ConnectionGuard guard, Handle handle) {}

    /** Makes the handler's view of the open unit. */
    Handle openView() throws SQLException {
        ConnectionGuard guard = new ConnectionGuard(connection());
        opening = new Opening(guard, Thread.currentThread());
        Handle handle = jdbi.open();
        view = new View(guard, handle);
        return handle;
    }

    /** For whom the unit's handles are opened: also for the handler itself, by way of {@code tx.getJdbi()}. */
    private record Opening(ConnectionGuard guard, Thread thread) {}

    /** To make a Jdbi takes as long as a small unit does, so all units share one; handles have settings of their own. */
    private Jdbi makeJdbi() {
        Jdbi made = Jdbi.create(new ConnectionFactory() {
            @Override
            public Connection openConnection() throws SQLException {
                Opening now = opening;
                if (now == null || now.thread() != Thread.currentThread()) {
                    throw new SQLException("handles of a unit of work are opened on the thread that handles it");
                }
                return now.guard().guarded();
            }

            @Override
            public void closeConnection(Connection c) throws SQLException {
                c.close();
            }
        });
        // The unit ends the transaction, not the handle.
        made.getConfig(Handles.class).setForceEndTransactions(false);
        return made;
    }

    /** Ends the handler's view; returns what the handler tried to do that is not its own, empty if nothing. */
    Optional<String> closeView() {
        View v = view;
        if (v == null) {
            return Optional.empty();
        }
        opening = null;
        Optional<String> tried = v.guard.close();
        try {
            v.handle.close();
        } catch (RuntimeException e) {
            LOG.debug("a unit's handle did not close: {}", FailureWords.describe(e));
        }
        return tried;
    }

    /** Rolls back; a connection that cannot even do that is thrown away. */
    void rollback() {
        Connection c = connection;
        if (c != null) {
            try {
                // It waits for nothing but the server, which may have fallen silent.
                allowShortReads();
                Schema.rollback(c);
            } catch (SQLException e) {
                silence.failed(e);
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
                LOG.debug("a broken connection did not close cleanly: {}", FailureWords.describe(e));
            }
        }
    }

    /** Gives the connection back to where it came from; the next unit takes one again. */
    public void giveBack() {
        // Going back to autocommit would commit what is open.
        rollback();
        Connection c = connection;
        ReadLimit limit = reads;
        forget();
        silence.rest();
        if (c != null) {
            try (c) {
                c.setAutoCommit(true);
                if (limit != null) {
                    limit.restore();
                }
            } catch (SQLException e) {
                LOG.debug("a connection could not be given back cleanly: {}", FailureWords.describe(e));
            }
        }
    }

    @Override
    public void close() {
        giveBack();
        connector.close();
    }

    private void forget() {
        connection = null;
        reads = null;
        unitsSinceLook = 0;
        unitsOnConnection = 0;
        used = false;
        view = null;
        opening = null;
    }
}

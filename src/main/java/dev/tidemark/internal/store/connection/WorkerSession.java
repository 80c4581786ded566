package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.plan.ThreadFacts.Step;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.offsets.Claim;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The units that one worker runs, one after the other, on a connection that is returned to the pool by {@link #giveBack}. One
 * worker thread uses it; {@link #openUnit}, {@link #silence} and {@link #suspension} may be used by any thread.
 */
public final class WorkerSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerSession.class);

    /** Whoever looks has a connection to a server that replies, or nobody sees anything. */
    private static final Duration FIRST_LOOK = Duration.ofSeconds(1);

    private final String applicationName;
    private final AtomicReference<@Nullable OpenUnit> openUnit = new AtomicReference<>();
    private final HandlerView view = new HandlerView();
    private final WorkerConnection connection;
    private final Suspension suspension = new Suspension();
    private volatile Runnable observer = () -> {};

    /** When the records of the next transaction were taken, if it is a unit's first; the wait for a connection is left out. */
    private OptionalLong unitTaken = OptionalLong.empty();

    /** How long connecting had taken by then. */
    private long connectingNanos;

    /** How long the process had been suspended by then. */
    private long suspendedNanos;

    /**
     * @param applicationName the name under which the server shows this worker while a unit is open
     * @param deadline how long a statement of a unit may take
     * @param networkTimeout how long the server may be silent beyond what a statement may take
     */
    public WorkerSession(DataSource dataSource, String applicationName, Duration deadline, Duration networkTimeout) {
        this.applicationName = applicationName;
        this.connection = new WorkerConnection(dataSource, view, deadline, networkTimeout);
    }

    /** The name under which the server shows this worker while a unit is open. */
    public String applicationName() {
        return applicationName;
    }

    /** The open unit; null between units. */
    public @Nullable OpenUnit openUnit() {
        return openUnit.get();
    }

    /** How long the process has been suspended; nothing is known of it unless a thread watches. */
    public Suspension suspension() {
        return suspension;
    }

    /** Since when the server has been silent on this worker's connection. */
    public Silence silence() {
        return connection.silence();
    }

    /** How long this worker has been without a connection that it needs. Any thread may ask. */
    public Duration withoutConnection(long now) {
        return connection.without(now);
    }

    /**
     * Whether its transactions are SERIALIZABLE, as the last connection reported; false before the first. A unit with more than one
     * partition is then correct but often fails with 40001.
     */
    public boolean isSerializable() {
        return connection.settings().serializable();
    }

    /** What its units run on. */
    public WorkerConnection connection() {
        return connection;
    }

    /** Connects and loads the classes that a first unit needs, so that this does not happen inside its transaction. */
    public void warmUp() {
        try {
            openView();
            LOG.trace("ready {}", closeView());
        } catch (SQLException e) {
            LOG.debug("not connected yet: {}", FailureWords.describe(e));
            connection.discard();
        }
    }

    /** Creates the handler's view of the open unit. */
    public Handle openView() throws SQLException {
        OpenUnit unit = openUnit.get();
        return view.open(connection.get(), unit == null ? null : unit.sights());
    }

    /** From now on handlers get a Jdbi that none has configured. */
    public void renewView() {
        view.renew();
    }

    /** Whether a handler before the last one may have configured its Jdbi. */
    public boolean isViewShared() {
        return view.isShared();
    }

    /** Ends the handler's view; returns what the handler tried to do that is not allowed, empty if nothing. */
    public Optional<String> closeView() {
        return view.close();
    }

    /** What the database has told the handler of the last unit, nothing if it has not been called. */
    public HandlerErrors handlerErrors() {
        return view.errors();
    }

    /** Whether the handler unwrapped the driver's own connection in the last unit. */
    public boolean isUnwrapped() {
        return view.isUnwrapped();
    }

    /**
     * Records were taken for a unit: its first transaction counts as begun now, since they still have to be decoded.
     *
     * @param now by {@link System#nanoTime}
     */
    public void unitTaken(long now) {
        unitTaken = OptionalLong.of(now);
        connectingNanos = connection.connectingNanos();
        suspendedNanos = suspension.total(now);
    }

    public OpenUnit begin(long now, Collection<Claim> claims) throws SQLException {
        Connection c = connection.get();
        boolean first = unitTaken.isPresent();
        long since = first ? unitTaken.getAsLong() + connection.connectingNanos() - connectingNanos : now;
        long before = first ? suspendedNanos : suspension.total(now);
        unitTaken = OptionalLong.empty();
        OpenUnit unit = new OpenUnit(since, suspension, before, claims, c);
        openUnit.set(unit);
        connection.silence().ask();
        OwnThread.enter(Step.TRANSACTION);
        return unit;
    }

    /** Who is told when there is a unit to look at; until this is called, nobody looks. */
    public void observedBy(Runnable looks) {
        observer = looks;
    }

    /**
     * Has another session look at what the unit's backend does, from now until it ends. Returns when it has, or cannot.
     *
     * @param brief whether what a time limit ended in an earlier try was too short to be seen
     * @param idleTimeout for how long the server lets its client be silent
     */
    public void observe(OpenUnit unit, String transactionId, boolean brief, Duration idleTimeout) {
        UnitSights sights = unit.observe(transactionId, brief, idleTimeout);
        observer.run();
        sights.awaitLook(FIRST_LOOK);
    }

    public void end(OpenUnit unit) {
        boolean sound = unit.end();
        openUnit.set(null);
        OwnThread.enter(Step.BETWEEN_TRANSACTIONS);
        if (unit.isCut()) {
            connection.silence().unanswered();
        }
        if (!sound || view.isUnguarded()) {
            connection.discard();
        }
        try {
            connection.allowShortReads();
        } catch (SQLException e) {
            connection.discard();
        }
    }

    /** Returns the connection to the pool; the next unit takes one again. */
    public void giveBack() {
        connection.giveBack();
    }

    @Override
    public void close() {
        connection.close();
    }
}

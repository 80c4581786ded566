package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.store.failure.FailureWords;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.ConnectionFactory;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Handles;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The handler's view of a worker's connection: nothing done through its handle outlives the unit; what is configured on its Jdbi does,
 * until {@link #renew}. Used by one worker.
 */
final class HandlerView {
    private static final Logger LOG = LoggerFactory.getLogger(HandlerView.class);

    private Jdbi jdbi = makeJdbi();

    /** How many units have seen this Jdbi. */
    private long units;

    private volatile @Nullable Opening opening;
    private @Nullable View unit;

    /** What the handler of one unit sees. */
    private record View(ConnectionGuard guard, Handle handle) {}

    /**
     * Creates the handler's view of the open unit.
     *
     * @param sights who is told of its statements; null if nobody looks at them
     */
    Handle open(Connection connection, @Nullable UnitSights sights) throws SQLException {
        ConnectionGuard guard = new ConnectionGuard(connection, sights);
        opening = new Opening(guard, Thread.currentThread(), new AtomicInteger());
        Handle handle = jdbi.open();
        units++;
        unit = new View(guard, handle);
        return handle;
    }

    /**
     * The Jdbi that the unit's handles come from; the handler reaches it by {@code tx.getJdbi()}.
     *
     * @param handles how many are open
     */
    private record Opening(ConnectionGuard guard, Thread thread, AtomicInteger handles) {}

    /** From now on handlers get a Jdbi that none has configured. */
    void renew() {
        if (units > 0) {
            jdbi = makeJdbi();
            units = 0;
        }
    }

    /** Whether a handler before the last one has seen the same Jdbi, and may have configured it. */
    boolean isShared() {
        return units > 1;
    }

    // Creating one takes a fifth of the time of a small unit, so units share one; handles have settings of their own.
    private Jdbi makeJdbi() {
        Jdbi made = Jdbi.create(new ConnectionFactory() {
            @Override
            public Connection openConnection() throws SQLException {
                Opening now = opening;
                if (now == null || now.thread() != Thread.currentThread()) {
                    throw new SQLException("handles of a unit of work are opened on the thread that handles it");
                }
                now.handles().incrementAndGet();
                return now.guard().guarded();
            }

            @Override
            public void closeConnection(Connection c) throws SQLException {
                Opening now = opening;
                if (now == null || now.handles().decrementAndGet() < 1) {
                    c.close();
                }
            }
        });
        // The unit ends the transaction, not the handle.
        made.getConfig(Handles.class).setForceEndTransactions(false);
        return made;
    }

    /** Ends the handler's view; returns what the handler tried to do that is not allowed, empty if nothing. */
    Optional<String> close() {
        View v = unit;
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

    /** What the database has told the handler of the last unit. */
    HandlerErrors errors() {
        return unit == null ? new HandlerErrors() : unit.guard.errors();
    }

    /** Whether the handler unwrapped the driver's own connection in the last unit. */
    boolean isUnwrapped() {
        return unit != null && unit.guard.isUnwrapped();
    }

    /** Whether the handler of the last unit unwrapped what cannot be guarded: its connection must not serve another unit. */
    boolean isUnguarded() {
        return unit != null && unit.guard.isUnguarded();
    }

    /** The connection is gone. */
    void forget() {
        unit = null;
        opening = null;
    }
}

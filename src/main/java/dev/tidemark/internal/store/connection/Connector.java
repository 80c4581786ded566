package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.store.failure.FailureChain;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.failure.NotConnectedException;
import dev.tidemark.internal.store.failure.PoolExhaustedException;
import dev.tidemark.internal.store.failure.SharedConnectionException;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.OptionalInt;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes connections from a DataSource that may never return: nothing bounds a login to a server that no longer replies, unless the
 * user set {@code loginTimeout}. One thread connects; any may close.
 */
final class Connector {
    private static final Logger LOG = LoggerFactory.getLogger(Connector.class);

    /** A pool may make its callers wait this long; an attempt that lasts longer is assumed never to return. */
    private static final Duration LONGEST = Duration.ofSeconds(30);

    /** By the driver's connection, which is one for all that a DataSource wraps around it: who is using it now. */
    private static final Map<Object, Connector> IN_USE = Collections.synchronizedMap(new WeakHashMap<>());

    private final DataSource dataSource;
    private volatile @Nullable Attempt pending;

    /** The driver's connection that it has handed out. */
    private @Nullable Object taken;

    private record Attempt(CompletableFuture<Connection> connection, long since) {
        boolean isStale(long now) {
            return now - since > LONGEST.toNanos();
        }
    }

    Connector(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * Takes one.
     *
     * @param patience for this call; the next one continues to wait for the same connection
     * @return one to be used until {@link #release}
     * @throws SQLTransientConnectionException if none came in time
     * @throws SharedConnectionException if it is in use already; it is left alone then
     */
    Connection connect(Duration patience) throws SQLException {
        Attempt attempt = pending;
        if (attempt == null || attempt.isStale(Host.nanoTime())) {
            if (attempt != null) {
                giveUp(attempt);
            }
            attempt = begin();
            pending = attempt;
        }
        try {
            Connection connection = Host.get(attempt.connection(), patience);
            pending = null;
            take(connection);
            return connection;
        } catch (TimeoutException e) {
            throw unlessExhausted(new SQLTransientConnectionException("no connection within " + patience, "08001", e));
        } catch (ExecutionException e) {
            pending = null;
            if (e.getCause() instanceof SQLException failure) {
                // An interrupted pool says nothing about the database.
                throw FailureChain.of(failure).stream().anyMatch(InterruptedException.class::isInstance)
                        ? new SQLTransientConnectionException("interrupted", "08001", failure)
                        : failure instanceof SQLTransientConnectionException ? unlessExhausted(failure) : failure;
            }
            throw new SQLException("the DataSource failed", "08001", e.getCause());
        } catch (InterruptedException e) {
            boolean unused = OwnThread.mayContinue(e);
            throw new SQLTransientConnectionException("interrupted while waiting for a connection", "08001", e);
        }
    }

    /** A full pool says nothing about the database. */
    private SQLException unlessExhausted(SQLException failure) {
        OptionalInt size = PooledConnections.exhausted(dataSource);
        return size.isPresent() ? new PoolExhaustedException(size.getAsInt(), failure) : failure;
    }

    private synchronized void take(Connection connection) throws SQLException {
        release();
        Object driver = UsedSessions.driverOf(connection);
        if (IN_USE.putIfAbsent(driver, this) != null) {
            throw new SharedConnectionException();
        }
        taken = driver;
    }

    /** The connection is about to go back to its pool, or to be closed. */
    synchronized void release() {
        if (taken != null) {
            IN_USE.remove(taken);
            taken = null;
        }
    }

    /** Closes a connection at once, so that its pool opens another. */
    void abort(Connection connection) {
        release();
        try {
            PooledConnections.withoutVerdicts(connection).abort(Runnable::run);
        } catch (SQLException e) {
            LOG.debug("a broken connection did not abort cleanly: {}", FailureWords.describe(e));
        }
        if (!PooledConnections.evict(dataSource, connection)) {
            try {
                connection.close();
            } catch (SQLException e) {
                LOG.debug("a broken connection did not close cleanly: {}", FailureWords.describe(e));
            }
        }
    }

    /** No caller waits any more: a connection that still arrives is returned to the pool. */
    void close() {
        Attempt attempt = pending;
        pending = null;
        if (attempt != null) {
            giveUp(attempt);
        }
    }

    private Attempt begin() {
        CompletableFuture<Connection> connection = new CompletableFuture<>();
        Background.run("connect", () -> {
            try {
                connection.complete(NotConnectedException.open(dataSource));
            } catch (Throwable e) {
                connection.completeExceptionally(e);
            }
        });
        return new Attempt(connection, Host.nanoTime());
    }

    private static void giveUp(Attempt attempt) {
        CompletableFuture<Void> unused = attempt.connection().thenAccept(connection -> {
            try {
                connection.close();
            } catch (SQLException e) {
                LOG.debug("a late connection did not close cleanly: {}", FailureWords.describe(e));
            }
        });
    }
}

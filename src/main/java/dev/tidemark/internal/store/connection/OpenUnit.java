package dev.tidemark.internal.store.connection;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.offsets.Claim;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A unit in progress: since when, by {@link System#nanoTime}, and how its statement is interrupted. Thread-safe; no method waits
 * for the server.
 */
public final class OpenUnit {
    private static final Logger LOG = LoggerFactory.getLogger(OpenUnit.class);

    /** A cancellation reaches a server that replies within milliseconds; for any other it is not worth waiting. */
    private static final Duration CANCELLING = Duration.ofSeconds(1);

    private final long since;
    private final Suspension suspension;
    private final long suspendedBefore;
    private final Collection<Claim> claims;
    private final Connection connection;
    private final @Nullable PGConnection driver;
    private final Thread worker = Thread.currentThread();
    private volatile @Nullable UnitSights sights;

    @GuardedBy("this")
    private boolean cancelled;

    @GuardedBy("this")
    private boolean cancelling;

    @GuardedBy("this")
    private boolean beyondCancel;

    @GuardedBy("this")
    private boolean ended;

    @GuardedBy("this")
    private boolean cut;

    @GuardedBy("this")
    private boolean asking;

    @GuardedBy("this")
    private long askingSince;

    /**
     * @param suspendedBefore the total of the suspension when it was begun
     */
    OpenUnit(long since, Suspension suspension, long suspendedBefore, Collection<Claim> claims, Connection connection)
            throws SQLException {
        this.since = since;
        this.suspension = suspension;
        this.suspendedBefore = suspendedBefore;
        this.claims = List.copyOf(claims);
        this.connection = connection;
        this.driver = connection.isWrapperFor(PGConnection.class) ? connection.unwrap(PGConnection.class) : null;
    }

    /** The settings under which it was begun. */
    public Collection<Claim> claims() {
        return claims;
    }

    /** From now on, another session is to look at what its backend does. */
    UnitSights observe(String transactionId, boolean brief, Duration idleTimeout) {
        UnitSights made = new UnitSights(transactionId, since, brief, idleTimeout);
        sights = made;
        return made;
    }

    /** What was seen of its backend; null if nobody is to look. */
    public @Nullable UnitSights sights() {
        return sights;
    }

    /** The handler has returned, and statements of the store follow. */
    public void sends() {
        UnitSights told = sights;
        if (told != null) {
            told.sends(Host.nanoTime());
        }
    }

    /** A statement of the store has failed just now. */
    public void failed(SQLException e) {
        UnitSights told = sights;
        if (told != null) {
            told.failed(e, Host.nanoTime());
        }
    }

    /** How long it has lasted, in nanoseconds, without the time in which the process was suspended. */
    public long age(long now) {
        return now - since - suspended(now);
    }

    /** Whether the process was suspended during it, so that a failure shows nothing about the handler or its records. */
    public boolean wasSuspended() {
        return suspended(Host.nanoTime()) > 0;
    }

    private long suspended(long now) {
        return suspension.total(now) - suspendedBefore;
    }

    /**
     * Cancels its statement, and again at each call; once cancelled, a failure counts as a passed deadline. Does nothing to a unit
     * that has ended or is committing: the next statement on that connection belongs to another unit, and a COMMIT that waits for a
     * standby must not become one that did not.
     */
    public synchronized void cancel() {
        if (beyondCancel) {
            return;
        }
        cancelled = true;
        PGConnection target = driver;
        if (target != null && !cancelling) {
            cancelling = true;
            // It opens a connection of its own, to a host that may not reply.
            Background.run("cancel", () -> {
                try {
                    target.cancelQuery();
                } catch (SQLException e) {
                    LOG.debug("could not cancel a statement: {}", FailureWords.describe(e));
                } finally {
                    cancelReturned();
                }
            });
        }
    }

    private synchronized void cancelReturned() {
        cancelling = false;
        Host.notifyAll(this);
    }

    /**
     * Closes its socket if its thread has waited for the server all along since this was first called, and for longer than the
     * patience. A commit is interrupted too: its outcome is unknown then, and the claim that follows waits for the old backend.
     *
     * @return whether it was cut now
     */
    public synchronized boolean cutIfSilent(Duration patience, long now) {
        if (ended || cut || !isAsking()) {
            asking = false;
            return false;
        }
        if (!asking) {
            asking = true;
            askingSince = now;
        }
        if (now - askingSince < patience.toNanos()) {
            return false;
        }
        cutNow();
        return true;
    }

    /** Closes its socket, because the whole server is known to be unresponsive. */
    public synchronized void cut() {
        if (!ended && !cut && isAsking()) {
            cutNow();
        }
    }

    @GuardedBy("this")
    private void cutNow() {
        cut = true;
        try {
            // Closing a TLS socket writes to it.
            connection.abort(task -> Background.run("cut", task));
        } catch (SQLException e) {
            LOG.debug("could not cut a connection: {}", FailureWords.describe(e));
        }
    }

    /** Whether the unit's thread is inside the driver, rather than in the handler or code called by it. */
    private boolean isAsking() {
        for (StackTraceElement frame : worker.getStackTrace()) {
            if (frame.getClassName().startsWith("org.postgresql.")) {
                return true;
            }
        }
        return false;
    }

    /** Whether the unit may commit; not if it was cancelled, since the cancellation may still arrive. */
    public synchronized boolean enterCommit() {
        beyondCancel = !cancelled;
        return beyondCancel;
    }

    /** Returns whether its connection may serve another unit: not if a cancellation may still hit it. */
    synchronized boolean end() {
        beyondCancel = true;
        ended = true;
        long end = Host.nanoTime() + CANCELLING.toNanos();
        long left = CANCELLING.toMillis();
        try {
            while (cancelling && left > 0) {
                Host.wait(this, left);
                left = (end - Host.nanoTime()) / 1_000_000;
            }
        } catch (InterruptedException e) {
            boolean unused = OwnThread.mayContinue(e);
        }
        return !cancelling && !cut;
    }

    public synchronized boolean isCancelled() {
        return cancelled;
    }

    /** Whether its socket was closed because the server did not reply: the failure is not the handler's then. */
    public synchronized boolean isCut() {
        return cut;
    }
}

package dev.tidemark.internal.store.connection;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import org.jspecify.annotations.Nullable;

/**
 * What another session has seen the backend of one unit do, and what follows from it about a time limit that ended the unit. A limit
 * ends work and a wait for a lock with the same error, handlers may set limits of their own, and what the backend waited for cannot
 * be found out afterwards. All times are by {@link System#nanoTime}. Thread-safe.
 */
public final class UnitSights {
    /** Work that a wait of this part of its time keeps from ending in time takes nearly as long as it may by itself. */
    private static final int PART = 4;

    /** What used up the time. */
    public enum Doing {
        /** Nobody has looked. */
        NOT_LOOKED_AT,
        /** Somebody has looked, but has not seen enough: it may have waited in between. */
        UNSEEN,
        /** It waited for a lock. */
        WAITING,
        /** It was at work. */
        WORKING
    }

    /** What it has waited for locks in one stretch of time, as far as that was seen. */
    private static final class Waits {
        private final long begun;
        private long seen;
        private long waited;
        private boolean waiting;

        Waits(long begun) {
            this.begun = begun;
            this.seen = begun;
        }

        void saw(long now, boolean onLock) {
            waited += onLock ? now - seen : 0;
            waiting = onLock;
            seen = now;
        }

        Doing doing(long now) {
            long most = (now - begun) / PART;
            if (waiting || waited > most) {
                return Doing.WAITING;
            }
            return waited + now - seen <= most ? Doing.WORKING : Doing.UNSEEN;
        }
    }

    private final String transactionId;

    @GuardedBy("this")
    private final Waits unit;

    @GuardedBy("this")
    private boolean looked;

    @GuardedBy("this")
    private @Nullable Waits statement;

    @GuardedBy("this")
    private String statementId = "";

    /**
     * @param transactionId the server's id of the unit's transaction
     * @param begun since when the unit lasts
     */
    public UnitSights(String transactionId, long begun) {
        this.transactionId = transactionId;
        this.unit = new Waits(begun);
    }

    /** The server's id of the unit's transaction. */
    public String transactionId() {
        return transactionId;
    }

    /**
     * Somebody has looked.
     *
     * @param now when the question was sent, so that the sight is not older than that
     * @param onLock whether its statement waits for a lock
     * @param statement which of its statements is running; null if none is
     * @param age for how long that has been running, in nanoseconds
     */
    public synchronized void saw(long now, boolean onLock, @Nullable String statement, long age) {
        looked = true;
        unit.saw(now, onLock);
        if (statement == null) {
            this.statement = null;
            return;
        }
        Waits current = this.statement;
        if (current == null || !statement.equals(statementId)) {
            current = new Waits(now - age);
            this.statement = current;
            statementId = statement;
        }
        current.saw(now, onLock);
    }

    /** Somebody has looked and could not see it, for want of a right or since it has just ended. */
    public synchronized void missed() {
        looked = true;
    }

    /** What used up the time of the last statement, which a limit has just ended. */
    public synchronized Doing inStatement(long now) {
        Waits last = statement;
        return last == null ? (looked ? Doing.UNSEEN : Doing.NOT_LOOKED_AT) : last.doing(now);
    }

    /** What used up the time of the whole unit, the handler's own work included. */
    public synchronized Doing inUnit(long now) {
        return looked ? unit.doing(now) : Doing.NOT_LOOKED_AT;
    }
}

package dev.tidemark.internal.store.connection;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What another session has seen the backend of one unit do, and when its client sent and heard what; and what follows about a time limit
 * that ended the unit. A limit ends work and a wait for a lock with the same error, handlers may set limits of their own, and what
 * the backend waited for cannot be found out afterwards. All times are by {@link System#nanoTime}. Thread-safe.
 */
public final class UnitSights {
    /** Work that a wait of this part of its time keeps from ending in time takes nearly as long as it may by itself. */
    private static final int PART = 4;

    /** The server's clock and this one measure a silence nearly alike. */
    private static final int TENTH = 10;

    /** A statement that was cancelled, and a transaction that has lasted too long. */
    private static final Set<String> TIME_LIMITS = Set.of("57014", "25P04");

    /** What used up the time. */
    public enum Doing {
        /** Nobody has seen the transaction at all. */
        NOT_LOOKED_AT,
        /** It was seen, but not enough of it: it may have waited in between. */
        UNSEEN,
        /** It waited for a lock, or for another server, which may wait for a lock. */
        WAITING,
        /** It was at work. */
        WORKING
    }

    /** What it has waited for in one stretch of time, as far as that was seen. */
    private static final class Waits {
        private final long begun;
        private long seen;
        private long waited;
        private boolean waiting;

        Waits(long begun) {
            this.begun = begun;
            this.seen = begun;
        }

        void saw(long now, boolean isWaiting) {
            waited += isWaiting ? now - seen : 0;
            waiting = isWaiting;
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
    private final boolean brief;
    private final Duration idleTimeout;

    @GuardedBy("this")
    private final Waits unit;

    /** Whether somebody has looked, and whether the transaction was seen then. */
    @GuardedBy("this")
    private boolean looked;

    @GuardedBy("this")
    private boolean seen;

    @GuardedBy("this")
    private @Nullable Waits statement;

    @GuardedBy("this")
    private String statementId = "";

    /** When the last statement was sent that is known to have been. */
    @GuardedBy("this")
    private long sent;

    /** As it was when a time limit ended a statement: what the handler did since then took time as well. */
    @GuardedBy("this")
    private @Nullable Doing endedStatement;

    @GuardedBy("this")
    private @Nullable Doing endedUnit;

    /** Whose silence it was that the server ended a transaction for. */
    public enum Idle {
        /** Not the client's: the server stood still itself, or what the client sent did not arrive in time. */
        NOT_THE_CLIENTS,
        /** The client was silent for nearly as long as it may, or longer than the server ever was: the limit may be another. */
        PERHAPS_THE_CLIENTS,
        /** The client was silent for as long as it may be. */
        THE_CLIENTS
    }

    @GuardedBy("this")
    private @Nullable Idle endedIdle;

    /** When the client heard last from the server, and how long it had been silent when it sent the last statement. */
    @GuardedBy("this")
    private long heard;

    @GuardedBy("this")
    private long silent;

    /** The longest time between a statement and its reply. */
    @GuardedBy("this")
    private long longestReply;

    /**
     * @param transactionId the server's id of the unit's transaction
     * @param begun since when the unit lasts
     * @param brief whether what a time limit ended in an earlier try was too short to be seen
     * @param idleTimeout for how long the server lets its client be silent, unless a handler has set another limit
     */
    public UnitSights(String transactionId, long begun, boolean brief, Duration idleTimeout) {
        this.transactionId = transactionId;
        this.brief = brief;
        this.idleTimeout = idleTimeout;
        this.heard = begun;
        this.unit = new Waits(begun);
        this.sent = begun;
    }

    /** The server's id of the unit's transaction. */
    public String transactionId() {
        return transactionId;
    }

    /** Whether it has to be looked at as often as possible. */
    public boolean isBrief() {
        return brief;
    }

    /**
     * Waits until somebody has looked, while it does nothing yet: whoever cannot see it then will not see it wait either.
     *
     * @param longest for how long; nobody may be able to look
     */
    public synchronized void awaitLook(Duration longest) {
        long end = Host.nanoTime() + longest.toNanos();
        long left = longest.toMillis();
        try {
            while (!seen && left > 0) {
                Host.wait(this, left);
                left = (end - Host.nanoTime()) / 1_000_000;
            }
        } catch (InterruptedException e) {
            boolean unused = OwnThread.mayContinue(e);
        }
    }

    /**
     * Somebody has looked.
     *
     * @param now when the question was sent, so that the sight is not older than that
     * @param waiting whether its statement waits for a lock or for another server
     * @param statement which of its statements is running; null if none is
     * @param age for how long that has been running, in nanoseconds
     */
    public synchronized void saw(long now, boolean waiting, @Nullable String statement, long age) {
        looked = true;
        seen = true;
        Host.notifyAll(this);
        unit.saw(now, waiting);
        if (now - sent < 0) {
            // That was the statement before.
            return;
        }
        if (statement == null) {
            this.statement = null;
            return;
        }
        Waits current = this.statement;
        if (current == null || !statement.equals(statementId)) {
            current = new Waits(Math.max(now - age, sent));
            this.statement = current;
            statementId = statement;
        }
        current.saw(now, waiting);
    }

    /** Somebody has looked and could not see it, for want of a right or since it has just ended. */
    public synchronized void missed() {
        looked = true;
    }

    /** Whether somebody has looked, and nobody has ever seen it: whoever looks may have to do so with other rights. */
    public synchronized boolean isHidden() {
        return looked && !seen;
    }

    /** A statement is about to be sent: what was seen before is not about it. */
    synchronized void sends(long now) {
        silent = now - heard;
        sent = now;
        statement = null;
    }

    /** The reply to the last statement has come. */
    synchronized void hears(long now) {
        longestReply = Math.max(longestReply, now - sent);
        heard = now;
    }

    /** A statement has failed just now. */
    synchronized void failed(SQLException e, long now) {
        if ("25P03".equals(e.getSQLState()) && endedIdle == null) {
            hears(now);
            boolean perhaps = silent >= idleTimeout.toNanos() / TENTH * (TENTH - 1) || silent > longestReply;
            Idle shorter = perhaps ? Idle.PERHAPS_THE_CLIENTS : Idle.NOT_THE_CLIENTS;
            endedIdle = silent >= idleTimeout.toNanos() ? Idle.THE_CLIENTS : shorter;
        }
        if (TIME_LIMITS.contains(e.getSQLState())) {
            endedStatement = inStatementUntil(now);
            endedUnit = inUnitUntil(now);
        }
    }

    /** Whose silence it was that the server ended the transaction for; the client's if nobody has measured it. */
    public synchronized Idle idle() {
        Idle ended = endedIdle;
        return ended == null ? Idle.THE_CLIENTS : ended;
    }

    /** What used up the time of the last statement, which a limit has ended. */
    public synchronized Doing inStatement(long now) {
        Doing ended = endedStatement;
        return ended == null ? inStatementUntil(now) : ended;
    }

    /** What used up the time of the whole unit, the handler's own work included. */
    public synchronized Doing inUnit(long now) {
        Doing all = inUnitUntil(now);
        Doing ended = endedUnit;
        return ended == null || all == Doing.WAITING ? all : ended;
    }

    @GuardedBy("this")
    private Doing inStatementUntil(long now) {
        Waits last = statement;
        return last == null ? (seen ? Doing.UNSEEN : Doing.NOT_LOOKED_AT) : last.doing(now);
    }

    @GuardedBy("this")
    private Doing inUnitUntil(long now) {
        return seen ? unit.doing(now) : Doing.NOT_LOOKED_AT;
    }
}

package dev.tidemark.internal.store.transaction;

import dev.tidemark.UnitTimes;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.Fatal;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitRefusedException;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.UnitSights;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.table.BegunUnit;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.offsets.Claim;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * One transaction that holds the handler's effects and, as its last statement, the advance of the offsets. Whatever happens, it
 * ends as an {@link UnitOutcome}; nothing is thrown except the errors of a virtual machine that is going down.
 */
public final class UnitTransaction {
    /** Work to be done inside the transaction. */
    @FunctionalInterface
    public interface Effects {
        /** Returns how the unit ends if nothing was thrown. */
        UnitEnd apply(Handle tx) throws Exception;
    }

    private final Schema schema;
    private final UnitOffsets offsets;
    private final UnitFailures failures;
    private final UnitCompletion completion;
    private final HeldRows heldRows;
    private final WorkerSession session;
    private final UnitClock clock = new UnitClock();
    private final TimeLimits limits = new TimeLimits();
    private final StatementTimeoutWarning warning;

    private boolean wrote;
    private boolean readyToWrite;
    private boolean wroteToForeignTable;
    private boolean usedBefore;
    private boolean touched;
    private boolean mayBeginElsewhere;

    /**
     * @param owner the name under which records are parked
     * @param transactionIdleTimeout how long this transaction may wait for us before the server ends it, so that a stopped process does not
     *     hold the locks of its effects for ever
     */
    public UnitTransaction(
            Schema schema, String groupId, String owner, WorkerSession session, Duration transactionIdleTimeout) {
        this.schema = schema;
        KeptStatements kept = new KeptStatements(groupId, session.connection());
        this.offsets = new UnitOffsets(schema, groupId, session, kept, transactionIdleTimeout);
        this.failures = new UnitFailures(schema, groupId, session, kept);
        this.session = session;
        this.heldRows = new HeldRows(offsets, session.connection());
        this.warning = new StatementTimeoutWarning(groupId, transactionIdleTimeout);
        this.completion = new UnitCompletion(
                groupId, offsets, new UnitEndWriter(schema, groupId, owner), failures, session, clock);
    }

    /**
     * Whether the effects of the last transaction that was watched wrote a row of a table that is not temporary. One that did not,
     * because it ignores its record, proves nothing about one that fails to.
     */
    public boolean wrote() {
        return wrote;
    }

    /** Whether the effects of the last transaction that was watched wrote to a foreign table. */
    public boolean wroteToForeignTable() {
        return wroteToForeignTable;
    }

    /** Whether the effects of the last transaction that was watched began to write to a table, even if there was nothing to write. */
    public boolean wasReadyToWrite() {
        return readyToWrite;
    }

    /** Whether the handler of the last transaction used a session or a Jdbi that others had used: it may have failed for what they left. */
    public boolean ranInUsedSession() {
        return (usedBefore && touched) || session.isViewShared();
    }

    /** What was seen of the last transaction, if a time limit ended it and somebody was to look; null otherwise. */
    public UnitSights.@Nullable Doing seenAtLimit() {
        return limits.seen();
    }

    /** The next transaction runs in a session that no handler of this process has used, if the last one used its own. */
    public void takeCleanSession() {
        session.renewView();
        if (touched) {
            session.connection().takeClean();
        }
    }

    /** Runs the effects under these claims and writes how they end, all or nothing. */
    public UnitOutcome run(Collection<Claim> claims, Effects effects) {
        return run(claims, UnitTerms.USUAL, effects);
    }

    /**
     * Runs the effects under these claims and writes how they end, all or nothing. A trial ends as committed without a move if the
     * effects succeed, and has none.
     */
    public UnitOutcome run(Collection<Claim> claims, UnitTerms terms, Effects effects) {
        UnitOutcome outcome = runOnce(claims, terms, effects);
        if (mayBeginElsewhere) {
            session.connection().takeClean();
            if (!session.connection().isUsed()) {
                return runOnce(claims, terms, effects);
            }
        }
        return outcome;
    }

    private UnitOutcome runOnce(Collection<Claim> claims, UnitTerms terms, Effects effects) {
        mayBeginElsewhere = false;
        OpenUnit unit;
        try {
            unit = session.begin(clock.start(), claims);
        } catch (SQLException e) {
            clock.stop();
            UnitOutcome outcome = ofOwnStatement(e);
            session.connection().discard();
            return outcome;
        }
        try {
            UnitOutcome outcome =
                    limits.unlessWaiting(attempt(claims, terms, effects, unit), terms, unit, this::sessionContinues);
            clock.stop();
            if (outcome instanceof UnitOutcome.Committed) {
                session.silence().answered();
            }
            touched = session.handlerErrors().hasTouched();
            if (touched) {
                session.connection().handlerUsed(outcome instanceof UnitOutcome.HandlerFailed);
            }
            cleanUp(outcome, terms);
            return outcome instanceof UnitOutcome.Transient failure && completion.isRowLocked()
                    ? heldRows.of(claims, failure)
                    : outcome;
        } catch (Throwable e) {
            // Whatever state this connection is in, it must not commit.
            session.connection().discard();
            throw e;
        } finally {
            session.end(unit);
        }
    }

    /** Records are decoded for the next transaction from this moment on, by {@link System#nanoTime}; its deadline counts from there. */
    public void unitTaken(long now) {
        session.unitTaken(now);
    }

    /** What the last {@link #run} spent its time with. */
    public UnitTimes times(long decodeNanos) {
        return clock.times(decodeNanos);
    }

    private void cleanUp(UnitOutcome outcome, UnitTerms terms) {
        boolean committed = outcome instanceof UnitOutcome.Committed && !terms.trial();
        boolean doubtful = outcome instanceof UnitOutcome.CommitUnknown
                || (outcome instanceof UnitOutcome.Transient t
                        && t.code() != ErrorCode.CONTENTION
                        && !completion.isRowLocked())
                // A COPY left open would make a rollback wait for ever.
                || (!committed && session.isUnwrapped());
        if (doubtful) {
            session.connection().discard();
        } else if (!committed) {
            session.connection().rollback();
            if (touched) {
                session.connection().unlock();
            }
        }
    }

    private boolean sessionContinues() {
        return !session.isUnwrapped() && session.connection().isUsable();
    }

    private UnitOutcome attempt(Collection<Claim> claims, UnitTerms terms, Effects effects, OpenUnit unit) {
        completion.begin();
        Connection connection;
        BegunUnit start;
        WrittenRows before;
        try {
            connection = session.connection().get();
            usedBefore = session.connection().isUsed();
            warning.look(session.connection().settings().statementTimeout());
            start = offsets.begin(connection, claims);
            completion.begun(connection, claims);
            if (terms.lockTimed()) {
                LockTimeout.belowTimeLimits(connection);
            }
            if (terms.observed()) {
                session.observe(unit, start.transactionId(), terms.brief(), offsets.idleTimeout());
            }
            session.connection().allowLongReads();
            before = terms.watched() ? WrittenRows.of(connection, schema) : WrittenRows.NOTHING;
        } catch (SQLException e) {
            return ofFirstStatement(e);
        }
        if (start.held().size() < claims.size()) {
            return new UnitOutcome.Fenced(UnitCompletion.missing(claims, start.held()));
        }
        clock.next();

        UnitEnd end;
        try {
            end = guarded(effects);
            Optional<SQLException> sessionEnd = failures.sessionEnd();
            if (sessionEnd.isPresent()) {
                throw sessionEnd.get();
            }
            unit.sends();
            try {
                completion.handled(connection);
                if (terms.watched()) {
                    WrittenRows after = WrittenRows.of(connection, schema);
                    wrote = after.hasMoreThan(before);
                    wroteToForeignTable = after.hasReachedForeign(before);
                    readyToWrite = after.hasReached(before);
                }
            } catch (SQLException e) {
                unit.failed(e);
                if (unit.isCancelled() || !SqlFailures.facts(e).is("57014")) {
                    throw e;
                }
                // It reads catalogs, and runs nothing of the handler.
                return completion.ofCancelled(
                        e, claims, (c, begun) -> WrittenRows.canBeRead(c, schema), terms.lockPatience());
            }
            if (terms.trial()) {
                // What is deferred to the commit would fail there. It is the handler's: its triggers and constraints.
                Schema.execute(connection, "set constraints all immediate");
            }
        } catch (UnitRefusedException e) {
            return e.outcome();
        } catch (Throwable e) {
            Fatal.rethrow(e);
            return failures.ofHandler(e, unit);
        }
        clock.next();
        if (unit.isCancelled() || OwnThread.isToldToStop()) {
            SQLException late = new SQLException("the unit ran past its deadline", "57014");
            return unit.isCut()
                    ? new UnitOutcome.Transient(ErrorCode.DATABASE_UNAVAILABLE, late)
                    : UnitFailures.handlerFailed(unit, ErrorCode.DEADLINE_PASSED, late);
        }
        return terms.trial()
                ? new UnitOutcome.Committed(Map.of())
                : completion.end(connection, start, end, terms.lockPatience(), unit, claims);
    }

    private UnitEnd guarded(Effects effects) throws Exception {
        UnitEnd end;
        try {
            end = effects.apply(session.openView());
        } catch (Throwable e) {
            Optional<String> tried = session.closeView();
            if (tried.isPresent()) {
                throw new UnitFailures.GuardViolation(tried.get(), e);
            }
            throw e;
        }
        Optional<String> tried = session.closeView();
        if (tried.isPresent()) {
            throw new UnitFailures.GuardViolation(tried.get(), null);
        }
        return end;
    }

    /** As {@link #ofOwnStatement}, for a statement before the handler's first, so that the unit may begin again in a new session. */
    public UnitOutcome ofFirstStatement(SQLException e) {
        mayBeginElsewhere = failures.mayBeginElsewhere(e);
        return ofOwnStatement(e);
    }

    /** How a unit ends in which a statement of the store failed, one that no handler is involved in. */
    public UnitOutcome ofOwnStatement(SQLException e) {
        return failures.ofOwnStatement(e);
    }
}

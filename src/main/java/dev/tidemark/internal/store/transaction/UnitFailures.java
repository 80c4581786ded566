package dev.tidemark.internal.store.transaction;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.ReadOnlyServer;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.failure.StoreErrors;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** How failed units end, by what the failure and the session show. Used by one worker. */
final class UnitFailures {
    private final Schema schema;
    private final String groupId;
    private final WorkerSession session;
    private final KeptStatements kept;

    UnitFailures(Schema schema, String groupId, WorkerSession session, KeptStatements kept) {
        this.schema = schema;
        this.groupId = groupId;
        this.session = session;
        this.kept = kept;
    }

    /** A statement followed one that failed: a handler's cleanup may do that, and so hide a transient failure. */
    UnitOutcome ofFailedTransaction(Throwable e, OpenUnit unit) {
        Optional<SqlFacts> behind = SqlFailures.factsBehindFailedTransaction(e);
        return behind.flatMap(first -> hidden(first, e, unit))
                // What an earlier handler left there may have failed it, which another session shows.
                .or(() -> behind.filter(first -> session.connection().isUsed() && !first.isTheJobs())
                        .map(first -> handlerFailed(unit, ErrorCode.HANDLER_FAILED, e, first)))
                .orElseGet(() -> new UnitOutcome.TransactionBroken(
                        "the handler continued after a failed statement", e, true, true));
    }

    /** Whether a unit that could not begin may do so in a session that no handler has used: a temporary table may hide the store's. */
    boolean mayBeginElsewhere(SQLException e) {
        SqlFacts facts = SqlFailures.facts(e);
        return session.connection().isUsed()
                && (FailureKind.ofControl(facts) == FailureKind.HANDLER || facts.is("25006", "57014"))
                && !SqlFailures.isStatementClash(e);
    }

    /** How a unit ends in which the handler threw this after another failure, if that decides. */
    private Optional<UnitOutcome> hidden(SqlFacts behind, Throwable e, OpenUnit unit) {
        if (behind.is("25006") && !ReadOnlyServer.is(session.connection())) {
            return Optional.of(handlerFailed(unit, ErrorCode.HANDLER_FAILED, e, behind));
        }
        FailureKind kind = FailureKind.of(behind);
        if (kind != FailureKind.HANDLER) {
            return Optional.of(new UnitOutcome.Transient(kind.code(behind), e));
        }
        return behind.isTimeLimit() || behind.mayPass()
                ? Optional.of(handlerFailed(unit, ErrorCode.HANDLER_FAILED, e, behind))
                : Optional.empty();
    }

    /**
     * How a unit ends whose handler threw an exception of its own, which need not name the failed statement that made it do so, as its
     * cause or otherwise: by what the database has told the handler, or has told the driver, which keeps the first failure of a
     * transaction. A connection that is gone does not show what the handler would have done with it.
     */
    private Optional<UnitOutcome> hiddenByHandler(SqlFacts facts, Throwable e, OpenUnit unit) {
        if (facts.serverReplied() || unit.isCancelled()) {
            return Optional.empty();
        }
        for (SQLException told : session.handlerErrors().all()) {
            Optional<UnitOutcome> outcome = hidden(SqlFailures.facts(told), e, unit);
            if (outcome.isPresent()) {
                return outcome;
            }
        }
        return session.connection().isCutOff()
                ? Optional.of(new UnitOutcome.Transient(ErrorCode.DATABASE_UNAVAILABLE, e))
                : firstFailure().flatMap(behind -> hidden(behind, e, unit));
    }

    /**
     * What has told a handler that its session is over, although it has returned since; empty if the session continues. What follows
     * would fail for that, and say less.
     */
    Optional<SQLException> sessionEnd() {
        // The server of a foreign table may say the same of its own session.
        return session.handlerErrors().all().stream()
                .filter(SqlFailures::endsSession)
                .findFirst()
                .filter(told -> session.connection().isCutOff()
                        || (!session.isUnwrapped() && !session.connection().isUsable()));
    }

    /** What failed first in the open transaction, so that the server refuses every statement of it; empty if nothing did. */
    private Optional<SqlFacts> firstFailure() {
        try {
            // An open COPY would make any statement wait for ever, and none can be open in a failed transaction.
            if (session.isUnwrapped() && !session.connection().hasFailedTransaction()) {
                return Optional.empty();
            }
            session.connection().allowShortReads();
            Schema.execute(session.connection().get(), "select 1");
            return Optional.empty();
        } catch (SQLException probed) {
            return SqlFailures.factsBehindFailedTransaction(probed);
        }
    }

    /** Whether it may be about this session, and not only about another connection that the handler has opened itself. */
    private boolean isOfSession(SqlFacts facts) {
        boolean told = session.handlerErrors().all().stream()
                .anyMatch(error -> SqlFailures.facts(error).is(String.valueOf(facts.sqlState())));
        try {
            // What failed on the driver's own connection was seen by nobody, but leaves its transaction failed.
            boolean unseen = session.isUnwrapped() && !facts.is("25P02");
            return told || unseen || session.connection().hasFailedTransaction();
        } catch (SQLException e) {
            return true;
        }
    }

    private boolean hasFailedTransaction() {
        try {
            return session.connection().hasFailedTransaction();
        } catch (SQLException e) {
            return false;
        }
    }

    /** How a unit ends whose handler threw this. */
    UnitOutcome ofHandler(Throwable e, OpenUnit unit) {
        if (e instanceof GuardViolation violation) {
            // It was kept from what it tried.
            return UnitOutcome.TransactionBroken.refused(violation.what, violation.getCause(), !session.isUnwrapped());
        }
        // Without a pooler, some handler has taken the driver's statements away, which another session shows.
        if (SqlFailures.isStatementClash(e) && !session.connection().settings().keepsStatements()) {
            return new UnitOutcome.StoreFailed(StoreErrors.translate(schema, groupId, e));
        }
        SqlFacts facts = SqlFailures.facts(e);
        if (facts.isTransactionBroken() && isOfSession(facts)) {
            return facts.is("25P02")
                    ? ofFailedTransaction(e, unit)
                    : UnitOutcome.TransactionBroken.refused(
                            "the handler tried to end or change the transaction by SQL (SQLSTATE " + facts.sqlState()
                                    + ")",
                            e,
                            !session.isUnwrapped() && hasFailedTransaction());
        }
        if (SqlFailures.isSettingRefusedByDriver(e)) {
            return new UnitOutcome.TransactionBroken(
                    "the handler changed a setting of the session that the driver depends on, such as client_encoding or DateStyle",
                    e);
        }
        // A server that did not reply to the cancellation either was unresponsive, which is not a record's fault.
        if (unit.isCut() || SqlFailures.isTimeout(e)) {
            return new UnitOutcome.Transient(ErrorCode.DATABASE_UNAVAILABLE, e);
        }
        if (facts.is("25006") && !ReadOnlyServer.is(session.connection())) {
            return handlerFailed(unit, ErrorCode.HANDLER_FAILED, e);
        }
        // A handler's own cleanup can hide the first failure with a "connection is closed" that has no SQLSTATE.
        boolean cutOff = session.connection().isCutOff()
                && (facts.sqlState() == null ? facts.fromDatabase() : facts.is("08P01") && SqlFailures.isFromPooler(e));
        FailureKind kind = cutOff ? FailureKind.TRANSIENT : FailureKind.of(facts);
        return kind == FailureKind.HANDLER
                ? hiddenByHandler(facts, e, unit)
                        .orElseGet(() -> handlerFailed(
                                unit, unit.isCancelled() ? ErrorCode.DEADLINE_PASSED : ErrorCode.HANDLER_FAILED, e))
                : new UnitOutcome.Transient(cutOff ? ErrorCode.DATABASE_UNAVAILABLE : kind.code(facts), e);
    }

    /** How a unit ends in which the handler failed, unless its process was suspended: that may be why it failed. */
    static UnitOutcome handlerFailed(OpenUnit unit, ErrorCode code, Throwable cause) {
        return handlerFailed(unit, code, cause, SqlFailures.facts(cause));
    }

    private static UnitOutcome handlerFailed(OpenUnit unit, ErrorCode code, Throwable cause, SqlFacts facts) {
        return unit.wasSuspended()
                ? new UnitOutcome.Transient(ErrorCode.PROCESS_SUSPENDED, cause)
                : new UnitOutcome.HandlerFailed(code, cause, facts);
    }

    /**
     * How a unit ends in which a statement of the store failed, one that no handler is involved in: a time limit that ended it is
     * transient.
     */
    UnitOutcome ofOwnStatement(SQLException e) {
        session.silence().failed(e);
        SqlFacts facts = SqlFailures.facts(e);
        if (kept.areLost(e)) {
            return new UnitOutcome.Transient(ErrorCode.DATABASE_UNAVAILABLE, e);
        }
        // The pool replies in place of a connection that it found broken, and then without an SQLSTATE.
        boolean cutOff = facts.sqlState() == null && session.connection().isCutOff();
        FailureKind kind = cutOff ? FailureKind.TRANSIENT : FailureKind.ofControl(facts);
        return kind == FailureKind.HANDLER
                ? new UnitOutcome.StoreFailed(StoreErrors.translate(schema, groupId, e))
                : new UnitOutcome.Transient(cutOff ? ErrorCode.DATABASE_UNAVAILABLE : kind.code(facts), e);
    }

    /** The handler did something that is not allowed; thrown in place of its own exception, which is the cause. */
    static final class GuardViolation extends Exception {
        private static final long serialVersionUID = 1L;

        private final String what;

        GuardViolation(String what, @Nullable Throwable cause) {
            super(what, cause);
            this.what = what;
        }
    }
}

package dev.tidemark.internal.store;

import dev.tidemark.UnitTimes;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.Fatal;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.plan.UnitRefusedException;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One transaction that holds the handler's effects and, as its last statement, the advance of the offsets. Whatever happens, it
 * ends as an {@link UnitOutcome}; nothing is thrown but the errors of a virtual machine that is going down.
 */
public final class UnitTransaction {
    private static final Logger LOG = LoggerFactory.getLogger(UnitTransaction.class);

    /** What is to happen inside the transaction. */
    @FunctionalInterface
    public interface Effects {
        /** Answers how the unit ends if nothing was thrown. */
        UnitEnd apply(Handle tx) throws Exception;
    }

    private final String groupId;
    private final UnitOffsets offsets;
    private final UnitFailures failures;
    private final UnitEndWriter endings;
    private final WorkerSession session;
    private final Duration transactionIdleTimeout;
    private final UnitClock clock = new UnitClock();

    /** Whether the last transaction failed because another one holds an offset row. */
    private boolean isRowLocked;

    /** Whether a time limit that is not the session's own kept the last unit from ending. */
    private boolean endCancelled;

    private boolean warned;
    private boolean wrote;
    private boolean readyToWrite;
    private boolean wroteToForeignTable;
    private boolean cleanSession;

    /**
     * @param owner the name under which records are parked
     * @param transactionIdleTimeout how long this transaction may wait for us before the server ends it, so that a stopped process does not
     *     hold the locks of its effects for ever
     */
    public UnitTransaction(Schema schema, String groupId, String owner, WorkerSession session, Duration transactionIdleTimeout) {
        this.groupId = groupId;
        this.offsets = new UnitOffsets(schema, groupId, session, transactionIdleTimeout);
        this.failures = new UnitFailures(schema, groupId, session);
        this.endings = new UnitEndWriter(schema, groupId, owner);
        this.session = session;
        this.transactionIdleTimeout = transactionIdleTimeout;
    }

    /**
     * Whether the effects of the last transaction that was watched wrote a row of a table. One that did not, as it passes its record
     * over, proves nothing about one that fails to.
     */
    public boolean wrote() {
        return wrote;
    }

    /** Whether the effects of the last transaction that was watched wrote to a foreign table. */
    public boolean wroteToForeignTable() {
        return wroteToForeignTable;
    }

    /** Whether the effects of the last transaction that was watched came as far as a table to write to, if only to find nothing to write. */
    public boolean wasReadyToWrite() {
        return readyToWrite;
    }

    /** Whether no handler had left anything in the session of the last transaction. */
    public boolean wasCleanSession() {
        return cleanSession;
    }

    /** The next transaction is to find nothing of what earlier ones left in their session. */
    public void takeCleanSession() {
        session.takeClean();
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
        OpenUnit unit;
        try {
            unit = session.begin(clock.start(), claims);
        } catch (SQLException e) {
            clock.stop();
            UnitOutcome outcome = ofOwnStatement(e);
            session.discard();
            return outcome;
        }
        try {
            UnitOutcome outcome = attempt(claims, terms, effects, unit);
            clock.stop();
            if (outcome instanceof UnitOutcome.Committed) {
                session.silence().answered();
            }
            cleanUp(outcome, terms);
            return outcome instanceof UnitOutcome.Troubled troubled && isRowLocked ? held(claims, troubled) : outcome;
        } catch (Throwable e) {
            // Whatever state this connection is in, it must not come to a commit.
            session.discard();
            throw e;
        } finally {
            session.end(unit);
        }
    }

    /** Finds out which offset rows another transaction holds, so that the other partitions need not wait for them. */
    private UnitOutcome held(Collection<Claim> claims, UnitOutcome.Troubled troubled) {
        Set<TopicPartition> held = new HashSet<>();
        claims.forEach(claim -> held.add(claim.partition()));
        try {
            held.removeAll(offsets.free(session.connection(), claims, UnitTerms.LITTLE_PATIENCE));
            session.rollback();
        } catch (SQLException e) {
            LOG.debug("could not see which offset rows are held: {}", FailureWords.describe(e));
            session.discard();
        }
        // Those that came free meanwhile are tried again at once, as the others are.
        return held.isEmpty() ? troubled : new UnitOutcome.Troubled(troubled.code(), troubled.cause(), held);
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
                || (outcome instanceof UnitOutcome.Troubled t && t.code() != ErrorCode.CONTENTION && !isRowLocked)
                // A COPY left open would make a rollback wait for ever.
                || (!committed && session.isUnwrapped());
        if (doubtful) {
            session.discard();
        } else if (!committed) {
            session.rollback();
        }
    }

    private UnitOutcome attempt(Collection<Claim> claims, UnitTerms terms, Effects effects, OpenUnit unit) {
        isRowLocked = false;
        Connection connection;
        BegunUnit start;
        WrittenRows before;
        try {
            connection = session.connection();
            cleanSession = session.isClean();
            warnOfTimeLimit();
            start = offsets.begin(connection, claims);
            if (terms.lockTimed()) {
                LockTimeout.belowTimeLimits(connection);
            }
            session.allowLongReads();
            before = terms.watched() ? WrittenRows.of(connection) : WrittenRows.NOTHING;
        } catch (SQLException e) {
            return ofOwnStatement(e);
        }
        if (start.held().size() < claims.size()) {
            return new UnitOutcome.Fenced(missing(claims, start.held()));
        }
        clock.next();

        UnitEnd end;
        try {
            session.handlerRuns();
            end = guarded(effects);
            if (terms.watched()) {
                WrittenRows after = WrittenRows.of(connection);
                wrote = after.rows().isEmpty()
                        || after.rows().getAsLong() > before.rows().orElse(0);
                wroteToForeignTable = after.foreign() > before.foreign();
                readyToWrite = wrote || after.tables() > before.tables();
            }
            if (terms.trial()) {
                // What is deferred to the commit would fail there.
                Schema.execute(connection, "set constraints all immediate");
            }
        } catch (UnitRefusedException e) {
            return e.outcome();
        } catch (Throwable e) {
            Fatal.rethrow(e);
            return failures.ofHandler(e, unit, terms);
        }
        clock.next();
        if (unit.isCancelled()) {
            SQLException late = new SQLException("the unit ran past its deadline", "57014");
            return unit.isCut()
                    ? new UnitOutcome.Troubled(ErrorCode.DATABASE_UNAVAILABLE, late)
                    : UnitFailures.handlerFailed(ErrorCode.DEADLINE_PASSED, late);
        }
        return terms.trial()
                ? new UnitOutcome.Committed(Map.of())
                : end(connection, start, end, terms.lockPatience(), unit, claims);
    }

    private void warnOfTimeLimit() {
        Duration limit = session.statementTimeout();
        if (!warned && !limit.isZero() && limit.compareTo(transactionIdleTimeout) < 0) {
            warned = true;
            LOG.warn(
                    "statement_timeout is shorter than transactionIdleTimeout, so that statements are cancelled while they wait for the locks of"
                            + " a process that stopped; they are tried again group={} statement_timeout={} transaction_idle_timeout={}",
                    groupId,
                    limit,
                    transactionIdleTimeout);
        }
    }

    private UnitOutcome end(
            Connection connection,
            BegunUnit start,
            UnitEnd end,
            Duration patience,
            OpenUnit unit,
            Collection<Claim> claims) {
        Map<Claim, Position> moves;
        boolean advancing = false;
        try {
            Optional<OffsetStoreException> unlogged =
                    session.isLookDue() ? UnloggedEffects.find(connection, groupId) : Optional.empty();
            if (unlogged.isPresent()) {
                return new UnitOutcome.StoreFailed(unlogged.get());
            }
            if (end.locksRows()) {
                LockTimeout.belowTimeLimits(connection);
            }
            Optional<Map<Claim, Position>> written = endings.write(connection, end, start.transactionId());
            moves = written.orElse(Map.of());
            advancing = true;
            Set<TopicPartition> moved =
                    moves.isEmpty() ? Set.of() : offsets.advance(connection, moves, start.transactionId(), patience);
            if (written.isEmpty() || moved.size() < moves.size()) {
                return transactionId(connection).equals(start.transactionId())
                        ? new UnitOutcome.Fenced(missing(moves.keySet(), moved))
                        : new UnitOutcome.TransactionBroken(
                                "the handler ended the transaction by SQL, so its effects may be torn from the offset",
                                null);
            }
        } catch (SQLException e) {
            SqlFacts facts = SqlFailures.facts(e);
            if (facts.is("25P02")) {
                return UnitFailures.ofFailedTransaction(e);
            }
            if (facts.is("25P03") || (facts.is("25P04") && clock.isMostlyHandling())) {
                // It was in the handler's hands for so long.
                return UnitFailures.handlerFailed(ErrorCode.DEADLINE_PASSED, e);
            }
            // A time limit may be shorter than the patience.
            isRowLocked = advancing && facts.is("55P03", "57014");
            boolean cancelled = facts.is("57014") && !unit.isCancelled() && isLongerThan(patience);
            boolean again = cancelled && endCancelled;
            endCancelled = cancelled;
            UnitOutcome outcome = ofOwnStatement(e);
            boolean lasting = outcome instanceof UnitOutcome.StoreFailed || facts.is("25006") || again;
            return lasting && endsWithoutHandler(claims, end, patience)
                    ? new UnitOutcome.TransactionBroken(
                            "the handler changed the role or a setting of the session, so that the offset cannot be stored (SQLSTATE "
                                    + facts.sqlState() + ")",
                            e)
                    : outcome;
        }
        clock.next();
        return unit.enterCommit()
                ? commit(connection, moves)
                // The handler had returned in time: what took so long since is no fault of its records.
                : new UnitOutcome.Troubled(
                        ErrorCode.DATABASE_UNAVAILABLE, new SQLException("the advance ran past the deadline", "57014"));
    }

    /** Whether the session's own time limit leaves room for this wait, which then ends in its own way. */
    private boolean isLongerThan(Duration patience) {
        Duration limit = session.statementTimeout();
        return limit.isZero() || limit.compareTo(patience) > 0;
    }

    /** Whether the same end can be written where no handler came before it; writes nothing. */
    private boolean endsWithoutHandler(Collection<Claim> claims, UnitEnd end, Duration patience) {
        session.rollback();
        try {
            Connection connection = session.connection();
            BegunUnit start = offsets.begin(connection, claims);
            Map<Claim, Position> moves =
                    endings.write(connection, end, start.transactionId()).orElse(Map.of());
            return !moves.isEmpty()
                    && offsets.advance(connection, moves, start.transactionId(), patience)
                                    .size()
                            == moves.size();
        } catch (SQLException e) {
            LOG.debug("the unit cannot be ended without its effects either: {}", FailureWords.describe(e));
            return false;
        } finally {
            session.rollback();
        }
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

    private UnitOutcome commit(Connection connection, Map<Claim, Position> moves) {
        try {
            Schema.commit(connection);
            endCancelled = false;
            return new UnitOutcome.Committed(moves);
        } catch (SQLException e) {
            SqlFacts facts = SqlFailures.facts(e);
            if (!FailureKind.commitCertainlyFailed(facts, session.goesOn())) {
                return new UnitOutcome.CommitUnknown(e);
            }
            FailureKind kind = FailureKind.of(facts);
            return kind == FailureKind.HANDLER
                    ? new UnitOutcome.HandlerFailed(ErrorCode.HANDLER_FAILED, e, facts, true)
                    : new UnitOutcome.Troubled(kind.code(facts), e);
        }
    }

    /** How a unit ends in which a statement of the store failed, one that no handler has a part in. */
    public UnitOutcome ofOwnStatement(SQLException e) {
        return failures.ofOwnStatement(e);
    }

    private static String transactionId(Connection connection) throws SQLException {
        try (PreparedStatement s = Schema.prepare(connection, "select pg_current_xact_id()::text");
                ResultSet r = s.executeQuery()) {
            return r.next() ? r.getString(1) : "";
        }
    }

    private static Set<TopicPartition> missing(Collection<Claim> all, Set<TopicPartition> present) {
        Set<TopicPartition> missing = new HashSet<>();
        all.forEach(claim -> missing.add(claim.partition()));
        missing.removeAll(present);
        return missing;
    }
}

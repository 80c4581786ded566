package dev.tidemark.internal.store.transaction;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.table.BegunUnit;
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
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends units whose effects succeeded: writes their end, advances their offsets, as the last statement, and commits. Used by one worker. */
final class UnitCompletion {
    private static final Logger LOG = LoggerFactory.getLogger(UnitCompletion.class);

    private static final int TRIALS = 3;

    private final String groupId;
    private final UnitOffsets offsets;
    private final UnitEndWriter endings;
    private final UnitFailures failures;
    private final WorkerSession session;
    private final UnitClock clock;
    private final ChangedLimit limit = new ChangedLimit();

    /** Whether the last transaction failed because another one holds an offset row. */
    private boolean isRowLocked;

    UnitCompletion(
            String groupId,
            UnitOffsets offsets,
            UnitEndWriter endings,
            UnitFailures failures,
            WorkerSession session,
            UnitClock clock) {
        this.groupId = groupId;
        this.offsets = offsets;
        this.endings = endings;
        this.failures = failures;
        this.session = session;
        this.clock = clock;
    }

    /** What the store does in a unit after the handler. */
    @FunctionalInterface
    interface OwnWork {
        /** Returns whether it had the result that it should have. */
        boolean run(Connection connection, BegunUnit start) throws SQLException;
    }

    /** A transaction is about to begin. */
    void begin() {
        isRowLocked = false;
    }

    /** It has begun. */
    void begun(Connection connection, Collection<Claim> claims) throws SQLException {
        limit.begun(connection, claims);
    }

    /** Its handler has returned. */
    void handled(Connection connection) throws SQLException {
        limit.handled(connection);
    }

    /** Whether the last transaction failed because another one holds an offset row. */
    boolean isRowLocked() {
        return isRowLocked;
    }

    /**
     * Writes how the unit ends, advances its offsets and commits.
     *
     * @param patience how long the advance may wait for rows that another transaction holds
     */
    UnitOutcome end(
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
                    session.connection().isLookDue() ? UnloggedEffects.find(connection, groupId) : Optional.empty();
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
                                "the handler ended the transaction by SQL, so its effects and the offset may not have committed together",
                                null);
            }
            offsets.givenUp(connection, end.givenUp());
        } catch (SQLException e) {
            SqlFacts facts = SqlFailures.facts(e);
            unit.failed(e);
            if (facts.is("25P02")) {
                return failures.ofFailedTransaction(e, unit);
            }
            if (facts.is("25P03") || (facts.is("25P04") && clock.isMostlyHandling())) {
                // The time was spent in the handler.
                return UnitFailures.handlerFailed(unit, ErrorCode.DEADLINE_PASSED, e);
            }
            // A time limit may be shorter than the patience.
            isRowLocked = advancing && facts.is("55P03", "57014");
            if (facts.is("57014") && !unit.isCancelled()) {
                return ofCancelled(e, claims, (c, begun) -> ends(c, begun, end, patience), patience);
            }
            UnitOutcome outcome = failures.ofOwnStatement(e);
            boolean lasting = outcome instanceof UnitOutcome.StoreFailed || facts.is("25006");
            return lasting && succeedsAlone(claims, (c, begun) -> ends(c, begun, end, patience))
                    ? settingChanged(e)
                    : outcome;
        }
        clock.next();
        return unit.enterCommit()
                ? commit(connection, end, moves)
                // The handler had returned in time: the delay since then is not the fault of its records.
                : new UnitOutcome.Transient(
                        ErrorCode.DATABASE_UNAVAILABLE, new SQLException("the advance ran past the deadline", "57014"));
    }

    /**
     * How a unit ends in which a time limit cancelled a statement of the store after the handler. That is the handler's doing only if
     * it has set the limit, and the statement is cancelled under it and not without it: a server that stalls cancels any.
     */
    UnitOutcome ofCancelled(SQLException e, Collection<Claim> claims, OwnWork work, Duration patience) {
        limit.cancelled(claims);
        UnitOutcome outcome = failures.ofOwnStatement(e);
        Optional<String> changed = limit.changed();
        if (changed.isPresent() && isTooShort(changed.get(), claims, work)) {
            return settingChanged(e);
        }
        if (isLongerThan(patience)) {
            // A handler may have set another limit for the whole session.
            session.connection().discard();
        }
        return outcome;
    }

    private static UnitOutcome settingChanged(SQLException e) {
        return UnitOutcome.TransactionBroken.refused(
                "the handler changed the role or a setting of the session, or created a temporary object named like one of the"
                        + " store's, so that the offset cannot be stored (SQLSTATE "
                        + SqlFailures.facts(e).sqlState() + ")",
                e,
                true);
    }

    /** Whether the session's own time limit leaves time for this wait, which then ends with its own SQLSTATE. */
    private boolean isLongerThan(Duration patience) {
        Duration own = session.connection().settings().statementTimeout();
        return own.isZero() || own.compareTo(patience) > 0;
    }

    /** Whether the same succeeds without a handler before it; writes nothing. */
    private boolean succeedsAlone(Collection<Claim> claims, OwnWork work) {
        try {
            return isDone(claims, work, null);
        } catch (SQLException e) {
            LOG.debug("the unit cannot be ended without its effects either: {}", FailureWords.describe(e));
            return false;
        }
    }

    /** Whether this limit, and nothing else, cancels it; a busy server now and then takes long for anything. */
    private boolean isTooShort(String limit, Collection<Claim> claims, OwnWork work) {
        for (int i = 0; i < TRIALS; i++) {
            if (!succeedsAlone(claims, work) || !isCancelledUnder(limit, claims, work)) {
                return false;
            }
        }
        return true;
    }

    private boolean isCancelledUnder(String changed, Collection<Claim> claims, OwnWork work) {
        try {
            boolean unused = isDone(claims, work, changed);
            return false;
        } catch (SQLException e) {
            return SqlFailures.facts(e).is("57014");
        }
    }

    private boolean isDone(Collection<Claim> claims, OwnWork work, @Nullable String timeLimit) throws SQLException {
        session.connection().rollback();
        try {
            Connection connection = session.connection().get();
            BegunUnit start = offsets.begin(connection, claims);
            if (timeLimit != null) {
                ChangedLimit.set(connection, timeLimit);
            }
            return work.run(connection, start);
        } finally {
            session.connection().rollback();
        }
    }

    private boolean ends(Connection connection, BegunUnit start, UnitEnd end, Duration patience) throws SQLException {
        Map<Claim, Position> moves =
                endings.write(connection, end, start.transactionId()).orElse(Map.of());
        if (moves.isEmpty()
                || offsets.advance(connection, moves, start.transactionId(), patience)
                                .size()
                        < moves.size()) {
            return false;
        }
        offsets.givenUp(connection, end.givenUp());
        return true;
    }

    private UnitOutcome commit(Connection connection, UnitEnd end, Map<Claim, Position> moves) {
        try {
            Schema.commit(connection);
            limit.committed(moves.keySet());
            return new UnitOutcome.Committed(moves);
        } catch (SQLException e) {
            SqlFacts facts = SqlFailures.facts(e);
            if (!FailureKind.commitCertainlyFailed(facts, session.connection().isUsable())) {
                return new UnitOutcome.CommitUnknown(e);
            }
            FailureKind kind = FailureKind.of(facts);
            if (kind == FailureKind.HANDLER && (end instanceof UnitEnd.Park || end instanceof UnitEnd.Skip)) {
                // Only rows of the store were written: a deferred constraint or trigger on its tables.
                return failures.ofOwnStatement(e);
            }
            return kind == FailureKind.HANDLER
                    ? new UnitOutcome.HandlerFailed(ErrorCode.HANDLER_FAILED, e, facts, true)
                    : new UnitOutcome.Transient(kind.code(facts), e);
        }
    }

    private static String transactionId(Connection connection) throws SQLException {
        try (PreparedStatement s = Schema.prepare(connection, "select pg_current_xact_id()::pg_catalog.text");
                ResultSet r = s.executeQuery()) {
            return r.next() ? r.getString(1) : "";
        }
    }

    /** The partitions of the claims that are not present. */
    static Set<TopicPartition> missing(Collection<Claim> all, Set<TopicPartition> present) {
        Set<TopicPartition> missing = new HashSet<>();
        all.forEach(claim -> missing.add(claim.partition()));
        missing.removeAll(present);
        return missing;
    }
}

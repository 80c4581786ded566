package dev.tidemark.internal.store.transaction;

import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.table.AdvanceTerms;
import dev.tidemark.internal.store.table.BeginTerms;
import dev.tidemark.internal.store.table.BegunUnit;
import dev.tidemark.internal.store.table.OffsetAdvances;
import dev.tidemark.internal.store.table.SingleOffset;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * Checks the claims at the beginning of a unit and advances them at its end, with the statements that suit its session. Used by one
 * worker.
 */
final class UnitOffsets {
    private final OffsetAdvances offsets;
    private final SingleOffset serializable;
    private final WorkerSession session;
    private final KeptStatements kept;
    private final Duration transactionIdleTimeout;

    UnitOffsets(
            Schema schema,
            String groupId,
            WorkerSession session,
            KeptStatements kept,
            Duration transactionIdleTimeout) {
        this.offsets = new OffsetAdvances(schema, groupId);
        this.serializable = SingleOffset.serializable(schema, groupId);
        this.session = session;
        this.kept = kept;
        this.transactionIdleTimeout = transactionIdleTimeout;
    }

    /** For how long the server lets the client of a unit be silent. */
    Duration idleTimeout() {
        return transactionIdleTimeout;
    }

    /** Begins a unit: which of the claims are still held, and the transaction's id. */
    BegunUnit begin(Connection connection, Collection<Claim> claims) throws SQLException {
        BeginTerms terms =
                new BeginTerms(transactionIdleTimeout.toMillis(), session.applicationName(), kept.areAllowed());
        return session.isSerializable() && claims.size() == 1
                ? serializable.begin(connection, claims.iterator().next(), terms)
                : offsets.begin(connection, claims, terms);
    }

    /** Moves the claims; returns the partitions that moved. */
    Set<TopicPartition> advance(
            Connection connection, Map<Claim, Position> moves, String transactionId, Duration patience)
            throws SQLException {
        AdvanceTerms unit = new AdvanceTerms(transactionId, patience, kept.areAllowed());
        if (session.isSerializable() && moves.size() == 1) {
            Map.Entry<Claim, Position> move = moves.entrySet().iterator().next();
            return serializable.advance(connection, move.getKey(), move.getValue(), unit);
        }
        return offsets.advance(connection, moves, unit);
    }

    /** Stores how many records of these claims, which have been advanced in this transaction, were given up. */
    void givenUp(Connection connection, Map<Claim, GivenUp> counts) throws SQLException {
        if (!counts.isEmpty()) {
            offsets.givenUp(connection, counts);
        }
    }

    /** Which of the claims' rows no other transaction holds. */
    Set<TopicPartition> free(Connection connection, Collection<Claim> claims, Duration patience) throws SQLException {
        return offsets.free(connection, claims, patience);
    }
}

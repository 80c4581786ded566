package dev.tidemark.internal.store.transaction;

import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.store.connection.WorkerConnection;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.offsets.Claim;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out which offset rows another transaction holds, so that the other partitions need not wait for them. Used by one worker. */
final class HeldRows {
    private static final Logger LOG = LoggerFactory.getLogger(HeldRows.class);

    private final UnitOffsets offsets;
    private final WorkerConnection connection;

    HeldRows(UnitOffsets offsets, WorkerConnection connection) {
        this.offsets = offsets;
        this.connection = connection;
    }

    /** How a unit ends that failed since rows of these claims were held. */
    UnitOutcome of(Collection<Claim> claims, UnitOutcome.Transient failure) {
        Set<TopicPartition> held = new HashSet<>();
        claims.forEach(claim -> held.add(claim.partition()));
        try {
            held.removeAll(offsets.free(connection.get(), claims, UnitTerms.LITTLE_PATIENCE));
            connection.rollback();
        } catch (SQLException e) {
            LOG.debug("could not see which offset rows are held: {}", FailureWords.describe(e));
            connection.discard();
        }
        // Those that became free in the meantime are retried at once, like the others.
        return held.isEmpty() ? failure : new UnitOutcome.Transient(failure.code(), failure.cause(), held);
    }
}

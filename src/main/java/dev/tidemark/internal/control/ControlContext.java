package dev.tidemark.internal.control;

import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.connection.ControlConnection.Work;
import dev.tidemark.internal.store.schema.StoreIdentity;
import dev.tidemark.offsets.Claim;
import java.sql.SQLException;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * What the tasks of the control thread share.
 *
 * @param held the claims in force, including those of halted or paused partitions
 * @param idle those of partitions that are being read and have nothing to do
 */
record ControlContext(
        ControlOptions options,
        ControlConnection connection,
        TopicLookup lookup,
        ControlEvents events,
        ControlTasks tasks,
        ClaimStore store,
        StoreIdentity identity,
        Supplier<Map<TopicPartition, Claim>> held,
        Supplier<Map<TopicPartition, Claim>> idle) {
    String groupId() {
        return options.groupId();
    }

    /** A transaction in the right store: the connection may have been replaced since the last one. */
    <T extends @Nullable Object> T inStore(Work<T> work) throws SQLException {
        return connection.inTransaction(c -> {
            identity.check(c);
            return work.apply(c);
        });
    }
}

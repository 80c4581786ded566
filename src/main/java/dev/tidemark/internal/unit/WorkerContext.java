package dev.tidemark.internal.unit;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.queue.UnitSource;
import dev.tidemark.internal.store.transaction.PartitionNotes;
import dev.tidemark.internal.store.transaction.UnitTransaction;

/**
 * What a worker's units share.
 *
 * @param history shared by all workers of a consumer
 * @param identities checked before each commit
 */
public record WorkerContext<K, V>(
        String groupId,
        UnitSource units,
        UnitLimits limits,
        UnitHandler<K, V> handler,
        FailurePolicy policy,
        UnitTransaction transaction,
        PartitionNotes notes,
        SuspectedRecords suspected,
        HandlerHistory history,
        IdentityCheck identities,
        WorkerEvents events,
        SafeInterceptors interceptors,
        ListenerReports reports) {}

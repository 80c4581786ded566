package dev.tidemark.internal.run;

import dev.tidemark.RedriveResult;
import dev.tidemark.internal.queue.RecordDecoder;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.lock.BlockerWatch;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.table.DeadLetterTable;
import dev.tidemark.internal.store.transaction.PartitionNotes;
import dev.tidemark.internal.store.transaction.UnitTransaction;
import dev.tidemark.internal.unit.ListenerReports;
import dev.tidemark.internal.unit.Redrive;
import dev.tidemark.internal.unit.SafeInterceptors;
import dev.tidemark.internal.unit.SafeListeners;
import java.util.Collection;
import java.util.List;

/** Redrives dead letters with a consumer's handler, on a connection of its own and the caller's thread. */
final class DeadLetterRedrive<K, V> {
    private final EngineOptions<K, V> options;
    private final String owner;
    private final SafeListeners listeners;

    DeadLetterRedrive(EngineOptions<K, V> options, String owner, SafeListeners listeners) {
        this.options = options;
        this.owner = owner;
        this.listeners = listeners;
    }

    List<RedriveResult> redrive(Collection<Long> ids) {
        String groupId = options.groupId();
        String name = OwnerNames.applicationName(BlockerWatch.NAME_PREFIX, OwnerNames.instanceId(), 0, groupId);
        try (WorkerSession session = new WorkerSession(
                        options.store().dataSource(),
                        name,
                        options.work().deadline(),
                        options.store().networkTimeout());
                RecordDecoder<K, V> decoder = options.work().decoders().get()) {
            Schema schema = options.store().schema();
            UnitTransaction transaction = new UnitTransaction(
                    schema, groupId, owner, session, options.store().transactionIdleTimeout());
            Redrive<K, V> redrive = new Redrive<>(
                    groupId,
                    options.work().limits(),
                    options.work().handler(),
                    decoder,
                    transaction,
                    new PartitionNotes(schema, groupId, session, transaction),
                    new DeadLetterTable(schema, groupId),
                    new SafeInterceptors(groupId, options.interceptors()),
                    new ListenerReports(groupId, listeners));
            return redrive.redriveAll(ids);
        }
    }
}

package dev.tidemark.internal.unit;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.queue.UnitSource;
import dev.tidemark.internal.store.transaction.PartitionNotes;
import dev.tidemark.internal.store.transaction.UnitTransaction;
import dev.tidemark.internal.thread.HandlerThread;
import dev.tidemark.internal.thread.HandlerThread.End;
import dev.tidemark.internal.thread.HandlerThread.Way;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What a worker's units share.
 *
 * @param history shared by all workers of a consumer
 * @param identities checked before each commit
 * @param thread where records are decoded and handled
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
        ListenerReports reports,
        HandlerThread thread) {
    private static final Set<ErrorCode> LACKS =
            Set.of(ErrorCode.DATABASE_UNAVAILABLE, ErrorCode.DEPENDENCY_UNAVAILABLE, ErrorCode.UNIT_WAITS);

    /**
     * Whether what ended like this ran where others had run before, so that it may have failed for what they left on the thread or, if
     * it reached the handler, in the session.
     */
    boolean ranWhereOthersDid(UnitOutcome outcome) {
        boolean decoded = !(outcome instanceof UnitOutcome.Undecodable);
        return thread.wasUsed() || (decoded && transaction.ranInUsedSession());
    }

    /** Runs a transaction with its handler, or only decodes, where foreign code runs. */
    UnitOutcome onHandlerThread(Supplier<UnitOutcome> work) {
        return thread.call(work, this::end, transaction::takeCleanSession);
    }

    // What is transient may be what the new thread lacks, such as a connection of its own.
    private End end(UnitOutcome outcome) {
        SqlFacts failure = outcome.failure();
        if (outcome instanceof UnitOutcome.Committed) {
            return new End(Way.SUCCEEDED, "");
        } else if (units.isStopped()) {
            return new End(Way.OTHER, "");
        } else if (outcome instanceof UnitOutcome.Transient passing && LACKS.contains(passing.code())) {
            return new End(Way.FAILED_FOR_NOW, "");
        } else if (outcome instanceof UnitOutcome.TransactionBroken broken && broken.refused()) {
            return new End(Way.FAILED, broken.how());
        }
        return failure == null ? new End(Way.OTHER, "") : new End(Way.FAILED, failure.kind());
    }

    /** Whether what an old session has cached may explain this failure of the last transaction. */
    boolean mayBeOfOldSession(SqlFacts failure) {
        return transaction.ranInUsedSession() && failure.mayBeOfOldSession();
    }

    /**
     * The next transaction runs on a new thread, and if the last one used its session, in one that no handler has used.
     *
     * @param failure how it has failed where others had run before, as {@link SqlFacts#kind} says
     */
    void takeCleanPlace(String failure) {
        transaction.takeCleanSession();
        thread.renew(failure);
    }
}

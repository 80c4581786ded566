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
        return thread.call(work, WorkerContext::end);
    }

    private static End end(UnitOutcome outcome) {
        if (outcome instanceof UnitOutcome.Committed) {
            return End.SUCCEEDED;
        } else if (outcome instanceof UnitOutcome.HandlerFailed || outcome instanceof UnitOutcome.Undecodable) {
            return End.FAILED;
        }
        return outcome instanceof UnitOutcome.Transient passing && LACKS.contains(passing.code())
                ? End.LACKED
                : End.OTHER;
    }

    /** Whether what an old session has cached may explain this failure of the last transaction. */
    boolean mayBeOfOldSession(SqlFacts failure) {
        return transaction.ranInUsedSession() && failure.mayBeOfOldSession();
    }

    /** The next transaction runs on a new thread, and if the last one used its session, in one that no handler has used. */
    void takeCleanPlace() {
        transaction.takeCleanSession();
        thread.renew();
    }
}

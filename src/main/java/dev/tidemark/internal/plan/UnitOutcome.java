package dev.tidemark.internal.plan;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** How a unit of work ended. Everything but {@link Committed} and {@link CommitUnknown} was rolled back. */
public sealed interface UnitOutcome {
    /** See {@link Reaction#fold}. */
    <R> R fold(Cases<R> cases);

    /** What a failure of records shows; null for other outcomes. */
    default @Nullable SqlFacts failure() {
        return null;
    }

    /** One method per case. */
    interface Cases<R> {
        /** See {@link Committed}. */
        R committed(Committed outcome);

        /** See {@link Fenced}. */
        R fenced(Fenced outcome);

        /** See {@link CommitUnknown}. */
        R commitUnknown(CommitUnknown outcome);

        /** See {@link Transient}. */
        R transientFailure(Transient outcome);

        /** See {@link HandlerFailed}. */
        R handlerFailed(HandlerFailed outcome);

        /** See {@link Undecodable}. */
        R undecodable(Undecodable outcome);

        /** See {@link Refused}. */
        R refused(Refused outcome);

        /** See {@link TransactionBroken}. */
        R transactionBroken(TransactionBroken outcome);

        /** See {@link StoreFailed}. */
        R storeFailed(StoreFailed outcome);
    }

    /** COMMIT was acknowledged; each of these claims is at that position now. */
    record Committed(Map<Claim, Position> moves) implements UnitOutcome {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.committed(this);
        }
    }

    /** These partitions are no longer ours; the others of the unit still are. */
    record Fenced(Set<TopicPartition> lost) implements UnitOutcome {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.fenced(this);
        }
    }

    /** COMMIT was sent, and whether it took effect is unknown. */
    record CommitUnknown(Throwable cause) implements UnitOutcome {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.commitUnknown(this);
        }
    }

    /**
     * A transient failure before COMMIT was sent.
     *
     * @param code what is unavailable, or {@link ErrorCode#CONTENTION}
     * @param held the partitions whose offset rows another transaction holds; the others of the unit need not wait. Empty if the
     *     cause is something else
     */
    record Transient(ErrorCode code, Throwable cause, Set<TopicPartition> held) implements UnitOutcome {
        /** A transient failure of the whole unit. */
        public Transient(ErrorCode code, Throwable cause) {
            this(code, cause, Set.of());
        }

        /** Whether it conflicted with another transaction. */
        public boolean isContention() {
            return code == ErrorCode.CONTENTION;
        }

        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.transientFailure(this);
        }
    }

    /**
     * The handler failed, or its data did.
     *
     * @param code distinguishes a passed deadline from other failures
     * @param facts what the cause shows
     * @param atCommit whether it appeared only at the COMMIT, which certainly did not take effect
     */
    record HandlerFailed(ErrorCode code, Throwable cause, SqlFacts facts, boolean atCommit) implements UnitOutcome {
        /** Before the COMMIT. */
        public HandlerFailed(ErrorCode code, Throwable cause, SqlFacts facts) {
            this(code, cause, facts, false);
        }

        /** Whether a time limit is the reason, which a wait for a lock, or a server that stood still, may have used up. */
        public boolean isOfTimeLimit() {
            return facts.isTimeLimit() || code == ErrorCode.DEADLINE_PASSED;
        }

        @Override
        public SqlFacts failure() {
            return facts;
        }

        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.handlerFailed(this);
        }
    }

    /**
     * The first record cannot be decoded, so that no transaction was begun.
     *
     * @param side key or value
     * @param facts what the cause shows
     */
    record Undecodable(String side, Throwable cause, SqlFacts facts) implements UnitOutcome {
        @Override
        public SqlFacts failure() {
            return facts;
        }

        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.undecodable(this);
        }
    }

    /** Something outside the handler keeps the partitions of these topics from continuing; of all its topics if there are none. */
    record Refused(TidemarkException error, Set<String> topics) implements UnitOutcome {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.refused(this);
        }
    }

    /**
     * The handler ended the transaction, or continued after a failed statement; the cause is null if nothing was thrown.
     *
     * @param undone whether nothing of it can have taken effect, so that its records may be tried one by one
     * @param refused whether the handler was kept from what it tried, so that it may be tried where it had what it lacked
     */
    record TransactionBroken(String how, @Nullable Throwable cause, boolean undone, boolean refused)
            implements UnitOutcome {
        /** Some of it may have taken effect. */
        public TransactionBroken(String how, @Nullable Throwable cause) {
            this(how, cause, false, false);
        }

        /** The handler was kept from what it tried, if that is so. */
        public static TransactionBroken refused(String how, @Nullable Throwable cause, boolean refused) {
            return new TransactionBroken(how, cause, false, refused);
        }

        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.transactionBroken(this);
        }
    }

    /** The store itself cannot work: no schema, no right. */
    record StoreFailed(TidemarkException error) implements UnitOutcome {
        @Override
        public <R> R fold(Cases<R> cases) {
            return cases.storeFailed(this);
        }
    }
}

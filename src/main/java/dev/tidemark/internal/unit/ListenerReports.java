package dev.tidemark.internal.unit;

import dev.tidemark.FailureAction;
import dev.tidemark.TidemarkListener.Outcome;
import dev.tidemark.TidemarkListener.RecordsGivenUp;
import dev.tidemark.TidemarkListener.Retry;
import dev.tidemark.TidemarkListener.RetryCause;
import dev.tidemark.TidemarkListener.Unit;
import dev.tidemark.UnitTimes;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/** Reports the results of units to the listeners; costs next to nothing if there are none. Thread-safe. */
public final class ListenerReports {
    private final String groupId;
    private final SafeListeners listeners;

    public ListenerReports(String groupId, SafeListeners listeners) {
        this.groupId = groupId;
        this.listeners = listeners;
    }

    /** A transaction of the handler has ended. */
    void ended(UnitOutcome outcome, Supplier<Map<TopicPartition, Integer>> records, Supplier<UnitTimes> times) {
        if (!listeners.isEmpty()) {
            listeners.unitEnded(unit(outcome, records.get(), times.get()));
        }
    }

    /** A transaction that has ended. */
    Unit unit(UnitOutcome outcome, Map<TopicPartition, Integer> records, UnitTimes times) {
        return new Unit(groupId, outcome.fold(Named.INSTANCE), records, times);
    }

    /** A trial that has ended. */
    Unit trial(TopicPartition partition, UnitTimes times) {
        return new Unit(groupId, Outcome.TRIAL, Map.of(partition, 1), times);
    }

    void retrying(Collection<Claim> claims, RetryCause cause, ErrorCode code, Duration delay) {
        listeners.retrying(new Retry(
                groupId,
                claims.stream().map(Claim::partition).collect(Collectors.toUnmodifiableSet()),
                cause,
                code,
                delay));
    }

    void gaveUp(TopicPartition partition, long offset, FailureAction how, ErrorCode code) {
        RecordsGivenUp record = new RecordsGivenUp(groupId, partition, offset, 1, Optional.of(code));
        if (how instanceof FailureAction.Park || how instanceof FailureAction.ParkKey) {
            listeners.parked(record);
        } else {
            listeners.skipped(record);
        }
    }

    void followed(TopicPartition partition, long offset, int records) {
        if (records > 0) {
            listeners.parked(new RecordsGivenUp(groupId, partition, offset, records, Optional.empty()));
        }
    }

    private static final class Named implements UnitOutcome.Cases<Outcome> {
        private static final Named INSTANCE = new Named();

        @Override
        public Outcome committed(UnitOutcome.Committed outcome) {
            return Outcome.COMMITTED;
        }

        @Override
        public Outcome fenced(UnitOutcome.Fenced outcome) {
            return Outcome.FENCED;
        }

        @Override
        public Outcome commitUnknown(UnitOutcome.CommitUnknown outcome) {
            return Outcome.IN_DOUBT;
        }

        @Override
        public Outcome transientFailure(UnitOutcome.Transient outcome) {
            return outcome.isContention() ? Outcome.CONTENTION : Outcome.TRANSIENT;
        }

        @Override
        public Outcome handlerFailed(UnitOutcome.HandlerFailed outcome) {
            return Outcome.FAILED;
        }

        @Override
        public Outcome undecodable(UnitOutcome.Undecodable outcome) {
            return Outcome.FAILED;
        }

        @Override
        public Outcome refused(UnitOutcome.Refused outcome) {
            return Outcome.REFUSED;
        }

        @Override
        public Outcome transactionBroken(UnitOutcome.TransactionBroken outcome) {
            return Outcome.REFUSED;
        }

        @Override
        public Outcome storeFailed(UnitOutcome.StoreFailed outcome) {
            return Outcome.REFUSED;
        }
    }
}

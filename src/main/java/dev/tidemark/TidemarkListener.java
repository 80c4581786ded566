package dev.tidemark;

import dev.tidemark.errors.ErrorCode;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;

/**
 * Is notified of what a consumer does, for metrics, tracing and alerts. No argument contains a record's key or value.
 *
 * <p>Methods are called on Tidemark's own threads, concurrently, so an implementation must be thread-safe. They must return
 * quickly: a worker, or the poll thread, waits in the meantime. Exceptions are ignored, and logged once for each class of listener.
 * A listener may be used by several consumers.
 */
public interface TidemarkListener {
    /**
     * A consumer starts to run. {@link #stopped} follows once it has ended, unless the process dies before. Both are called again each time
     * it has to begin anew because another member still holds its {@code group.instance.id}.
     *
     * @param consumer may be queried at any time, also after the end
     * @param kafkaMetrics the metrics of Kafka's consumer client, as its {@code metrics()} returns them; callable from any thread
     */
    default void started(ConsumerView consumer, Supplier<Map<MetricName, ? extends Metric>> kafkaMetrics) {}

    /** A consumer that has started is ending; {@code run} returns or throws soon. */
    default void stopped(ConsumerView consumer) {}

    /**
     * A transaction has ended in which the handler was to run, or in which positions moved without a record. Called once per
     * transaction, on the thread that the handler ran on, before anything else is handled there. Also called for redriven dead letters,
     * on the caller's thread; not for parking and skipping.
     */
    default void unitEnded(Unit unit) {}

    /** Records did not take effect and are retried automatically. */
    default void retrying(Retry retry) {}

    /** Records were moved to the dead letters; the transaction is committed. */
    default void parked(RecordsGivenUp records) {}

    /** A record was skipped; the transaction is committed. */
    default void skipped(RecordsGivenUp records) {}

    /** A claim was lost. Called when the reason is known, that is, when the partition is claimed again or refused. */
    default void claimLost(ClaimLost lost) {}

    /** A partition has stopped until the cause is fixed. */
    default void halted(Halt halt) {}

    /** Partitions were claimed; their records are read from now on. */
    default void claimed(Claimed claimed) {}

    /** The assignment has changed. */
    default void rebalanced(Rebalance rebalance) {}

    /** How a transaction ended. All but {@link #COMMITTED} and {@link #IN_DOUBT} were rolled back. */
    enum Outcome {
        /** It took effect. */
        COMMITTED,
        /** The claim on some of its partitions was lost. */
        FENCED,
        /** COMMIT was sent and no reply came (TM-407); the next claim shows whether it took effect. */
        IN_DOUBT,
        /** It conflicted with another transaction (TM-406): a deadlock, a serialization failure. */
        CONTENTION,
        /** The database, Kafka or another dependency was unavailable for a time. */
        TRANSIENT,
        /** The handler failed, or the data did. */
        FAILED,
        /** It may not continue: the topic is another one, the handler broke the transaction, the store cannot work. */
        REFUSED,
        /** It was a trial, to find out what causes a failure; reported only to interceptors. */
        TRIAL
    }

    /**
     * One transaction.
     *
     * @param groupId the consumer group
     * @param outcome how it ended
     * @param records how many records of each partition took effect, or would have; zero if only the position moved
     * @param times how long its phases took
     */
    record Unit(String groupId, Outcome outcome, Map<TopicPartition, Integer> records, UnitTimes times) {
        /** The number of records in all partitions. */
        public int size() {
            int sum = 0;
            for (int count : records.values()) {
                sum += count;
            }
            return sum;
        }
    }

    /** Why records are tried again. */
    enum RetryCause {
        /** Conflicting transactions (deadlock or serialization failure). */
        CONTENTION,
        /** The database, Kafka or another dependency is unavailable. */
        TRANSIENT,
        /** The record itself failed, and its {@link FailurePolicy} says to try it again. */
        RECORD
    }

    /**
     * Records that are tried again.
     *
     * @param groupId the consumer group
     * @param partitions those that wait
     * @param cause why
     * @param code the error
     * @param delay for how long, at least
     */
    record Retry(String groupId, Set<TopicPartition> partitions, RetryCause cause, ErrorCode code, Duration delay) {}

    /**
     * Records that were parked or skipped.
     *
     * @param groupId the consumer group
     * @param partition their partition
     * @param offset of the first
     * @param records how many
     * @param code the error; empty if they only follow a parked record of their key
     */
    record RecordsGivenUp(
            String groupId, TopicPartition partition, long offset, int records, Optional<ErrorCode> code) {}

    /**
     * A lost claim.
     *
     * @param groupId the consumer group
     * @param partition the one that was lost
     * @param code TM-401 if another consumer has claimed it, TM-402 if its offset was moved manually, TM-403 if the
     *     database went back in time
     */
    record ClaimLost(String groupId, TopicPartition partition, ErrorCode code) {}

    /**
     * A partition that has halted.
     *
     * @param groupId the consumer group
     * @param partition which
     * @param code why
     */
    record Halt(String groupId, TopicPartition partition, ErrorCode code) {}

    /**
     * Partitions that were claimed.
     *
     * @param groupId the consumer group
     * @param waited for each, how long it had no claim: since it was assigned, or since its last claim was lost
     */
    record Claimed(String groupId, Map<TopicPartition, Duration> waited) {}

    /**
     * A change of the assignment.
     *
     * @param groupId the consumer group
     * @param kind what happened
     * @param partitions to which partitions; may be empty
     */
    record Rebalance(String groupId, Kind kind, Set<TopicPartition> partitions) {
        /** The kind of change. */
        public enum Kind {
            /** Kafka has assigned them. */
            ASSIGNED,
            /** Kafka revokes them; open units have ended, or the drain timeout has passed. */
            REVOKED,
            /** Kafka has assigned them to another member, and this consumer learned of it late. */
            LOST
        }
    }
}

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
 * Hears what a consumer does, for metrics, tracing and alarms. Nothing that a listener is told holds a record's key or value.
 *
 * <p>Methods are called on Tidemark's own threads, several at once, so an implementation must be thread-safe. They must return at
 * once: a worker, or the poll thread, waits meanwhile. What one throws is ignored, and logged once for each class of listener.
 * A listener may be given to several consumers.
 */
public interface TidemarkListener {
    /**
     * A consumer begins to run. {@link #stopped} follows once it has ended, unless the process dies before.
     *
     * @param consumer may be asked at any time, also after the end
     * @param kafkaMetrics what Kafka's consumer client measures, as its {@code metrics()} answers; any thread may ask
     */
    default void started(ConsumerView consumer, Supplier<Map<MetricName, ? extends Metric>> kafkaMetrics) {}

    /** A consumer that has started comes to its end; {@code run} returns or throws soon. */
    default void stopped(ConsumerView consumer) {}

    /**
     * A transaction has ended in which the handler was to run, or positions moved without a record. Called once per
     * transaction, on the thread that the handler ran on, before anything else is handled there. RedriveResult dead letters are
     * told too, on the caller's thread; parking and skipping are not.
     */
    default void unitEnded(Unit unit) {}

    /** Records did not take effect and are tried again, by themselves. */
    default void retrying(Retry retry) {}

    /** Records were moved to the dead letters; the transaction is committed. */
    default void parked(RecordsGivenUp records) {}

    /** A record was passed over; the transaction is committed. */
    default void skipped(RecordsGivenUp records) {}

    /** A claim was lost to somebody else. Told when it is known to whom, that is, when the partition is claimed again or refused. */
    default void claimLost(ClaimLost lost) {}

    /** A partition stands still until somebody mends the cause. */
    default void halted(Halt halt) {}

    /** Partitions were claimed; their records flow from now on. */
    default void claimed(Claimed claimed) {}

    /** Partitions came or went. */
    default void rebalanced(Rebalance rebalance) {}

    /** How a transaction ended. All but {@link #COMMITTED} and {@link #IN_DOUBT} were rolled back. */
    enum Outcome {
        /** It took effect. */
        COMMITTED,
        /** Some of its partitions belong to somebody else now. */
        FENCED,
        /** COMMIT was sent and its answer never came; the next claim shows what became of it. */
        IN_DOUBT,
        /** It met another transaction: a deadlock, a serialization failure. */
        CONTENTION,
        /** The database or the network was in trouble that passes. */
        TROUBLE,
        /** The handler failed, or the data did. */
        FAILED,
        /** It may not go on: the topic is another one, the handler broke the transaction, the store cannot work. */
        REFUSED,
        /** It was a trial, to find out whose fault a failure is; told to interceptors only. */
        TRIAL
    }

    /**
     * One transaction.
     *
     * @param groupId the consumer group
     * @param outcome how it ended
     * @param records how many records of each partition took effect, or would have; zero where only the position moved
     * @param times what it spent its time with
     */
    record Unit(String groupId, Outcome outcome, Map<TopicPartition, Integer> records, UnitTimes times) {
        /** The records of all its partitions. */
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
        /** Transactions in each other's way. */
        CONTENTION,
        /** The database or the network, or Kafka when it was asked for a topic's identity. */
        TROUBLE,
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
     * @param partition theirs
     * @param offset of the first
     * @param records how many
     * @param code the error; empty where they only follow a parked record of their key
     */
    record RecordsGivenUp(String groupId, TopicPartition partition, long offset, int records, Optional<ErrorCode> code) {}

    /**
     * A lost claim.
     *
     * @param groupId the consumer group
     * @param partition the one that was lost
     * @param code TM-401 where another consumer has claimed it, TM-402 where its offset was moved by hand, TM-403 where the
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
        /** Which way partitions go. */
        public enum Kind {
            /** Kafka has assigned them. */
            ASSIGNED,
            /** Kafka takes them back; units under way have ended, or were waited for as long as may be. */
            REVOKED,
            /** Kafka gave them to somebody else, and this consumer hears of it late. */
            LOST
        }
    }
}

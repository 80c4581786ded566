package dev.tidemark;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * Moves the records of Kafka topics into PostgreSQL so that each takes effect exactly once: a record's effects and the offset
 * after it commit in one transaction, and reading begins at the offsets that the database holds. Kafka's own commits are not
 * used.
 *
 * <p>Effects outside the database, such as mail or HTTP calls, can happen more than once. Order holds within a partition.
 *
 * <p>Thread-safe. A consumer runs once.
 */
public interface TidemarkConsumer extends Runnable, AutoCloseable {
    /**
     * Begins a consumer with its Kafka settings: {@code bootstrap.servers} and {@code group.id} at least. Security, {@code
     * client.rack}, {@code group.instance.id}, {@code group.protocol} and everything else go to consumer and Admin as they are.
     * What Tidemark reads of them itself it reads as Kafka does, {@code config.providers} included, which are asked when the
     * consumer is built. {@code isolation.level} is {@code read_committed} and {@code allow.auto.create.topics} is {@code false}
     * unless given otherwise.
     */
    static TidemarkBuilder<byte[], byte[]> from(Map<String, ?> kafkaConfig) {
        return TidemarkBuilder.from(kafkaConfig);
    }

    /** As {@link #from(Map)}, from the kind of object that Kafka's own examples use, its defaults included. */
    static TidemarkBuilder<byte[], byte[]> from(Properties kafkaConfig) {
        return TidemarkBuilder.from(KafkaConfig.of(kafkaConfig));
    }

    /**
     * Reads and writes until {@link #stop} or {@link #close}, on threads of its own; the caller waits. Brokers and databases that
     * are away are waited for. An interrupt of the caller counts as a stop.
     *
     * @throws TidemarkException if every assigned partition has halted, or nobody but a person can mend what went wrong; the
     *     records that were not applied are still to be read
     * @throws IllegalStateException if it ran before, or was closed
     */
    @Override
    void run();

    /** Asks {@link #run} to finish what is open and return. Returns at once. */
    void stop();

    /**
     * Stops, and returns when {@link #run} has, or after 20 s: below the 30 s that Kubernetes grants a pod. A unit that is still
     * open then does not take effect unless it commits before another consumer claims its partition. May be called any number of
     * times and from any thread; a consumer that was closed before its run cannot be run.
     *
     * <p>Called by what runs on this consumer's own threads, such as its handler, failure policy, deserializers or listeners, it
     * only asks to stop and returns at once: the run waits for that thread.
     */
    @Override
    void close();

    /**
     * Applies these dead letters of the group after all, with this consumer's handler and deserializers: for each, the handler's
     * effects and the removal of the dead letter are one transaction. In the order of their ids, so that the order within a key
     * survives; a dead letter behind an earlier one of its key waits for that one. Works before, during and after {@link #run}, in
     * any process, on the caller's thread and a connection of its own, beyond those that a running consumer needs.
     *
     * @param ids of {@link DeadLetter}s; see {@link DeadLetters#list}
     * @return one answer for each id, in the order they were tried. One dead letter's content is held at a time, and the errors of
     *     all that failed: of many, pass some thousands at once
     * @throws TidemarkException if the database is in trouble or the store cannot work; what was applied before stays applied
     */
    List<Redriven> redrive(Collection<Long> ids);

    /** What the consumer is doing, as a snapshot. */
    ConsumerStatus status();

    /**
     * Whether everything assigned makes progress or waits for passing trouble: false when the consumer failed, a partition has
     * halted, a unit is over its deadline, or a thread is stuck. A paused partition is healthy. True before and after the
     * run, unless it failed.
     */
    boolean isHealthy();

    /** Whether the process should be restarted, whether it is up to its work, and what is wrong. Cheap enough for every probe. */
    Health health();
}

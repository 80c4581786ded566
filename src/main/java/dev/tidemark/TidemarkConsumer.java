package dev.tidemark;

import dev.tidemark.errors.TidemarkException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * Moves the records of Kafka topics into PostgreSQL so that each takes effect exactly once: a record's effects and the offset
 * after it commit in one transaction, and reading starts at the offsets in the database. Kafka's own commits are not
 * used.
 *
 * <p>Effects outside the database, such as mail or HTTP calls, can happen more than once. Order is per partition.
 *
 * <p>Thread-safe. A consumer runs once. Built by {@link Tidemark#consumer(Map)}; only Tidemark implements this interface, and methods may
 * be added to it.
 */
public interface TidemarkConsumer extends ConsumerView, Runnable, AutoCloseable {
    /**
     * Reads and writes until {@link #stop} or {@link #close}, on its own threads; the caller waits. Waits for unavailable brokers and
     * databases. An interrupt of the caller counts as a stop.
     *
     * @throws TidemarkException if every assigned partition has halted, or a failure needs manual intervention; the
     *     records that were not applied are still to be read
     * @throws IllegalStateException if it ran before, or was closed
     */
    @Override
    void run();

    /**
     * Runs on a thread of its own, and returns immediately: for containers, which start and stop their components. {@link #status} says
     * how the run ended, and {@link #awaitTermination} waits for it. The thread is not a daemon: it keeps the process alive until the
     * run has ended.
     *
     * @throws IllegalStateException if it ran before, or was closed
     */
    void start();

    /** Requests {@link #run} to finish open units and return. Returns immediately. */
    void stop();

    /**
     * Waits until the run has ended, however it was started.
     *
     * @return false if it has not ended within the timeout, or was never started
     * @throws TidemarkException what {@link #run} threw, or would have
     * @throws InterruptedException if the calling thread was interrupted; the run continues
     */
    boolean awaitTermination(Duration timeout) throws InterruptedException;

    /**
     * Stops, and returns when {@link #run} has, or after {@link TidemarkBuilder#closeTimeout}. A unit that is still
     * open then does not take effect unless it commits before another consumer claims its partition. May be called any number of
     * times and from any thread; a consumer that was closed before its run cannot be run.
     *
     * <p>Called from code on this consumer's own threads, such as its handler, failure policy, deserializers or listeners, it
     * only requests the stop and returns immediately: the run waits for that thread.
     */
    @Override
    void close();

    /**
     * Applies these dead letters of the group after all, with this consumer's handler and deserializers: for each, the handler's
     * effects and the removal of the dead letter are one transaction. In the order of their ids, so that the order within a key
     * is preserved; a dead letter behind an earlier one of its key waits for that one. Works before, during and after {@link #run}, in
     * any process, on the caller's thread and its own connection, in addition to those that a running consumer needs. What a
     * handler leaves in its session fails no other dead letter; what it leaves on the caller's thread may: that one is kept, and can
     * be redriven again.
     *
     * @param ids of {@link DeadLetter}s; see {@link DeadLetters#list}
     * @return one result for each id, in the order in which they were tried. Keeps one dead letter's content in memory at a time, and
     *     the errors of all that failed: if there are many, pass a few thousand per call
     * @throws TidemarkException if the database is unavailable (TM-212), or the store cannot work; what was applied before stays applied
     */
    List<RedriveResult> redrive(Collection<Long> ids);
}

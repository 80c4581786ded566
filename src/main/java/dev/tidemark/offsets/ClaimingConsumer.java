package dev.tidemark.offsets;

import dev.tidemark.TidemarkConsumer;
import dev.tidemark.errors.TidemarkException;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/**
 * A Kafka consumer for your own poll loop. It owns the KafkaConsumer, the claims and the records together: it claims what Kafka
 * assigns, seeks to the stored offsets, and returns records as {@link ClaimedRecords}, which can be advanced only under the claim that
 * they were fetched under. The transaction is the caller's:
 *
 * <ol>
 *   <li>{@link #poll};
 *   <li>in one transaction the effects, and {@link ClaimedRecords#advance} as its last statement;
 *   <li>{@link ClaimedRecords#confirm} once that transaction has committed; nothing if it failed, was fenced, or its outcome is unknown.
 * </ol>
 *
 * <p>The next {@code poll} claims again whatever was returned and not confirmed, and continues from the position in the database. So a
 * record that did not take effect is returned again, and one that did is not, whichever of the three was left out or failed.
 * Partitions without progress wait between tries, up to 5 s, while the others continue.
 *
 * <p>Rebalances, all three group protocols, positions without records, operators' pauses and resets, and topics that were created again
 * are handled inside {@code poll}, by the same code as in {@link TidemarkConsumer}. What that does in addition is up to the caller here:
 * failing records, several workers, time limits. Nothing is committed to Kafka.
 *
 * <p>Not thread-safe, except for {@link #wakeup}, {@link #waiting} and {@link #metrics}; {@code ClaimedRecords} may be passed to another
 * thread, as long as {@code poll} is not called before that thread is done with them. It must be closed, or its threads and its
 * connection leak.
 *
 * @param <K> the records' keys
 * @param <V> the records' values
 */
public interface ClaimingConsumer<K, V> extends AutoCloseable {
    /**
     * Settles what was returned before, then waits for records. At most {@code max.poll.records}, all of them read under claims that were
     * valid when they were fetched. Must be called at least every {@code max.poll.interval.ms}, and not within a transaction that
     * has advanced. Waits for an unavailable database or broker, which is logged, and shown by {@link #waiting}.
     *
     * <p>What needs manual intervention is thrown, and thrown again every 10 s while it lasts: TM-301 to TM-308 for a partition that
     * is stopped because of it, while the others continue; TM-401 for a partition that was assigned manually and now belongs to another
     * process; TM-307 for a topic that does not exist. Keep polling, and such a partition resumes as soon as it can; or close. An
     * exception from this method loses no record.
     *
     * @param timeout the maximum time to wait for records; zero does not wait
     * @return empty if none arrived in time
     * @throws TidemarkException as above, and TM-2xx if the store cannot serve, which ends this consumer
     * @throws WakeupException after {@link #wakeup}
     * @throws org.apache.kafka.common.errors.RecordDeserializationException at each call while a record cannot be decoded; to handle
     *     such records, read bytes and decode them in the loop
     * @throws org.apache.kafka.common.KafkaException whatever else the KafkaConsumer throws
     */
    ClaimedRecords<K, V> poll(Duration timeout);

    /**
     * The assigned partitions that are not being read, each with the reason as text: a claim that is in progress or waits, an
     * operator's pause, an error with its code. As of the last poll, and empty before the group was joined. Callable from any thread.
     */
    Map<TopicPartition, String> waiting();

    /** Ends a {@code poll} that waits, or else the next one, with a {@link WakeupException}. Callable from any thread. */
    void wakeup();

    /** The KafkaConsumer's metrics. Callable from any thread. */
    Map<MetricName, ? extends Metric> metrics();

    /** Releases the claims and leaves the group, within 10 s. A transaction that is still open can commit until another process claims. */
    @Override
    void close();
}

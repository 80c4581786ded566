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
 * A Kafka consumer for poll loops of one's own. It owns the KafkaConsumer, the claims and the records together: it claims what Kafka
 * assigns, seeks to the stored offsets, and hands out records as {@link ClaimedRecords}, which can be advanced under the claim that
 * they were fetched under and under no other. The transaction is the caller's:
 *
 * <ol>
 *   <li>{@link #poll};
 *   <li>in one transaction the effects, and {@link ClaimedRecords#advance} as its last statement;
 *   <li>{@link ClaimedRecords#confirm} once that transaction has committed; nothing if it failed, was fenced, or nobody knows.
 * </ol>
 *
 * <p>The next {@code poll} claims again whatever was handed out and not confirmed, and reads on from what the database says. So a
 * record that did not take effect is handed out again, and one that did is not, whichever of the three was left out or failed.
 * Partitions that did not get on wait between tries, up to 5 s, while the others go on.
 *
 * <p>Rebalances, all three group protocols, positions without records, operators' pauses and resets, and topics that were created again
 * are dealt with inside {@code poll}, by the same code as in {@link TidemarkConsumer}. What that has beyond it is the caller's here: what
 * becomes of a record that fails, several workers, time limits. Nothing is committed to Kafka.
 *
 * <p>Not thread-safe, but for {@link #wakeup}, {@link #waiting} and {@link #metrics}; {@code ClaimedRecords} may be handed to another
 * thread, as long as {@code poll} is not called before that thread is done with them. It must be closed, or its threads and its
 * connection leak.
 *
 * @param <K> the records' keys
 * @param <V> the records' values
 */
public interface ClaimingConsumer<K, V> extends AutoCloseable {
    /**
     * Ends what was handed out before, then waits for records. At most {@code max.poll.records}, all of them read under claims that were
     * in force when they were fetched. Must be called at least every {@code max.poll.interval.ms}, and not within a transaction that
     * has advanced. A database or a broker that is away is waited for, logged, and shown by {@link #waiting}.
     *
     * <p>What only a person can resolve is thrown, and thrown again every 10 s while it lasts: TM-301 to TM-308 of a partition that
     * stands still for it, which the others do not; TM-401 of a partition that was assigned by hand and is another's now; TM-307 of a
     * topic that does not exist. Go on polling, and such a partition follows as soon as it can; or close. No record is lost by an
     * exception from here.
     *
     * @param timeout how long to wait for records at most; zero for none
     * @return empty if none came in time
     * @throws TidemarkException as above, and TM-2xx if the store cannot serve, which ends this consumer
     * @throws WakeupException after {@link #wakeup}
     * @throws org.apache.kafka.common.errors.RecordDeserializationException again and again at a record that cannot be decoded; to deal
     *     with such records, read bytes and decode them in the loop
     * @throws org.apache.kafka.common.KafkaException whatever else the KafkaConsumer throws
     */
    ClaimedRecords<K, V> poll(Duration timeout);

    /**
     * The assigned partitions that are not read at the moment, each with the reason in words: a claim that is under way or waits, an
     * operator's pause, an error with its code. As of the last poll, and empty before the group was joined. Any thread may call.
     */
    Map<TopicPartition, String> waiting();

    /** Ends a {@code poll} that waits, or else the next one, with a {@link WakeupException}. Any thread may call. */
    void wakeup();

    /** The KafkaConsumer's metrics. Any thread may call. */
    Map<MetricName, ? extends Metric> metrics();

    /** Gives the claims back and leaves the group, within 10 s. A transaction that is still open can commit until another process claims. */
    @Override
    void close();
}

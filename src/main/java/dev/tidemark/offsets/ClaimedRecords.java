package dev.tidemark.offsets;

import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.TidemarkException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Records together with the claims that they were fetched under, and the positions between which they are all that the log holds for
 * the group. The database moves an offset for them only where it still stands at their beginning, under their own claim. Records that
 * were fetched before a later claim, parts that leave out what comes before them, and records that have taken effect already are
 * refused with {@link FencedException}, whatever the caller believes.
 *
 * <p>Immutable but for what was said of it with {@link #confirm}. Thread-safe; the transaction's connection need not be.
 */
public interface ClaimedRecords<K, V> extends Iterable<ConsumerRecord<K, V>> {
    /** The records, those of a partition together and in the order of the log. Unmodifiable. */
    List<ConsumerRecord<K, V>> records();

    /** Whether there is no record. */
    boolean isEmpty();

    /** How many records there are. */
    int size();

    /** The partitions that they belong to. */
    Set<TopicPartition> partitions();

    /** Those of one partition; empty if there are none. */
    ClaimedRecords<K, V> of(TopicPartition partition);

    /** The first so many of {@link #records()}, or all, for a transaction of their own. */
    ClaimedRecords<K, V> first(int count);

    /** All but the first so many of {@link #records()}: they can be advanced once those have been, and not before. */
    ClaimedRecords<K, V> after(int count);

    /**
     * Moves the stored offsets beyond these records, all or none, in the caller's transaction. Make it the last statement before the
     * commit: from here on whoever claims one of the partitions waits for this transaction. Every record counts as dealt with,
     * whether the caller applied it or left it out.
     *
     * <p>After a rollback the same records may be tried again, in a new transaction, without a {@code poll} in between. If nobody
     * knows whether the commit took effect, they may too: if it did, they are refused.
     *
     * @param connection the transaction's, on which the effects were written; not in auto-commit
     * @throws FencedException if a claim is gone, or the offset does not stand where these records begin; it names the partitions. The
     *     transaction must be rolled back
     * @throws TidemarkException with {@code strictTopicIdentity}, if a topic is another by now (TM-301, TM-302) or Kafka does not say
     *     (TM-310); roll back
     * @throws IllegalStateException if the connection commits by itself, as the effects would not be in the same transaction
     * @throws SQLException if the statement failed; roll back
     */
    void advance(Connection connection) throws SQLException;

    /**
     * Says that the transaction in which these records were advanced has committed. Without it, the next {@code poll} claims again and
     * looks: slower, and as exact. Saying it of a transaction that did not commit costs no record either: the next advance is refused.
     *
     * @throws IllegalStateException if these records were not advanced as they are; those of a part are confirmed by that part
     */
    void confirm();
}

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
 * the group. The database moves an offset for them only if it is still at their beginning, under their own claim. Records that
 * were fetched before a later claim, parts that leave out what comes before them, and records that have already taken effect are
 * always refused with {@link FencedException}.
 *
 * <p>Immutable except for {@link #confirm}. Thread-safe; the transaction's connection need not be.
 */
public interface ClaimedRecords<K, V> extends Iterable<ConsumerRecord<K, V>> {
    /** The records, those of a partition together and in the order of the log. Unmodifiable. */
    List<ConsumerRecord<K, V>> records();

    /** Whether there are no records. */
    boolean isEmpty();

    /** The number of records. */
    int size();

    /** The partitions of the records. */
    Set<TopicPartition> partitions();

    /** The records of one partition; empty if there are none. */
    ClaimedRecords<K, V> of(TopicPartition partition);

    /** The first n of {@link #records()}, or all, for a separate transaction. */
    ClaimedRecords<K, V> first(int count);

    /** All but the first n of {@link #records()}: they can be advanced only after those have been. */
    ClaimedRecords<K, V> after(int count);

    /**
     * Moves the stored offsets beyond these records, all or none, in the caller's transaction. Make it the last statement before the
     * commit: from here on a claim of one of the partitions waits for this transaction. Every record counts as handled,
     * whether the caller applied it or left it out.
     *
     * <p>After a rollback the same records may be retried, in a new transaction, without a {@code poll} in between. The same holds if
     * it is unknown whether the commit took effect: if it did, they are refused.
     *
     * @param connection the transaction's, on which the effects were written; not in auto-commit
     * @throws FencedException if a claim is lost, or the offset is not where these records begin; it names the partitions. The
     *     transaction must be rolled back
     * @throws TidemarkException with {@code strictTopicIdentity}, if a topic is another one now (TM-301, TM-302) or Kafka does not reply
     *     (TM-310); roll back
     * @throws IllegalStateException if the connection is in auto-commit mode, as the effects would not be in the same transaction
     * @throws SQLException if the statement failed; roll back
     */
    void advance(Connection connection) throws SQLException;

    /**
     * Confirms that the transaction in which these records were advanced has committed. Without it, the next {@code poll} claims again
     * and checks: slower, but just as exact. Confirming a transaction that did not commit loses no record either: the next advance is
     * refused.
     *
     * @throws IllegalStateException if exactly these records were not advanced; those of a part are confirmed with that part
     */
    void confirm();
}

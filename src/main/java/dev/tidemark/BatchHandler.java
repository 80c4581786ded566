package dev.tidemark;

import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;

/**
 * Writes all records of a unit of work to the database at once, for multi-row inserts and COPY. Records of one partition
 * are adjacent and in offset order; a unit may contain several partitions. Different units may be handled concurrently.
 *
 * @param <K> the key, as the key deserializer returns it
 * @param <V> the value, as the value deserializer returns it
 */
@FunctionalInterface
public interface BatchHandler<K, V> {
    /**
     * Everything done through {@code tx} commits together with the offsets of all these records, or not at all. After a failure
     * the same records are passed again in smaller lists, until the one that fails is alone.
     *
     * @param records never empty, not modifiable; values are null for tombstones, and where the deserializer returned null; {@code
     *     serializedValueSize()} is -1 for a tombstone only
     * @param tx valid until this method returns; commit, rollback and close are refused
     * @throws Exception to roll all of them back: transient failures are retried, anything else is narrowed down to
     *     the record that fails, for which the {@link FailurePolicy} then decides
     */
    void handle(List<ConsumerRecord<K, V>> records, Handle tx) throws Exception;
}

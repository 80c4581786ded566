package dev.tidemark;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;

/**
 * Writes one record to the database. Called in offset order within a partition, by one worker at a time per
 * partition; different partitions may be handled concurrently, so shared state of the handler must be thread-safe.
 *
 * @param <K> the key, as the key deserializer returns it
 * @param <V> the value, as the value deserializer returns it
 */
@FunctionalInterface
public interface RecordHandler<K, V> {
    /**
     * Everything done through {@code tx} commits together with the record's offset, or not at all. May be called again for the
     * same record when the transaction did not commit, so effects outside {@code tx} can happen more than once.
     *
     * @param record its value is null for a tombstone, and where the deserializer returned null;
     *     {@code serializedValueSize()} is -1 for a tombstone only
     * @param tx valid until this method returns; commit, rollback and close are refused
     * @throws Exception to roll the record back: transient failures are retried; for anything else the
     *     {@link FailurePolicy} decides
     */
    void handle(ConsumerRecord<K, V> record, Handle tx) throws Exception;
}

package dev.tidemark;

import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Handle;

/**
 * Turns all records of a unit of work into changes of the database, for multi-row inserts and COPY. Records of one partition
 * come together and in offset order; a unit may hold several partitions. Different units may be handled at once.
 *
 * @param <K> the key, as the key deserializer makes it
 * @param <V> the value, as the value deserializer makes it
 */
@FunctionalInterface
public interface BatchHandler<K, V> {
    /**
     * Everything done through {@code tx} commits together with the offsets of all these records, or not at all. After a failure
     * the same records come again in smaller lists, until the one that fails stands alone.
     *
     * @param records never empty, not modifiable; values are null for tombstones
     * @param tx valid until this method returns; commit, rollback and close are refused
     * @throws Exception to roll all of them back: passing trouble of the database is retried, anything else is narrowed down to
     *     the record that fails, whose {@link FailurePolicy} is then asked
     */
    void handle(List<ConsumerRecord<K, V>> records, Handle tx) throws Exception;
}

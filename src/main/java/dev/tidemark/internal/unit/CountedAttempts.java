package dev.tidemark.internal.unit;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;

/**
 * The suspected records whose attempt by this process is counted, so that it is not counted twice. They are tried one after the
 * other, so it remembers one for each partition. Thread-safe.
 */
public final class CountedAttempts {
    private final Map<TopicPartition, Long> begun = new ConcurrentHashMap<>();

    /** Returns whether this is the first time; it becomes the last one that began in this partition. */
    boolean begin(TopicPartition partition, long offset) {
        Long before = begun.put(partition, offset);
        return before == null || before != offset;
    }

    boolean isBegun(TopicPartition partition, long offset) {
        Long last = begun.get(partition);
        return last != null && last == offset;
    }

    /** It is not counted, or not any more. */
    void forget(TopicPartition partition, long offset) {
        begun.remove(partition, offset);
    }

    int size() {
        return begun.size();
    }
}

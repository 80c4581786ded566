package dev.tidemark.internal.work;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;

/** The suspected records whose attempt by this process is counted, so that it is not counted twice. Thread-safe. */
public final class Survivors {
    private final Set<Suspect> begun = ConcurrentHashMap.newKeySet();

    private record Suspect(TopicPartition partition, long offset) {}

    /** Answers whether this is the first time. */
    boolean begin(TopicPartition partition, long offset) {
        return begun.add(new Suspect(partition, offset));
    }

    boolean isBegun(TopicPartition partition, long offset) {
        return begun.contains(new Suspect(partition, offset));
    }

    /** It is not counted, or not any more. */
    void forget(TopicPartition partition, long offset) {
        begun.remove(new Suspect(partition, offset));
    }
}

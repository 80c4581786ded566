package dev.tidemark.internal.work;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.TopicPartition;

/** The suspected records that this process has begun to try: each counts once a process, however often it is tried. Thread-safe. */
public final class Survivors {
    private final Set<Suspect> begun = ConcurrentHashMap.newKeySet();

    private record Suspect(TopicPartition partition, long offset) {}

    /** Answers whether this is the first time. */
    boolean begin(TopicPartition partition, long offset) {
        return begun.add(new Suspect(partition, offset));
    }

    /** It was not counted after all. */
    void forget(TopicPartition partition, long offset) {
        begun.remove(new Suspect(partition, offset));
    }
}

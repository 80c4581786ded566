package dev.tidemark.internal.control;

import dev.tidemark.errors.TidemarkException;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * What remains to be done in a bounded run, regardless of who does it.
 *
 * @param partitions that the group has not read to the end, and those that are wrong
 * @param halted those that halted since the run began, in whichever process
 * @param wrong whose stored offsets do not belong to the current log, with the reason
 * @param isWhole whether the offsets of all partitions were compared with their logs
 */
public record Unfinished(
        Set<TopicPartition> partitions,
        Set<TopicPartition> halted,
        Map<TopicPartition, TidemarkException> wrong,
        boolean isWhole) {
    /** Copies the collections. */
    public Unfinished {
        partitions = Set.copyOf(partitions);
        halted = Set.copyOf(halted);
        wrong = Map.copyOf(wrong);
    }
}

package dev.tidemark.proof.check;

import java.util.List;
import java.util.Map;

/**
 * What the effects are compared with.
 *
 * @param effects of each partition, in the order in which they took effect
 * @param stretches the offsets that each partition went through, in order
 * @param log what the log holds
 */
public record Facts(Map<Integer, List<Entry>> effects, Map<Integer, List<Stretch>> stretches, LogTruth log) {
    /** The records that must have taken effect in a partition, in order. */
    List<Entry> expected(int partition) {
        return stretches.getOrDefault(partition, List.of()).stream()
                .flatMap(stretch -> log.expected(partition, stretch).stream())
                .toList();
    }

    /** The effects that can be compared: those of which the log is known. */
    List<Entry> comparable(int partition) {
        List<Stretch> own = stretches.getOrDefault(partition, List.of());
        int incarnation = own.isEmpty() ? 1 : own.get(own.size() - 1).incarnation();
        return effects.getOrDefault(partition, List.of()).stream()
                .filter(effect -> log.isKnown(incarnation, partition, effect.offset()))
                .toList();
    }

    /** Effects of records that the log does not hold any more. */
    long incomparable() {
        return effects.entrySet().stream()
                .mapToLong(e -> e.getValue().size() - comparable(e.getKey()).size())
                .sum();
    }
}

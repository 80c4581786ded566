package dev.tidemark.proof.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** C7: what a client was told is committed is there. */
public final class ToldCheck {
    private static final String TITLE = "what was told is there";

    /**
     * What a client was told.
     *
     * @param partition of the records
     * @param first the first offset
     * @param last the last offset, inclusive
     */
    public record Told(int partition, long first, long last) {}

    private ToldCheck() {}

    /** Each record of the log between first and last must have had an effect. */
    public static Finding check(List<Told> told, Facts facts) {
        if (told.isEmpty()) {
            return Finding.skipped("C7", TITLE, "no file of what clients were told");
        }
        List<String> violations = new ArrayList<>();
        missing(told, facts)
                .forEach((partition, offsets) -> violations.add("partition " + partition + ": " + offsets.size()
                        + " records are missing that were told to be committed, from offset " + offsets.get(0)));
        return Finding.of("C7", TITLE, violations, told.size() + " commits");
    }

    /**
     * After a failover or a restore: what is missing must be a suffix, that is, lie at or above the stored position.
     *
     * @param positions as they are after it
     */
    public static Finding suffix(List<Told> told, Facts facts, Map<Integer, Long> positions) {
        List<String> violations = new ArrayList<>();
        long missing = 0;
        for (Map.Entry<Integer, List<Long>> partition : missing(told, facts).entrySet()) {
            long position = positions.getOrDefault(partition.getKey(), 0L);
            missing += partition.getValue().size();
            for (long offset : partition.getValue()) {
                if (offset < position) {
                    violations.add("partition " + partition.getKey() + ": offset " + offset
                            + " is missing below the stored offset " + position);
                }
            }
        }
        return Finding.of("C7", "what is missing is a suffix", violations, missing + " records to be read again");
    }

    private static Map<Integer, List<Long>> missing(List<Told> told, Facts facts) {
        Map<Integer, Set<Long>> present = new HashMap<>();
        facts.effects().forEach((partition, effects) -> {
            Set<Long> offsets = present.computeIfAbsent(partition, p -> new HashSet<>());
            effects.forEach(effect -> offsets.add(effect.offset()));
        });
        Map<Integer, List<Long>> missing = new HashMap<>();
        for (Told one : told) {
            Set<Long> there = present.getOrDefault(one.partition(), Set.of());
            for (long offset = one.first(); offset <= one.last(); offset++) {
                long o = offset;
                boolean inLog = facts.stretches().getOrDefault(one.partition(), List.of()).stream()
                        .mapToInt(Stretch::incarnation)
                        .distinct()
                        .anyMatch(i -> facts.log().at(i, one.partition(), o) != null);
                if (inLog && !there.contains(offset)) {
                    missing.computeIfAbsent(one.partition(), p -> new ArrayList<>())
                            .add(offset);
                }
            }
        }
        return missing;
    }
}

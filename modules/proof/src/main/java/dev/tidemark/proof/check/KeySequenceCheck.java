package dev.tidemark.proof.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** C3: the records of each key took effect in the log's sequence, none left out. */
public final class KeySequenceCheck {
    private static final String TITLE = "sequence of each key";

    private KeySequenceCheck() {}

    public static Finding check(Facts facts) {
        List<String> violations = new ArrayList<>();
        int keys = 0;
        for (Map.Entry<Integer, List<Entry>> partition : facts.effects().entrySet()) {
            Map<String, List<Long>> actual = byKey(facts.comparable(partition.getKey()));
            Map<String, List<Long>> expected = byKey(facts.expected(partition.getKey()));
            keys += actual.size();
            int broken = 0;
            for (Map.Entry<String, List<Long>> key : expected.entrySet()) {
                if (!key.getValue().equals(actual.getOrDefault(key.getKey(), List.of()))) {
                    broken++;
                }
            }
            broken += (int) actual.keySet().stream()
                    .filter(key -> !expected.containsKey(key))
                    .count();
            if (broken > 0) {
                violations.add("partition " + partition.getKey() + ": " + broken + " keys with another sequence");
            }
        }
        return keys == 0
                ? Finding.skipped("C3", TITLE, "no key column")
                : Finding.of("C3", TITLE, violations, keys + " keys");
    }

    private static Map<String, List<Long>> byKey(List<Entry> entries) {
        Map<String, List<Long>> byKey = new HashMap<>();
        for (Entry entry : entries) {
            if (entry.key() != null) {
                byKey.computeIfAbsent(entry.key(), k -> new ArrayList<>())
                        .add(entry.sequence() == null ? Long.valueOf(entry.offset()) : entry.sequence());
            }
        }
        return byKey;
    }
}

package dev.tidemark.proof.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** C4: what the records add is what arrived: in the effects, and in a table of totals for each key. */
public final class SumsCheck {
    private static final String TITLE = "sums conserved";

    /**
     * What the records of a key add up to.
     *
     * @param records how many
     * @param amount the sum of their amounts
     */
    public record Total(long records, long amount) {
        Total plus(Entry entry) {
            return new Total(records + 1, amount + Objects.requireNonNullElse(entry.amount(), 0L));
        }
    }

    private SumsCheck() {}

    /** Compares sums; {@code totals} are those of the table, empty if there is none. */
    public static Finding check(Facts facts, Map<String, Total> totals) {
        long actual = 0;
        long expected = 0;
        boolean any = false;
        Map<String, Total> byKey = new TreeMap<>();
        for (Map.Entry<Integer, List<Stretch>> partition : facts.stretches().entrySet()) {
            for (Entry entry : facts.comparable(partition.getKey())) {
                any |= entry.amount() != null;
                actual += Objects.requireNonNullElse(entry.amount(), 0L);
            }
            for (Entry entry : facts.expected(partition.getKey())) {
                expected += Objects.requireNonNullElse(entry.amount(), 0L);
                if (entry.key() != null) {
                    byKey.put(
                            entry.key(),
                            byKey.getOrDefault(entry.key(), new Total(0, 0)).plus(entry));
                }
            }
        }
        if (!any && totals.isEmpty()) {
            return Finding.skipped("C4", TITLE, "no amount column");
        }
        List<String> violations = new ArrayList<>();
        if (actual != expected) {
            violations.add("the effects sum to " + actual + ", the log to " + expected);
        }
        if (!totals.isEmpty()) {
            Set<String> keys = new TreeSet<>(byKey.keySet());
            keys.addAll(totals.keySet());
            long different = keys.stream()
                    .filter(key -> !Objects.equals(byKey.get(key), totals.get(key)))
                    .count();
            if (different > 0) {
                violations.add("the totals of " + different + " of " + keys.size() + " keys differ");
            }
        }
        return Finding.of("C4", TITLE, violations, "sum " + actual + ", totals of " + totals.size() + " keys");
    }
}

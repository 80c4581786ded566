package dev.tidemark.proof.check;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** C1: the effects are the records below the stored offset, as a multiset: none twice, none missing, none invented. */
public final class EffectsCheck {
    private EffectsCheck() {}

    public static Finding check(Facts facts) {
        List<String> violations = new ArrayList<>();
        long compared = 0;
        Set<Integer> partitions = new TreeSet<>(facts.effects().keySet());
        partitions.addAll(facts.stretches().keySet());
        for (int partition : partitions) {
            List<Entry> expected = facts.expected(partition);
            Map<Entry, Integer> surplus = new HashMap<>();
            List<Entry> actual = facts.comparable(partition);
            actual.forEach(entry -> surplus.merge(entry, 1, Integer::sum));
            expected.forEach(entry -> surplus.merge(entry, -1, Integer::sum));
            compare(facts, partition, surplus, violations);
            compared += actual.size();
        }
        long unknown = facts.incomparable();
        return Finding.of(
                "C1",
                "effects = the log",
                violations,
                compared + " effects" + (unknown == 0 ? "" : ", " + unknown + " more below the start of the log"));
    }

    private static void compare(Facts facts, int partition, Map<Entry, Integer> surplus, List<String> violations) {
        surplus.entrySet().stream()
                .filter(e -> e.getValue() != 0)
                .sorted((a, b) -> Long.compare(a.getKey().offset(), b.getKey().offset()))
                .forEach(e -> {
                    int count = e.getValue();
                    Entry entry = e.getKey();
                    String what = count < 0
                            ? "missing"
                            : !isInLog(facts, partition, entry)
                                    ? "invented"
                                    : isBeyond(facts, partition, entry) ? "beyond the stored offset" : "twice";
                    // What was compacted away may have been read before, once in each stretch.
                    if (count > 0 && what.equals("twice") && isCompacted(facts, partition, entry, count)) {
                        return;
                    }
                    violations.add(what + ": partition " + partition + " offset " + entry.shown());
                });
    }

    private static boolean isInLog(Facts facts, int partition, Entry entry) {
        return facts.stretches().getOrDefault(partition, List.of()).stream()
                .mapToInt(Stretch::incarnation)
                .distinct()
                .anyMatch(i -> entry.equals(facts.log().at(i, partition, entry.offset())));
    }

    private static boolean isBeyond(Facts facts, int partition, Entry entry) {
        return facts.stretches().getOrDefault(partition, List.of()).stream()
                .noneMatch(s -> s.from() <= entry.offset() && entry.offset() < s.to());
    }

    private static boolean isCompacted(Facts facts, int partition, Entry entry, int count) {
        long chances = facts.stretches().getOrDefault(partition, List.of()).stream()
                .filter(s -> s.from() <= entry.offset() && entry.offset() < s.to())
                .filter(s -> !facts.log().expected(partition, s).contains(entry))
                .count();
        return count <= chances;
    }
}

package dev.tidemark.proof.check;

import java.util.ArrayList;
import java.util.List;

/** C2: within a partition, records took effect in the order of their offsets, from one move to the next. */
public final class OrderCheck {
    private OrderCheck() {}

    public static Finding check(Facts facts) {
        List<String> violations = new ArrayList<>();
        facts.effects()
                .forEach((partition, effects) ->
                        check(partition, effects, facts.stretches().getOrDefault(partition, List.of()), violations));
        return Finding.of(
                "C2", "effects in offset order", violations, facts.effects().size() + " partitions");
    }

    private static void check(int partition, List<Entry> effects, List<Stretch> stretches, List<String> violations) {
        int current = 0;
        long last = -1;
        for (Entry effect : effects) {
            long offset = effect.offset();
            // Twice the same is the business of C1.
            if (offset >= last
                    && (current >= stretches.size()
                            || offset < stretches.get(current).to())) {
                last = offset;
                continue;
            }
            int next = current + 1;
            while (next < stretches.size() && !holds(stretches.get(next), offset)) {
                next++;
            }
            if (next < stretches.size()) {
                current = next;
            } else if (offset < last) {
                violations.add("partition " + partition + ": offset " + offset + " after " + last);
            }
            last = offset;
        }
    }

    private static boolean holds(Stretch stretch, long offset) {
        return stretch.from() <= offset && offset < stretch.to();
    }
}

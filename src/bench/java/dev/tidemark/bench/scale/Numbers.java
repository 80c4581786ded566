package dev.tidemark.bench.scale;

import java.util.Collection;
import java.util.List;

/** Figures from several runs. */
final class Numbers {
    private Numbers() {}

    /** The one in the middle, or the higher of the two; not a number where there is none. */
    static double median(Collection<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.isEmpty() ? Double.NaN : sorted.get(sorted.size() / 2);
    }

    /** The highest; not a number where there is none. */
    static double most(Collection<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
    }
}

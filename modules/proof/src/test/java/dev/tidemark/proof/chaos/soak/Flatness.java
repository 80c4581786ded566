package dev.tidemark.proof.chaos.soak;

import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.Finding.Status;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether what a run uses stays the same: the median of its last quarter is compared with that of its second, since the first is
 * warming up. A tenth, and the allowance of the series, is noise. Pure.
 */
final class Flatness {
    private static final double NOISE = 1.1;

    private Flatness() {}

    static Finding check(List<Sample> samples) {
        List<String> grown = new ArrayList<>();
        List<String> flat = new ArrayList<>();
        for (Series series : Series.values()) {
            List<Long> values = values(samples, series);
            if (values.size() < 8) {
                grown.add(series.title() + " was sampled only " + values.size() + " times");
                continue;
            }
            int quarter = values.size() / 4;
            long before = median(values.subList(quarter, 2 * quarter));
            long after = median(values.subList(values.size() - quarter, values.size()));
            String words = series.title() + ": " + series.shown(before) + ", then " + series.shown(after);
            (after > before * NOISE + series.allowance() ? grown : flat).add(words);
        }
        return grown.isEmpty()
                ? new Finding("C9", "nothing grows", Status.OK, String.join("; ", flat))
                : new Finding("C9", "nothing grows", Status.VIOLATED, String.join("; ", grown));
    }

    static List<Long> values(List<Sample> samples, Series series) {
        return samples.stream()
                .filter(sample -> sample.used().containsKey(series))
                .map(sample -> sample.used().get(series))
                .toList();
    }

    private static long median(List<Long> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }
}

package dev.tidemark.proof.check;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** C8: a partition whose owner is gone is taken over within the limit. */
public final class TakeoverCheck {
    private static final String TITLE = "takeover in time";

    private TakeoverCheck() {}

    public static Finding check(List<Duration> takeovers, Duration limit) {
        if (takeovers.isEmpty()) {
            return Finding.skipped("C8", TITLE, "no takeovers");
        }
        List<String> violations = new ArrayList<>();
        for (Duration takeover : takeovers) {
            if (takeover.compareTo(limit) > 0) {
                violations.add(takeover.toMillis() + " ms, more than " + limit.toMillis());
            }
        }
        return Finding.of(
                "C8",
                TITLE,
                violations,
                takeovers.size() + " takeovers, p50 " + percentile(takeovers, 50) + " ms, p99 "
                        + percentile(takeovers, 99) + " ms; seconds: " + histogram(takeovers));
    }

    /** In milliseconds; the nearest rank. */
    public static long percentile(List<Duration> times, int percent) {
        List<Duration> sorted = times.stream().sorted().toList();
        int rank = (int) Math.ceil(percent / 100.0 * sorted.size());
        return sorted.get(Math.max(0, rank - 1)).toMillis();
    }

    /** How many fall in each second. */
    static String histogram(List<Duration> times) {
        TreeMap<Long, Integer> counts = new TreeMap<>();
        times.forEach(time -> counts.merge(time.toSeconds(), 1, Integer::sum));
        StringBuilder text = new StringBuilder();
        counts.forEach((second, count) -> text.append(text.length() == 0 ? "" : ", ")
                .append(second)
                .append('-')
                .append(second + 1)
                .append(": ")
                .append(count));
        return text.toString();
    }
}

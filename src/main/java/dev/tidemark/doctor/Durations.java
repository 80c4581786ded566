package dev.tidemark.doctor;

import java.time.Duration;

/** Formats durations. */
final class Durations {
    private Durations() {}

    /** The two largest units: {@code 2 d 3 h}, {@code 45 s}, {@code 200 ms}. */
    static String words(Duration span) {
        if (span.toDays() > 0) {
            return two(span.toDays(), "d", span.toHoursPart(), "h");
        }
        if (span.toHours() > 0) {
            return two(span.toHours(), "h", span.toMinutesPart(), "min");
        }
        if (span.toMinutes() > 0) {
            return two(span.toMinutes(), "min", span.toSecondsPart(), "s");
        }
        return span.toSeconds() > 0 ? two(span.toSeconds(), "s", span.toMillisPart(), "ms") : span.toMillis() + " ms";
    }

    private static String two(long large, String unit, long small, String smallUnit) {
        return large + " " + unit + (small == 0 ? "" : " " + small + " " + smallUnit);
    }
}

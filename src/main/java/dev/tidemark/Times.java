package dev.tidemark;

import static dev.tidemark.errors.InvalidConfigurationException.requireGiven;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.time.Duration;
import java.time.Instant;

/** Refuses times and durations that Kafka, PostgreSQL or this process cannot represent (TM-103). */
final class Times {
    private Times() {}

    /** An instant that fits in 64 bits of milliseconds, as in Kafka. */
    static Instant instant(String what, Instant instant) {
        try {
            long unused = requireGiven(what, instant).toEpochMilli();
            return instant;
        } catch (ArithmeticException e) {
            throw invalid(what + "(" + instant + ") is out of range: Kafka counts milliseconds in 64 bits");
        }
    }

    /** A duration that is not negative, and fits in 64 bits of milliseconds. */
    static Duration duration(String what, Duration duration) {
        if (requireGiven(what, duration).isNegative()) {
            throw invalid(what + " is negative: " + duration);
        }
        try {
            long unused = duration.toMillis();
            return duration;
        } catch (ArithmeticException e) {
            throw invalid(what + " is out of range: " + duration + " does not fit in 64 bits of milliseconds");
        }
    }

    /** A time limit that becomes a setting of the server, which has 31 bits of milliseconds. */
    static Duration setting(String what, Duration duration) {
        if (duration.compareTo(Duration.ofMillis(1)) < 0
                || duration.compareTo(Duration.ofMillis(Integer.MAX_VALUE)) > 0) {
            throw invalid(what + " must be at least 1 ms and at most " + Integer.MAX_VALUE + " ms, not " + duration);
        }
        return duration;
    }

    private static InvalidConfigurationException invalid(String why) {
        return new InvalidConfigurationException(ErrorCode.INVALID_SETTING, why, null);
    }
}

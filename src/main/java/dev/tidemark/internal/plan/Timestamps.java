package dev.tidemark.internal.plan;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;

/** Instants as Kafka looks them up: in milliseconds, of which 64 bits count from 1970. Pure. */
public final class Timestamps {
    private Timestamps() {}

    /** Whether it fits into 64 bits of milliseconds. */
    public static boolean isInRange(Instant instant) {
        try {
            long unused = instant.toEpochMilli();
            return true;
        } catch (ArithmeticException e) {
            return false;
        }
    }

    /**
     * The timestamp to ask Kafka for; empty stands for the earliest record, as for every time before 1970. Kafka's own negative
     * numbers mean something else: -1 the log's end, -2 its start, -3 the record with the largest timestamp.
     *
     * @throws IllegalArgumentException if it is not in range
     */
    public static OptionalLong lookup(Instant instant) {
        if (!isInRange(instant)) {
            throw new IllegalArgumentException("out of range: " + instant);
        }
        long millis = instant.toEpochMilli();
        return millis < 0 ? OptionalLong.empty() : OptionalLong.of(millis);
    }

    /** The instant this long before now; if that is out of range, the first one that is not. */
    public static Instant before(Instant now, Duration ago) {
        Instant first = Instant.ofEpochMilli(Long.MIN_VALUE);
        try {
            Instant then = now.minus(ago);
            return isInRange(then) ? then : first;
        } catch (DateTimeException | ArithmeticException e) {
            return first;
        }
    }
}

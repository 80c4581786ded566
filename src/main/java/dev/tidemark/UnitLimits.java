package dev.tidemark;

import java.time.Duration;
import java.util.Optional;

/**
 * What bounds a unit of work, that is, one transaction. A worker takes what is there, so these are no batch sizes to tune: a
 * quiet topic is served record by record, a busy one in large units up to these limits.
 *
 * @param records at most this many records; default 5,000, from where multi-row statements and COPY gain little more
 * @param bytes at most this many bytes of keys and values, but always at least one record; default 8 MiB
 * @param time no further record is begun once a unit has lasted this long, so that a partition can be given away soon; default
 *     1 s
 * @param deadline a unit that lasts longer counts as hung: its statement is cancelled and health turns false; empty, the
 *     default, stands for {@code max.poll.interval.ms}, which is also the most it may be
 */
public record UnitLimits(int records, long bytes, Duration time, Optional<Duration> deadline) {
    /** Refuses limits that are not positive (TM-103). */
    public UnitLimits {
        positive("records", records > 0, records);
        positive("bytes", bytes > 0, bytes);
        positive("time", !time.isNegative() && !time.isZero(), time);
        deadline.ifPresent(d -> positive("deadline", !d.isNegative() && !d.isZero(), d));
    }

    /** The defaults that stand at each limit. */
    public static UnitLimits defaults() {
        return new UnitLimits(5_000, 8L << 20, Duration.ofSeconds(1), Optional.empty());
    }

    /** The same with another number of records. */
    public UnitLimits withRecords(int limit) {
        return new UnitLimits(limit, bytes, time, deadline);
    }

    /** The same with another number of bytes. */
    public UnitLimits withBytes(long limit) {
        return new UnitLimits(records, limit, time, deadline);
    }

    /** The same with another time. */
    public UnitLimits withTime(Duration limit) {
        return new UnitLimits(records, bytes, limit, deadline);
    }

    /** The same with a deadline of its own. */
    public UnitLimits withDeadline(Duration limit) {
        return new UnitLimits(records, bytes, time, Optional.of(limit));
    }

    private static void positive(String name, boolean is, Object value) {
        if (!is) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING, "unit limit " + name + " must be positive, not " + value, null);
        }
    }
}

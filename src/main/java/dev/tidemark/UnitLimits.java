package dev.tidemark;

import static dev.tidemark.errors.InvalidConfigurationException.requireGiven;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The bounds of a unit of work, that is, of one transaction. A worker takes whatever is waiting, so these are not batch sizes to
 * tune: a quiet topic is processed record by record, a busy one in large units up to these limits. Immutable.
 */
public final class UnitLimits {
    private static final UnitLimits DEFAULTS = new UnitLimits(5_000, 8L << 20, Duration.ofSeconds(1), null);

    private final int maxRecords;
    private final long maxBytes;
    private final Duration maxDuration;
    private final @Nullable Duration deadline;

    private UnitLimits(int maxRecords, long maxBytes, Duration maxDuration, @Nullable Duration deadline) {
        positive("maxRecords", maxRecords > 0, maxRecords);
        positive("maxBytes", maxBytes > 0, maxBytes);
        positive("maxDuration", !maxDuration.isNegative() && !maxDuration.isZero(), maxDuration);
        if (deadline != null) {
            positive("deadline", !deadline.isNegative() && !deadline.isZero(), deadline);
        }
        this.maxRecords = maxRecords;
        this.maxBytes = maxBytes;
        this.maxDuration = maxDuration;
        this.deadline = deadline;
    }

    /** 5,000 records, 8 MiB, 1 s, and {@code max.poll.interval.ms} as the deadline. */
    public static UnitLimits defaults() {
        return DEFAULTS;
    }

    /**
     * The same with another number of records. The default is 5,000, above which multi-row statements and COPY gain little.
     *
     * @throws InvalidConfigurationException if it is not positive (TM-103)
     */
    public UnitLimits withMaxRecords(int limit) {
        return new UnitLimits(limit, maxBytes, maxDuration, deadline);
    }

    /**
     * The same with another number of bytes of keys and values. A unit holds at least one record, however large it is. Default 8 MiB.
     *
     * @throws InvalidConfigurationException if it is not positive (TM-103)
     */
    public UnitLimits withMaxBytes(long limit) {
        return new UnitLimits(maxRecords, limit, maxDuration, deadline);
    }

    /**
     * The same with another duration, after which a unit starts no further record, so that a partition can be released soon.
     * Default 1 s.
     *
     * @throws InvalidConfigurationException if it is not positive (TM-103)
     */
    public UnitLimits withMaxDuration(Duration limit) {
        return new UnitLimits(maxRecords, maxBytes, requireGiven("withMaxDuration", limit), deadline);
    }

    /**
     * The same with a deadline: a unit that lasts longer counts as hung, so its statement is cancelled and the consumer is not ready.
     * Default {@code max.poll.interval.ms}, which is also the maximum.
     *
     * @throws InvalidConfigurationException if it is not positive (TM-103)
     */
    public UnitLimits withDeadline(Duration limit) {
        return new UnitLimits(maxRecords, maxBytes, maxDuration, requireGiven("withDeadline", limit));
    }

    /** At most this many records. */
    public int maxRecords() {
        return maxRecords;
    }

    /** At most this many bytes of keys and values, but at least one record. */
    public long maxBytes() {
        return maxBytes;
    }

    /** No further record is started after this long. */
    public Duration maxDuration() {
        return maxDuration;
    }

    /** When a unit counts as hung; empty means {@code max.poll.interval.ms}. */
    public Optional<Duration> deadline() {
        return Optional.ofNullable(deadline);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof UnitLimits that
                && maxRecords == that.maxRecords
                && maxBytes == that.maxBytes
                && maxDuration.equals(that.maxDuration)
                && Objects.equals(deadline, that.deadline);
    }

    @Override
    public int hashCode() {
        return Objects.hash(maxRecords, maxBytes, maxDuration, deadline);
    }

    @Override
    public String toString() {
        return "UnitLimits[maxRecords=" + maxRecords + ", maxBytes=" + maxBytes + ", maxDuration=" + maxDuration
                + ", deadline=" + (deadline == null ? "max.poll.interval.ms" : deadline) + "]";
    }

    private static void positive(String name, boolean is, Object value) {
        if (!is) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING, "unit limit " + name + " must be positive, not " + value, null);
        }
    }
}

package dev.tidemark.cli.option;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.StartPosition;
import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.plan.Timestamps;
import dev.tidemark.testkit.FuzzSize;
import dev.tidemark.testkit.Seeds;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;

/**
 * Random times and durations, most of them near an edge: what reaches Kafka is the millisecond that was meant, the earliest for all
 * before 1970, or nothing, with a code. The oracle counts in numbers without bounds.
 */
class TimesFuzzTest {
    private static final BigInteger LEAST = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger MOST = BigInteger.valueOf(Long.MAX_VALUE);

    private final Random random = Seeds.random("TimesFuzzTest");

    private static BigInteger millis(long seconds, int nanos) {
        return BigInteger.valueOf(seconds)
                .multiply(BigInteger.valueOf(1_000))
                .add(BigInteger.valueOf(nanos / 1_000_000));
    }

    private static boolean isInRange(BigInteger millis) {
        return millis.compareTo(LEAST) >= 0 && millis.compareTo(MOST) <= 0;
    }

    private long near(long edge) {
        long off = random.nextInt(5) - 2L;
        return (edge > 0 ? edge > Long.MAX_VALUE - 2 : edge < Long.MIN_VALUE + 2) ? edge : edge + off;
    }

    private Instant instant() {
        long seconds = switch (random.nextInt(7)) {
            case 0 -> near(0);
            case 1 -> near(Long.MAX_VALUE / 1_000);
            case 2 -> near(Long.MIN_VALUE / 1_000);
            case 3 -> Instant.MAX.getEpochSecond() - random.nextInt(3);
            case 4 -> Instant.MIN.getEpochSecond() + random.nextInt(3);
            case 5 -> random.nextLong(Instant.MIN.getEpochSecond(), Instant.MAX.getEpochSecond());
            default -> random.nextLong(-3_000_000_000L, 3_000_000_000L);
        };
        int nanos = random.nextBoolean() ? random.nextInt(1_000_000_000) : 999_000_000 * random.nextInt(2);
        return Instant.ofEpochSecond(seconds, nanos);
    }

    private Duration duration() {
        long seconds = switch (random.nextInt(6)) {
            case 0 -> near(0);
            case 1 -> near(Long.MAX_VALUE / 1_000);
            case 2 -> Long.MAX_VALUE - random.nextInt(3);
            case 3 -> Long.MIN_VALUE + random.nextInt(3);
            case 4 -> random.nextLong();
            default -> random.nextLong(0, 3_000_000_000L);
        };
        return Duration.ofSeconds(seconds, seconds == Long.MAX_VALUE ? 0 : random.nextInt(1_000_000_000));
    }

    /** What Kafka is asked for: the timestamp, or the earliest. */
    private static OptionalLong expected(BigInteger millis) {
        return millis.signum() < 0 ? OptionalLong.empty() : OptionalLong.of(millis.longValueExact());
    }

    private static void refused(InvalidConfigurationException e, String what) {
        assertThat(e.code()).as(what).isEqualTo(ErrorCode.INVALID_SETTING);
    }

    private void checkInstant(Instant instant) {
        BigInteger millis = millis(instant.getEpochSecond(), instant.getNano());
        // The last and the first year have no local time in this form.
        boolean isText = Math.abs(instant.getEpochSecond()) < Instant.MAX.getEpochSecond() - 86_400L * 367;
        String text = isText ? instant.atOffset(ZoneOffset.UTC).toString() : "";
        try {
            StartPosition.At at = (StartPosition.At) StartPosition.at(instant);
            assertThat(isInRange(millis)).as("let pass: " + instant).isTrue();
            assertThat(Timestamps.lookup(at.instant())).as(text).isEqualTo(expected(millis));
        } catch (InvalidConfigurationException e) {
            refused(e, text);
            assertThat(isInRange(millis)).as("refused: " + instant).isFalse();
        }
        if (isText) {
            checkText(instant, text, isInRange(millis));
        }
    }

    private static void checkText(Instant instant, String text, boolean inRange) {
        try {
            StartPosition parsed = StartPositions.parse(text);
            assertThat(parsed).as("--start " + text).isEqualTo(new StartPosition.At(instant));
        } catch (TypeConversionException e) {
            assertThat(e).hasMessageContaining("TM-103");
            assertThat(inRange).as("--start refused: " + text).isFalse();
        }
        SelectorOptions options = new SelectorOptions();
        try {
            new CommandLine(options).parseArgs("--to-datetime=" + text);
            OffsetTarget moment = options.chosen("group", Instant.EPOCH, SelectorOptions.NAMES);
            assertThat(moment).as("--to-datetime " + text).isEqualTo(new OffsetTarget.Since(instant));
            assertThat(inRange).as("--to-datetime let pass: " + text).isTrue();
        } catch (ParameterException e) {
            assertThat(e).hasMessageContaining("TM-103");
            assertThat(inRange).as("--to-datetime refused: " + text).isFalse();
        }
    }

    private void checkDuration(Instant now, Duration duration) {
        BigInteger millis = millis(duration.getSeconds(), duration.getNano());
        boolean taken = !duration.isNegative() && isInRange(millis);
        try {
            StartPosition.Ago ago = (StartPosition.Ago) StartPosition.ago(duration);
            assertThat(taken).as("ago let pass: " + duration).isTrue();
            BigInteger nanos = nanos(now.getEpochSecond(), now.getNano())
                    .subtract(nanos(duration.getSeconds(), duration.getNano()));
            BigInteger then =
                    nanos.subtract(nanos.mod(BigInteger.valueOf(1_000_000))).divide(BigInteger.valueOf(1_000_000));
            assertThat(Timestamps.lookup(Timestamps.before(now, ago.duration())))
                    .as(now + " - " + duration)
                    .isEqualTo(expected(then));
        } catch (InvalidConfigurationException e) {
            refused(e, duration.toString());
            assertThat(taken).as("ago refused: " + duration).isFalse();
        }
        try {
            FailurePolicy unused = FailurePolicy.retry(1, duration).thenSkip();
            assertThat(taken).as("retry let pass: " + duration).isTrue();
        } catch (InvalidConfigurationException e) {
            refused(e, duration.toString());
            assertThat(taken).as("retry refused: " + duration).isFalse();
        }
        try {
            StartPosition parsed = StartPositions.parse(duration.toString());
            assertThat(parsed).isEqualTo(new StartPosition.Ago(duration));
        } catch (TypeConversionException e) {
            assertThat(e).hasMessageContaining("TM-103");
            assertThat(taken).as("--start refused: " + duration).isFalse();
        }
    }

    private static BigInteger nanos(long seconds, int nanos) {
        return BigInteger.valueOf(seconds)
                .multiply(BigInteger.valueOf(1_000_000_000))
                .add(BigInteger.valueOf(nanos));
    }

    /** Kafka counts milliseconds, and what is less than one is cut off. */
    @Test
    void theLongestDurationIsTakenToItsLastNanosecond() {
        Instant now = Instant.parse("2026-11-27T10:11:12.345678Z");
        Duration longest = Duration.ofMillis(Long.MAX_VALUE);
        for (int nanos : new int[] {0, 1, 356_585, 999_999, 1_000_000}) {
            checkDuration(now, longest.plusNanos(nanos));
        }
    }

    @Test
    void timesAreThoseThatWereMeantOrRefused() {
        int size = FuzzSize.orElse(5_000);
        Instant now = Instant.parse("2026-11-27T10:11:12.345678Z");
        for (int i = 0; i < size; i++) {
            checkInstant(instant());
            checkDuration(now, duration());
        }
    }
}

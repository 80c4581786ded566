package dev.tidemark.cli.option;

import dev.tidemark.errors.ErrorCode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A time, as every option takes it: how long ago ({@code 90m}, {@code 7d}, {@code 1h30m}, {@code PT1H30M}), or a date with or without
 * a time and a zone ({@code 2026-11-27}, {@code 2026-11-27 07:00}, {@code 2026-11-27T07:00:00+01:00}). Without a zone it is UTC, so that
 * it means the same on every machine, as in Kafka's tools. Exactly one of the two components is not null.
 *
 * @param ago how long ago; not negative
 * @param at an instant
 */
public record TimeArgument(@Nullable Duration ago, @Nullable Instant at) {
    /** For descriptions of options. */
    public static final String EXAMPLES =
            "how long ago, such as 90m, 7d or PT1H30M, or a time, such as 2026-11-27, '2026-11-27 07:00'"
                    + " or 2026-11-27T07:00+01:00; UTC without a zone";

    /** Possessive: what may be given back is kept on the stack, and a long text would exhaust it. */
    private static final Pattern PARTS = Pattern.compile("(?:\\d{1,9}[wdhms]\\s*)++");

    private static final Pattern PART = Pattern.compile("(\\d+)([wdhms])");

    private static final Pattern DATE = Pattern.compile("([+-]?\\d{4,10}-\\d\\d-\\d\\d)"
            + "(?:(?:[Tt]|\\s+)(\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?))?\\s*([Zz]|UTC|[+-]\\d\\d(?::?\\d\\d)?)?");

    /** Refuses everything else. */
    public static TimeArgument parse(String text) {
        String words = text.strip();
        try {
            if (PARTS.matcher(words.toLowerCase(Locale.ROOT)).matches()) {
                return new TimeArgument(sum(words.toLowerCase(Locale.ROOT)), null);
            }
            if (words.toUpperCase(Locale.ROOT).startsWith("P")) {
                Duration duration = Duration.parse(words);
                if (!duration.isNegative()) {
                    return new TimeArgument(duration, null);
                }
            }
            Matcher date = DATE.matcher(words);
            if (date.matches()) {
                return new TimeArgument(null, instant(date));
            }
        } catch (DateTimeException | ArithmeticException e) {
            // Refused below, as everything else.
        }
        throw new TypeConversionException(
                ErrorCode.INVALID_SETTING + ": '" + text + "' is not a time: write " + EXAMPLES);
    }

    private static Duration sum(String words) {
        Duration sum = Duration.ZERO;
        Matcher part = PART.matcher(words);
        while (part.find()) {
            long count = Long.parseLong(part.group(1));
            sum = sum.plus(
                    switch (part.group(2)) {
                        case "s" -> Duration.ofSeconds(count);
                        case "m" -> Duration.ofMinutes(count);
                        case "h" -> Duration.ofHours(count);
                        case "d" -> Duration.ofDays(count);
                        default -> Duration.ofDays(Math.multiplyExact(7, count));
                    });
        }
        return sum;
    }

    private static Instant instant(Matcher date) {
        LocalTime time = date.group(2) == null ? LocalTime.MIDNIGHT : LocalTime.parse(date.group(2));
        String zone = date.group(3);
        ZoneOffset offset =
                zone == null || zone.equals("UTC") ? ZoneOffset.UTC : ZoneOffset.of(zone.toUpperCase(Locale.ROOT));
        return OffsetDateTime.of(LocalDate.parse(date.group(1)), time, offset).toInstant();
    }

    /** For picocli. */
    public static final class Converter implements ITypeConverter<TimeArgument> {
        @Override
        public TimeArgument convert(String value) {
            return parse(value);
        }
    }
}

package dev.tidemark.cli.option;

import dev.tidemark.StartPosition;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Year;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A time, as every option takes it: how long ago ({@code 90m}, {@code 7d}, {@code 1h30m}, {@code PT1H30M}), or a date with or without
 * a time and a zone ({@code 2026-11-27}, {@code 2026-11-27 07:00}, {@code 2026-11-27T07:00:00+01:00}). Without a zone it is UTC, so that
 * it means the same on every machine, as in Kafka's tools. Exactly one of the last two components is not null.
 *
 * @param text as it was typed
 * @param ago how long ago; not negative, and fits in 64 bits of milliseconds
 * @param at an instant
 */
public record TimeArgument(
        String text, @Nullable Duration ago, @Nullable Instant at) {
    private static final String DURATIONS = "90m, 7d or PT1H30M";

    /** For descriptions of options. */
    public static final String EXAMPLES = "how long ago, such as " + DURATIONS
            + ", or a time, such as 2026-11-27, '2026-11-27 07:00' or 2026-11-27T07:00+01:00; UTC without a zone";

    private static final Duration LONGEST = Duration.ofMillis(Long.MAX_VALUE).plusNanos(999_999);

    /** What Kafka can be asked for. */
    private static final String INSTANTS =
            Instant.ofEpochMilli(Long.MIN_VALUE) + " to " + Instant.ofEpochMilli(Long.MAX_VALUE);

    /** Possessive: what may be given back is kept on the stack, and a long text would exhaust it. */
    private static final Pattern PARTS = Pattern.compile("-?(?:\\d++[wdhms]\\s*)++");

    private static final Pattern PART = Pattern.compile("(\\d+)([wdhms])");

    private static final Pattern DATE = Pattern.compile("([+-]?)(\\d{4,})(-\\d\\d-\\d\\d)"
            + "(?:(?:[Tt]|\\s+)(\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{1,9})?)?))?\\s*([Zz]|UTC|[+-]\\d\\d(?::?\\d\\d)?)?");

    /** Refuses everything else, and what is out of range. */
    public static TimeArgument parse(String text) {
        return parse(text, "a time: write ");
    }

    private static TimeArgument parse(String text, String otherwise) {
        String words = text.strip();
        Duration ago = duration(text, words);
        if (ago != null) {
            return new TimeArgument(text, ago, null);
        }
        Matcher date = DATE.matcher(words);
        if (date.matches()) {
            return new TimeArgument(text, null, instant(text, date));
        }
        throw refused(text, "is not " + otherwise + EXAMPLES);
    }

    /**
     * As {@link #parse(String)}; refuses also an instant that Kafka cannot be asked for.
     *
     * @param otherwise what is expected, for the message; the examples of times follow
     */
    static TimeArgument inLog(String text, String otherwise) {
        TimeArgument time = parse(text, otherwise);
        if (time.at != null) {
            try {
                StartPosition unused = StartPosition.at(time.at);
            } catch (InvalidConfigurationException e) {
                throw refused(text, "is out of range: a time may be " + INSTANTS);
            }
        }
        return time;
    }

    /** As {@link #parse(String)}, but refuses dates. */
    static TimeArgument length(String text) {
        Duration length = duration(text, text.strip());
        if (length == null) {
            throw refused(text, "is not a duration: write it like " + DURATIONS);
        }
        return new TimeArgument(text, length, null);
    }

    /** Null if it is none. */
    private static @Nullable Duration duration(String text, String words) {
        Duration duration;
        try {
            String lower = words.toLowerCase(Locale.ROOT);
            if (PARTS.matcher(lower).matches()) {
                duration = sum(lower);
            } else {
                duration = Duration.parse(words);
            }
        } catch (DateTimeParseException e) {
            // Its numbers were read, or it is no duration at all.
            if (e.getCause() == null) {
                return null;
            }
            duration = null;
        } catch (ArithmeticException | NumberFormatException e) {
            duration = null;
        }
        if (duration == null || duration.isNegative() || duration.compareTo(LONGEST) > 0) {
            throw refused(text, "is out of range: a duration may be 0s to " + LONGEST.toDays() + "d");
        }
        return duration;
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
        return words.startsWith("-") ? sum.negated() : sum;
    }

    private static Instant instant(String text, Matcher date) {
        String year = date.group(2).replaceFirst("^0+(?=\\d{4})", "");
        if (year.length() > Integer.toString(Year.MAX_VALUE).length()) {
            throw refused(text, "is out of range: a year may be " + Year.MIN_VALUE + " to " + Year.MAX_VALUE);
        }
        // Years of more digits have a sign.
        String sign = date.group(1).equals("-") ? "-" : year.length() > 4 ? "+" : "";
        String zone = date.group(5);
        try {
            LocalTime time = date.group(4) == null ? LocalTime.MIDNIGHT : LocalTime.parse(date.group(4));
            ZoneOffset offset =
                    zone == null || zone.equals("UTC") ? ZoneOffset.UTC : ZoneOffset.of(zone.toUpperCase(Locale.ROOT));
            return OffsetDateTime.of(LocalDate.parse(sign + year + date.group(3)), time, offset)
                    .toInstant();
        } catch (DateTimeException e) {
            throw refused(text, "is not a time: its date, time or zone does not exist; write " + EXAMPLES);
        }
    }

    private static TypeConversionException refused(String text, String why) {
        return new TypeConversionException(ErrorCode.INVALID_SETTING + ": '" + text + "' " + why);
    }

    /** For picocli: any time. */
    public static final class Converter implements ITypeConverter<TimeArgument> {
        @Override
        public TimeArgument convert(String value) {
            return parse(value);
        }
    }

    /** For picocli: a time that Kafka can be asked for. */
    static final class InLog implements ITypeConverter<TimeArgument> {
        @Override
        public TimeArgument convert(String value) {
            return inLog(value, "a time: write ");
        }
    }

    /** For picocli: a duration. */
    public static final class Lengths implements ITypeConverter<TimeArgument> {
        @Override
        public TimeArgument convert(String value) {
            return length(value);
        }
    }
}

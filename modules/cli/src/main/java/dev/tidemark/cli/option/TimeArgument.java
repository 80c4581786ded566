package dev.tidemark.cli.option;

import dev.tidemark.errors.ErrorCode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A time argument: {@code 90m}, {@code 7d}, {@code PT1H30M}, or a time in ISO 8601, local if it names no zone. Exactly one of the two
 * components is not null.
 *
 * @param ago before the database's current time, so that a wrong clock on this machine does no harm
 * @param at an instant
 */
public record TimeArgument(@Nullable Duration ago, @Nullable Instant at) {
    private static final Pattern SHORT = Pattern.compile("(\\d{1,9})([smhd])");

    /** Refuses everything else. */
    public static TimeArgument parse(String text, ZoneId zone) {
        String said = text.strip();
        try {
            Matcher m = SHORT.matcher(said.toLowerCase(Locale.ROOT));
            if (m.matches()) {
                long count = Long.parseLong(m.group(1));
                return new TimeArgument(
                        switch (m.group(2)) {
                            case "s" -> Duration.ofSeconds(count);
                            case "m" -> Duration.ofMinutes(count);
                            case "h" -> Duration.ofHours(count);
                            default -> Duration.ofDays(count);
                        },
                        null);
            }
            if (said.toUpperCase(Locale.ROOT).startsWith("P")) {
                Duration duration = Duration.parse(said);
                if (!duration.isNegative()) {
                    return new TimeArgument(duration, null);
                }
            } else {
                return new TimeArgument(null, instant(said, zone));
            }
        } catch (DateTimeException | ArithmeticException e) {
            // Refused below, as everything else.
        }
        throw new TypeConversionException(ErrorCode.INVALID_SETTING + ": '" + text
                + "' is neither a duration, such as 90m, 7d or PT1H30M, nor a time, such as 2026-11-24T09:00 or"
                + " 2026-11-24T09:00:00Z");
    }

    private static Instant instant(String text, ZoneId zone) {
        boolean zoned = text.matches(".*T.*(Z|z|[+-]\\d\\d(:?\\d\\d)?)");
        return zoned
                ? OffsetDateTime.parse(text).toInstant()
                : LocalDateTime.parse(text.contains("T") ? text : text + "T00:00")
                        .atZone(zone)
                        .toInstant();
    }

    /** For picocli. */
    public static final class Converter implements ITypeConverter<TimeArgument> {
        @Override
        public TimeArgument convert(String value) {
            return parse(value, ZoneId.systemDefault());
        }
    }
}

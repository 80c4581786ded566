package dev.tidemark.cli;

import dev.tidemark.cli.OffsetsFile.Lines;
import dev.tidemark.internal.plan.Timestamps;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.TemporalAccessor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where offsets are to go, in the words of {@code kafka-consumer-groups --reset-offsets}. */
final class SelectorOptions {
    static final String NAMES = "--to-earliest, --to-latest, --to-offset, --to-datetime, --by-duration, --shift-by,"
            + " --from-file, --to-current";

    private static final DateTimeFormatter MOMENT = new DateTimeFormatterBuilder()
            .append(DateTimeFormatter.ISO_LOCAL_DATE_TIME)
            .appendPattern("[XXX][XX][X]")
            .toFormatter(Locale.ROOT)
            .withResolverStyle(ResolverStyle.STRICT);

    @Option(names = "--to-earliest", description = "To the first record that Kafka still holds.")
    private boolean toEarliest;

    @Option(names = "--to-latest", description = "To the log's end: nothing that is there now is read.")
    private boolean toLatest;

    @Option(names = "--to-offset", paramLabel = "OFFSET", description = "To this offset, in every partition.")
    private @Nullable Long toOffset;

    @Option(
            names = "--to-datetime",
            paramLabel = "TIME",
            description = "To the first record since then: YYYY-MM-DDTHH:mm:SS.sss, with +hh:mm or Z, in UTC without.")
    private @Nullable String toDatetime;

    @Option(
            names = "--by-duration",
            paramLabel = "PnDTnHnMnS",
            description = "To the first record since this long ago, by this machine's clock.")
    private @Nullable String byDuration;

    @Option(
            names = "--shift-by",
            paramLabel = "RECORDS",
            description = "So many offsets on, or back if negative, but not out of the log.")
    private @Nullable Long shiftBy;

    @Option(
            names = "--from-file",
            paramLabel = "FILE",
            description =
                    "To the offsets of a CSV file as export writes it: topic,partition,offset. - is standard input.")
    private @Nullable String fromFile;

    @Option(names = "--to-current", description = "To where it stands: owners claim again, halted partitions too.")
    private boolean toCurrent;

    /** Whether any was given. */
    boolean isGiven() {
        return toEarliest
                || toLatest
                || toCurrent
                || toOffset != null
                || toDatetime != null
                || byDuration != null
                || shiftBy != null
                || fromFile != null;
    }

    /** The one that was given; none or several are refused (TM-103). */
    Selector chosen(String group, Instant now) {
        List<Selector> chosen = new ArrayList<>();
        if (toEarliest) {
            chosen.add(new Selector.ToEarliest());
        }
        if (toLatest) {
            chosen.add(new Selector.ToLatest());
        }
        if (toOffset != null) {
            chosen.add(new Selector.ToOffset(toOffset));
        }
        if (toDatetime != null) {
            chosen.add(new Selector.Since(moment(toDatetime)));
        }
        if (byDuration != null) {
            chosen.add(new Selector.Since(Timestamps.before(now, duration(byDuration))));
        }
        if (shiftBy != null) {
            chosen.add(new Selector.ShiftBy(shiftBy));
        }
        if (toCurrent) {
            chosen.add(new Selector.ToCurrent());
        }
        if (fromFile != null) {
            Lines lines = OffsetsFile.read(fromFile);
            chosen.add(new Selector.Given(lines.of(group)));
        }
        if (chosen.size() != 1) {
            throw CommandException.wrongInput("say where to, by exactly one of " + NAMES);
        }
        return chosen.get(0);
    }

    /** A time as Kafka's tool takes it. */
    static Instant moment(String text) {
        try {
            TemporalAccessor parsed = MOMENT.parseBest(text, OffsetDateTime::from, LocalDateTime::from);
            Instant moment = parsed instanceof OffsetDateTime zoned
                    ? zoned.toInstant()
                    : LocalDateTime.from(parsed).toInstant(ZoneOffset.UTC);
            if (Timestamps.isInRange(moment)) {
                return moment;
            }
        } catch (DateTimeException e) {
            throw CommandException.wrongInput(
                    "--to-datetime " + text + " is no time: write it like 2001-06-30T09:00:00.000+02:00");
        }
        throw CommandException.wrongInput(
                "--to-datetime " + text + " is out of range: Kafka counts milliseconds in 64 bits");
    }

    private static Duration duration(String text) {
        try {
            Duration duration = Duration.parse(text);
            if (!duration.isNegative()) {
                long unused = duration.toMillis();
                return duration;
            }
        } catch (DateTimeException e) {
            // Said below.
        } catch (ArithmeticException e) {
            throw CommandException.wrongInput(
                    "--by-duration " + text + " is out of range: Kafka counts milliseconds in 64 bits");
        }
        throw CommandException.wrongInput("--by-duration " + text + " is no duration: write it like P1DT2H or PT30M");
    }
}

package dev.tidemark.cli.option;

import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.OffsetsFile;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.errors.TidemarkException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
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

/** Selects the new offsets, with the options of {@code kafka-consumer-groups --reset-offsets}. */
public final class SelectorOptions {
    /** Exactly one of them must be given. */
    public static final String NAMES =
            "--to-earliest, --to-latest, --to-offset, --to-datetime, --by-duration, --shift-by,"
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
            description =
                    "To the first record since then: YYYY-MM-DDTHH:mm:SS.sss, optionally with +hh:mm or Z; default UTC.")
    private @Nullable String toDatetime;

    @Option(
            names = "--by-duration",
            paramLabel = "PnDTnHnMnS",
            description = "To the first record since that long ago, by this machine's clock.")
    private @Nullable String byDuration;

    @Option(
            names = "--shift-by",
            paramLabel = "RECORDS",
            description = "This many offsets forward, or back if negative, but not out of the log.")
    private @Nullable Long shiftBy;

    @Option(
            names = "--from-file",
            paramLabel = "FILE",
            description =
                    "To the offsets of a CSV file as export writes it: topic,partition,offset. - is standard input.")
    private @Nullable String fromFile;

    @Option(
            names = "--to-current",
            description = "To the current offset: owners claim again, halted partitions are retried.")
    private boolean toCurrent;

    /** Whether any was given. */
    public boolean isGiven() {
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
    public OffsetTarget chosen(String group, Instant now) {
        List<OffsetTarget> chosen = new ArrayList<>();
        if (toEarliest) {
            chosen.add(OffsetTarget.earliest());
        }
        if (toLatest) {
            chosen.add(OffsetTarget.latest());
        }
        if (toOffset != null) {
            chosen.add(OffsetTarget.offset(toOffset));
        }
        if (toDatetime != null) {
            chosen.add(moment(toDatetime));
        }
        if (byDuration != null) {
            chosen.add(ago(byDuration, now));
        }
        if (shiftBy != null) {
            chosen.add(OffsetTarget.shiftBy(shiftBy));
        }
        if (toCurrent) {
            chosen.add(OffsetTarget.current());
        }
        if (fromFile != null) {
            chosen.add(OffsetTarget.offsets(offsets(fromFile).of(group)));
        }
        if (chosen.size() != 1) {
            throw CommandException.wrongInput("no target: pass exactly one of " + NAMES);
        }
        return chosen.get(0);
    }

    /** Reads a file, or standard input if the name is a dash. */
    public static OffsetsFile offsets(String name) {
        if (!name.equals("-")) {
            return OffsetsFile.read(Path.of(name));
        }
        try {
            return OffsetsFile.parse(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw CommandException.wrongInput("standard input cannot be read");
        }
    }

    /** A time in the format of Kafka's tool. */
    static OffsetTarget moment(String text) {
        Instant moment;
        try {
            TemporalAccessor parsed = MOMENT.parseBest(text, OffsetDateTime::from, LocalDateTime::from);
            moment = parsed instanceof OffsetDateTime zoned
                    ? zoned.toInstant()
                    : LocalDateTime.from(parsed).toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw CommandException.wrongInput(
                    "--to-datetime " + text + " is not a valid time: write it like 2001-06-30T09:00:00.000+02:00");
        }
        return since(text, moment);
    }

    /** A duration before now. */
    private static OffsetTarget ago(String text, Instant now) {
        try {
            Duration duration = Duration.parse(text);
            if (!duration.isNegative()) {
                return OffsetTarget.ago(duration, now);
            }
        } catch (DateTimeException e) {
            // Refused below.
        } catch (InvalidConfigurationException e) {
            throw outOfRange("--by-duration", text);
        }
        throw CommandException.wrongInput(
                "--by-duration " + text + " is not a valid duration: write it like P1DT2H or PT30M");
    }

    private static OffsetTarget since(String text, Instant instant) {
        try {
            return OffsetTarget.since(instant);
        } catch (InvalidConfigurationException e) {
            throw outOfRange("--to-datetime", text);
        }
    }

    private static TidemarkException outOfRange(String option, String text) {
        return CommandException.wrongInput(
                option + " " + text + " is out of range: Kafka counts milliseconds in 64 bits");
    }
}

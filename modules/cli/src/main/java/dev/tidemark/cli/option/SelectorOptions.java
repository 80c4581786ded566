package dev.tidemark.cli.option;

import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.OffsetsFile;
import dev.tidemark.cli.output.CommandException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Selects the new offsets, with the options of {@code kafka-consumer-groups --reset-offsets}. */
public final class SelectorOptions {
    /** Exactly one of them must be given. */
    public static final String NAMES =
            "--to-earliest, --to-latest, --to-offset, --to-datetime, --by-duration, --shift-by,"
                    + " --from-file, --to-current";

    @Option(names = "--to-earliest", description = "To the first record that Kafka still holds.")
    private boolean toEarliest;

    @Option(names = "--to-latest", description = "To the log's end: nothing that is there now is read.")
    private boolean toLatest;

    @Option(
            names = "--to-offset",
            paramLabel = "OFFSET",
            converter = WholeNumbers.Offsets.class,
            description = "To this offset, in every partition.")
    private @Nullable Long toOffset;

    @Option(
            names = "--to-datetime",
            paramLabel = "TIME",
            converter = TimeArgument.InLog.class,
            description = "To the first record since then: " + TimeArgument.EXAMPLES + ".")
    private @Nullable TimeArgument toDatetime;

    @Option(
            names = "--by-duration",
            paramLabel = "DURATION",
            converter = TimeArgument.Lengths.class,
            description =
                    "To the first record since that long ago, such as 90m, 7d or PT1H30M, by this machine's clock.")
    private @Nullable TimeArgument byDuration;

    @Option(
            names = "--shift-by",
            paramLabel = "RECORDS",
            converter = WholeNumbers.Shifts.class,
            description = "This many offsets forward, or back if negative, but not out of the log.")
    private @Nullable Long shiftBy;

    @Option(
            names = "--from-file",
            paramLabel = "FILE",
            description =
                    "To the offsets of a CSV file as export writes it: topic,partition,offset. - is standard input.")
    private @Nullable Path fromFile;

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

    /**
     * The one that was given; none or several are refused (TM-103).
     *
     * @param names the options that the command offers, for the message
     */
    public OffsetTarget chosen(String group, Instant now, String names) {
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
            chosen.add(since(toDatetime, now));
        }
        if (byDuration != null) {
            chosen.add(since(byDuration, now));
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
            throw CommandException.wrongInput(
                    (chosen.isEmpty() ? "no target" : "more than one target") + ": pass exactly one of " + names);
        }
        return chosen.get(0);
    }

    /** Reads a file, or standard input if the name is a dash. */
    public static OffsetsFile offsets(Path file) {
        if (!file.equals(Path.of("-"))) {
            return OffsetsFile.read(file);
        }
        try {
            return OffsetsFile.parse(new String(System.in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw CommandException.wrongInput("standard input cannot be read");
        }
    }

    /** The first record since then. */
    private static OffsetTarget since(TimeArgument time, Instant now) {
        if (time.ago() != null) {
            return OffsetTarget.ago(time.ago(), now);
        }
        if (time.at() != null) {
            return OffsetTarget.since(time.at());
        }
        throw new IllegalStateException("neither a duration nor a time");
    }
}

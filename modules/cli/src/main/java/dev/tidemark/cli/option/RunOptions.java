package dev.tidemark.cli.option;

import dev.tidemark.FailurePolicy;
import dev.tidemark.GapPolicy;
import dev.tidemark.StartPosition;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.UnitLimits;
import dev.tidemark.cli.output.CommandException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What a run reads, and how: options of a {@link TidemarkBuilder}. */
public final class RunOptions {
    @Option(
            names = "--topic",
            paramLabel = "TOPIC",
            split = ",",
            description = "A topic to read; may be repeated. This or --topic-pattern is required.")
    private List<String> topics = new ArrayList<>();

    @Option(
            names = "--topic-pattern",
            paramLabel = "REGEX",
            converter = Patterns.class,
            description = "Read all topics whose whole name matches, including those that are created later.")
    private @Nullable Pattern topicPattern;

    @Option(
            names = "--start",
            paramLabel = "WHERE",
            defaultValue = "earliest",
            converter = StartPositions.class,
            completionCandidates = Candidates.Starts.class,
            description =
                    "Where a group without stored offsets starts: earliest, latest, committed (its offsets in Kafka), a"
                            + " time such as 2026-11-24T09:00:00Z, or a duration ago such as 7d. Default: ${DEFAULT-VALUE}.")
    private StartPosition start = StartPosition.earliest();

    @Option(
            names = "--on-failure",
            paramLabel = "[retry=N,]WHAT",
            defaultValue = "park",
            converter = FailurePolicies.class,
            completionCandidates = Candidates.Failures.class,
            description =
                    "What happens to a record that fails: park, park-key (it and later records of its key), skip or halt."
                            + " With retry=N, in front, it is retried first, after 1, 2, 4, ... s. Default: ${DEFAULT-VALUE}.")
    private FailurePolicy failures = FailurePolicy.park();

    @Option(
            names = "--on-gap",
            paramLabel = "WHAT",
            defaultValue = "halt",
            converter = Gaps.class,
            completionCandidates = Candidates.Gaps.class,
            description = "If records were deleted before they were read: halt, or continue at the earliest there is."
                    + " Default: ${DEFAULT-VALUE}.")
    private GapPolicy gaps = GapPolicy.halt();

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "1",
            converter = WholeNumbers.Workers.class,
            description = "Transactions open at once, each on its own connection; one more is needed. Default:"
                    + " ${DEFAULT-VALUE}.")
    private int workers = 1;

    @Option(
            names = "--unit-records",
            paramLabel = "N",
            converter = WholeNumbers.Counts.class,
            description = "At most this many records in a transaction. Default: 5000.")
    private @Nullable Integer unitRecords;

    @Option(names = "--until-end", description = "Exit once everything is read that was there at the start.")
    private boolean untilEnd;

    @Option(names = "--mirror-to-kafka", description = "Show positions to Kafka's own tools as well.")
    private boolean mirror;

    @Option(
            names = "--strict-topic-identity",
            description = "Ask Kafka before each commit whether the topics are still the same.")
    private boolean strict;

    public int workers() {
        return workers;
    }

    /** Applies the options. */
    public <K, V> TidemarkBuilder<K, V> apply(TidemarkBuilder<K, V> builder) {
        if (topics.isEmpty() && topicPattern == null) {
            throw CommandException.wrongInput("no topics: pass either --topic or --topic-pattern");
        }
        if (topicPattern != null && !topics.isEmpty()) {
            throw CommandException.wrongInput(
                    "--topic names topics, and --topic-pattern selects all that match, also later"
                            + " ones: pass one of the two (TIDEMARK_TOPIC and TIDEMARK_TOPIC_PATTERN count as well). A pattern such as a|b.*"
                            + " may name topics, too");
        }
        if (topicPattern == null) {
            builder.topics(names());
        } else {
            builder.topicPattern(topicPattern);
        }
        builder.startAt(start).onFailure(failures).onGap(gaps).workers(workers);
        if (unitRecords != null) {
            builder.limits(UnitLimits.defaults().withMaxRecords(unitRecords));
        }
        if (untilEnd) {
            builder.untilEnd();
        }
        if (mirror) {
            builder.mirrorToKafka();
        }
        return strict ? builder.strictTopicIdentity() : builder;
    }

    /** The topics without the blanks around them, which no name has, as Kafka's lists are read. */
    private List<String> names() {
        List<String> names = topics.stream().map(String::strip).toList();
        if (names.contains("")) {
            throw CommandException.wrongInput("--topic holds an empty name: write topics as in --topic flights,delays");
        }
        return names;
    }

    /** Parses a pattern. */
    public static final class Patterns implements ITypeConverter<Pattern> {
        private static final int LONGEST = 1_000;

        @Override
        public Pattern convert(String text) {
            try {
                return Pattern.compile(text);
            } catch (PatternSyntaxException e) {
                // It is parsed by recursion, which may have exhausted the stack.
                throw text.length() > LONGEST
                        ? tooLong(text)
                        : new TypeConversionException(
                                "'" + text + "' is not a regular expression: " + e.getDescription()
                                        + (e.getIndex() < 0 ? "" : " near position " + (e.getIndex() + 1)));
            } catch (StackOverflowError e) {
                throw tooLong(text);
            }
        }

        private static TypeConversionException tooLong(String text) {
            return new TypeConversionException("a text of " + text.length()
                    + " characters is not a regular expression, or is nested too deeply: write a shorter one");
        }
    }

    /** Parses a gap policy. */
    public static final class Gaps implements ITypeConverter<GapPolicy> {
        @Override
        public GapPolicy convert(String text) {
            return switch (text.strip().toLowerCase(Locale.ROOT)) {
                case "halt" -> GapPolicy.halt();
                case "earliest" -> GapPolicy.resumeAtEarliest();
                default -> throw new TypeConversionException("'" + text + "' is neither halt nor earliest");
            };
        }
    }
}

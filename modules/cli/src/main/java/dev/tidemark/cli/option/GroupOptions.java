package dev.tidemark.cli.option;

import dev.tidemark.cli.output.CommandException;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** The consumer group: an argument, or {@code --group} as in Kafka's own tools. */
public final class GroupOptions {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "GROUP",
            description = "The consumer group; --group GROUP is the same.")
    private @Nullable String argument;

    @Option(names = "--group", paramLabel = "GROUP", description = "The consumer group, as the argument GROUP.")
    private @Nullable String option;

    /** As given by the options of a command that has another argument in front. */
    public static GroupOptions of(@Nullable String argument, @Nullable String option) {
        GroupOptions group = new GroupOptions();
        group.argument = argument;
        group.option = option;
        return group;
    }

    /** Whether a group was named. */
    public boolean isGiven() {
        return argument != null || option != null;
    }

    /** The group; refuses none, and two (TM-103). */
    public String get() {
        if (argument != null && option != null) {
            throw CommandException.wrongInput(
                    "the group is named twice: by the argument " + argument + " and by --group");
        }
        return required();
    }

    /** As {@link #get}, for commands whose next arguments are ids: with {@code --group}, the first argument is one, too. */
    public String beforeIds() {
        return required();
    }

    /** Without blanks at its ends, as Kafka's client reads a {@code group.id}: a consumer could not have the other name. */
    private String required() {
        String group = option != null ? option : argument;
        if (group == null || group.isBlank()) {
            throw CommandException.wrongInput("no group: name it as an argument, or by --group GROUP");
        }
        return group.trim();
    }

    /** The ids, with the first of them if it was parsed as the group; refuses what is no id (TM-103). */
    public List<Long> ids(List<String> others) {
        String first = argument;
        return (option == null || first == null ? others.stream() : Stream.concat(Stream.of(first), others.stream()))
                .map(GroupOptions::id)
                .toList();
    }

    private static Long id(String typed) {
        try {
            return WholeNumbers.parse(typed, 1, Long.MAX_VALUE);
        } catch (TypeConversionException e) {
            throw CommandException.wrongInput(e.getMessage() + ", as the id of a dead letter is");
        }
    }
}

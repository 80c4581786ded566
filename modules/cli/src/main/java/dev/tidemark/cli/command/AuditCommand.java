package dev.tidemark.cli.command;

import dev.tidemark.admin.AuditEntry;
import dev.tidemark.admin.AuditQuery;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.option.TimeArgument;
import dev.tidemark.cli.option.TopicChoice;
import dev.tidemark.cli.option.WholeNumbers;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Shows the audit log. */
@Command(
        name = "audit",
        description = {
            "Shows who moved, paused, bound, parked or deleted what: when, why, and from where to where. Newest last.",
            "Of all groups, unless one is named. Rows with the same CHANGE-ID belong together; reset --undo CHANGE-ID reverses moves. Needs only the database."
        })
public final class AuditCommand implements Callable<Integer> {
    /** The values of {@code audit_log.action}. */
    enum Action {
        reset,
        undo,
        rebind,
        bind,
        pause,
        resume,
        delete,
        manual_move,
        gap,
        skip,
        park,
        redrive,
        drop
    }

    /** Parses an action; blanks around it are no part of it. */
    static final class Actions implements ITypeConverter<Action> {
        @Override
        public Action convert(String text) {
            String word = text.strip().toLowerCase(Locale.ROOT);
            return Arrays.stream(Action.values())
                    .filter(action -> action.name().equals(word))
                    .findFirst()
                    .orElseThrow(() -> new TypeConversionException("'" + text + "' is none of "
                            + Arrays.stream(Action.values()).map(Action::name).collect(Collectors.joining(", "))));
        }
    }

    @Mixin
    private GroupOptions group = new GroupOptions();

    @Option(
            names = "--topic",
            paramLabel = "TOPIC",
            converter = TopicChoice.Name.class,
            description = "Only rows about this topic.")
    private @Nullable String topic;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            converter = TimeArgument.Converter.class,
            description = "Only rows since then: " + TimeArgument.EXAMPLES + ".")
    private @Nullable TimeArgument since;

    @Option(
            names = "--action",
            paramLabel = "ACTION",
            split = ",",
            converter = Actions.class,
            description = "Only these actions: ${COMPLETION-CANDIDATES}.")
    private List<Action> actions = List.of();

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "100",
            converter = WholeNumbers.Counts.class,
            description = "At most this many rows, the newest. Default: ${DEFAULT-VALUE}.")
    private int limit = 100;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        Table table = new Table(
                "change_id",
                "at",
                "action",
                "group_id",
                "topic",
                "partition",
                "from_offset",
                "to_offset",
                "by_role",
                "by_client",
                "reason",
                "details");
        for (AuditEntry entry : database.looks().audit(query())) {
            table.add(
                    entry.changeId(),
                    entry.at(),
                    entry.action(),
                    entry.group(),
                    entry.topic(),
                    entry.partition(),
                    entry.fromOffset(),
                    entry.toOffset(),
                    entry.byRole(),
                    entry.byClient(),
                    entry.reason(),
                    entry.details().map(Table::json));
        }
        output.print(table);
        if (table.isEmpty()) {
            output.say("no row of the audit log matches");
        }
        return ExitCode.DONE;
    }

    private AuditQuery query() {
        AuditQuery query = AuditQuery.all()
                .withLimit(limit)
                .withActions(actions.stream().map(Enum::name).toArray(String[]::new));
        if (group.isGiven()) {
            query = query.withGroup(group.get());
        }
        if (topic != null) {
            query = query.withTopic(topic);
        }
        if (since != null && since.ago() != null) {
            query = query.within(since.ago());
        }
        if (since != null && since.at() != null) {
            query = query.since(since.at());
        }
        return query;
    }
}

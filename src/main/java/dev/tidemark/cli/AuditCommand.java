package dev.tidemark.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Who moved what, and why. */
@Command(
        name = "audit",
        description = {
            "Shows who moved, paused, bound, parked or deleted what: when, why, and from where to where. Newest last.",
            "Rows with the same CHANGE-ID belong together; reset --undo CHANGE-ID takes moves back. Needs the database only."
        })
final class AuditCommand implements Callable<Integer> {
    /** What {@code audit_log.action} holds. */
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

    private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");
    private static final Duration AGES = Duration.ofDays(365_000);

    private static final String ROWS = """
            select * from (
                select change_id, id, at, action, group_id, topic, partition, from_offset, to_offset, by_role, by_client,
                       reason, details
                  from {schema}.audit_log
                 where (cast(:group as text) is null or group_id = :group)
                   and (cast(:topic as text) is null or topic = :topic)
                   and (cast(:at as timestamptz) is null or at >= cast(:at as timestamptz))
                   and (cast(:ago as text) is null or at >= clock_timestamp() - cast(:ago as interval))
                   and (cast(:actions as text) is null or action = any (string_to_array(:actions, ',')))
                 order by id desc limit :limit) newest
             order by id
            """;

    @Parameters(paramLabel = "GROUP", arity = "0..1", description = "The consumer group. Default: all of them.")
    private @Nullable String group;

    @Option(names = "--topic", paramLabel = "TOPIC", description = "Only what concerns this topic.")
    private @Nullable String topic;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            converter = Since.Converter.class,
            description = "Only what is not older: a duration, such as 90m, 7d or PT1H30M, or a time, such as"
                    + " 2026-11-24T09:00 (local) or 2026-11-24T09:00:00Z.")
    private @Nullable Since since;

    @Option(
            names = "--action",
            paramLabel = "ACTION",
            split = ",",
            description = "Only these: ${COMPLETION-CANDIDATES}.")
    private List<Action> actions = List.of();

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "100",
            description = "At most so many, the newest. Default: ${DEFAULT-VALUE}.")
    private int limit = 100;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        if (limit < 1) {
            throw CommandException.wrongInput("--limit must be positive, not " + limit);
        }
        try (Handle handle = database.open()) {
            List<Map<String, Object>> rows = rows(handle);
            // A group that was deleted is known by its rows alone.
            if (rows.isEmpty() && group != null && !isKnown(handle, group)) {
                throw Groups.unknown(handle, database, group);
            }
            output.print(Listing.of(
                    rows,
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
                    "details"));
        }
        return ExitCode.DONE;
    }

    private List<Map<String, Object>> rows(Handle handle) {
        return handle.createQuery(database.sql(ROWS))
                .bind("group", group)
                .bind("topic", topic)
                .bind("at", since == null ? null : at(since))
                .bind("ago", since == null ? null : ago(since))
                .bind(
                        "actions",
                        actions.isEmpty()
                                ? null
                                : String.join(
                                        ",", actions.stream().map(Enum::name).toList()))
                .bind("limit", limit)
                .mapToMap()
                .list();
    }

    /** In the form that PostgreSQL reads, ISO 8601, which ends there with the year 9999 on either side. */
    private static @Nullable String at(Since since) {
        Instant at = since.at();
        if (at == null) {
            return ago(since) == null ? "-infinity" : null;
        }
        if (at.isBefore(FIRST)) {
            return "-infinity";
        }
        return at.isAfter(LAST) ? "infinity" : at.toString();
    }

    /** Null where it is longer than anything can be ago. */
    private static @Nullable String ago(Since since) {
        Duration ago = since.ago();
        return ago == null || ago.compareTo(AGES) > 0 ? null : ago.toString();
    }

    private boolean isKnown(Handle handle, String name) {
        return handle.createQuery(
                        database.sql("select exists (select from {schema}.topic_binding where group_id = :group)"
                                + " or exists (select from {schema}.audit_log where group_id = :group)"))
                .bind("group", name)
                .mapTo(Boolean.class)
                .one();
    }
}

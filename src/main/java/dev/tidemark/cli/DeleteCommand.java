package dev.tidemark.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Forgets a group. */
@Command(
        name = "delete",
        description = {
            "Forgets a group: its offsets, dead letters and pauses. Its audit rows stay, and tell where it stood.",
            "Refused while a partition is owned or dead letters remain, unless --force. A dry run unless --execute. Needs the"
                    + " database only."
        })
final class DeleteCommand implements Callable<Integer> {
    private static final String WHAT_GOES = """
            select b.topic,
                   (select count(*) from {schema}.stored_offset o
                     where o.group_id = b.group_id and o.topic = b.topic) as partitions,
                   (select count(o.owner_token) from {schema}.stored_offset o
                     where o.group_id = b.group_id and o.topic = b.topic) as owned_partitions,
                   (select count(*) from {schema}.dead_letter d
                     where d.group_id = b.group_id and d.topic = b.topic and d.superseded_at is null) as dead_letters,
                   (select count(*) from {schema}.dead_letter d
                     where d.group_id = b.group_id and d.topic = b.topic
                       and d.superseded_at is not null) as superseded_dead_letters,
                   (select count(*) from {schema}.consumer_pause p
                     where p.group_id = b.group_id and coalesce(p.topic, b.topic) = b.topic) as pauses
              from {schema}.topic_binding b where b.group_id = :group order by b.topic
            """;

    @Parameters(paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Option(
            names = "--force",
            description =
                    "Even if a partition is owned, as after its consumer was killed, or dead letters remain. A consumer"
                            + " that still runs begins anew, at its start position.")
    private boolean force;

    @Mixin
    private ChangeOptions change = new ChangeOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        try (Handle handle = database.open()) {
            List<Map<String, Object>> rows = handle.createQuery(database.sql(WHAT_GOES))
                    .bind("group", group)
                    .mapToMap()
                    .list();
            if (rows.isEmpty()) {
                throw Groups.unknown(handle, database, group);
            }
            if (change.execute()) {
                database.beginChange(handle);
                delete(handle);
            }
            output.print(Listing.of(
                    rows,
                    "topic",
                    "partitions",
                    "owned_partitions",
                    "dead_letters",
                    "superseded_dead_letters",
                    "pauses"));
            if (!change.execute() && !force) {
                sayIfRefused(sum(rows, "owned_partitions"), sum(rows, "dead_letters"));
            }
            change.sayIfDry(output);
        }
        return ExitCode.DONE;
    }

    private void delete(Handle handle) {
        handle.createQuery(database.sql("select {schema}.delete_group(:group, :reason, :force)"))
                .bind("group", group)
                .bind("reason", change.reason())
                .bind("force", force)
                .mapTo(Integer.class)
                .one();
    }

    private void sayIfRefused(long owned, long letters) {
        if (owned + letters > 0) {
            output.say("It would be refused: " + owned + " partitions are owned and " + letters
                    + " dead letters remain. Stop the consumers, and redrive or drop the dead letters, or --force.");
        }
    }

    private static long sum(List<Map<String, Object>> rows, String column) {
        return rows.stream().mapToLong(row -> (Long) row.get(column)).sum();
    }
}

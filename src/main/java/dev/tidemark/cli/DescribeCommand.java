package dev.tidemark.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The partitions of a group. */
@Command(
        name = "describe",
        description = {
            "Shows each partition of a group: where it stands, how far behind, who owns it, and why it stands still or waits.",
            "LAG is in records, as the owners last saw the log; SAMPLED-AT tells when. Needs the database only."
        })
final class DescribeCommand implements Callable<Integer> {
    @Parameters(paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        try (Handle handle = database.open()) {
            List<Map<String, Object>> rows = handle.createQuery(database.sql(
                            "select l.*, coalesce(l.halted_at, l.waiting_since) as since from {schema}.consumer_lag l"
                                    + " where l.group_id = :group order by l.topic, l.partition"))
                    .bind("group", group)
                    .mapToMap()
                    .list();
            if (rows.isEmpty()) {
                throw Groups.unknown(handle, database, group);
            }
            output.print(Listing.of(
                    rows,
                    "topic",
                    "partition",
                    "stored_offset",
                    "log_end_offset",
                    "lag",
                    "owner",
                    "state",
                    "error_code",
                    "since",
                    "updated_at",
                    "sampled_at",
                    "error_text"));
        }
        return ExitCode.DONE;
    }
}

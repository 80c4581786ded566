package dev.tidemark.cli;

import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** All groups of the store. */
@Command(
        name = "groups",
        description = "Lists all groups: where they stand, and what keeps them. Needs the database only.")
final class GroupsCommand implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        try (Handle handle = database.open()) {
            output.print(Listing.of(
                    handle.createQuery(database.sql("select * from {schema}.consumer_group order by group_id"))
                            .mapToMap()
                            .list(),
                    "group_id",
                    "topics",
                    "partitions",
                    "owned_partitions",
                    "halted_partitions",
                    "paused_partitions",
                    "lag",
                    "max_lag",
                    "dead_letters",
                    "updated_at"));
        }
        return ExitCode.DONE;
    }
}

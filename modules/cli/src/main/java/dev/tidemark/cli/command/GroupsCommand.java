package dev.tidemark.cli.command;

import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** All groups of the store. */
@Command(
        name = "groups",
        aliases = "list",
        description = "Lists all groups: their positions, and what blocks them. Needs only the database.")
public final class GroupsCommand implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        Table table = new Table(
                "group_id",
                "topics",
                "partitions",
                "owned_partitions",
                "halted_partitions",
                "paused_partitions",
                "lag",
                "max_lag",
                "dead_letters",
                "updated_at");
        database.looks()
                .groups()
                .forEach(group -> table.add(
                        group.group(),
                        group.topics(),
                        group.partitions(),
                        group.ownedPartitions(),
                        group.haltedPartitions(),
                        group.pausedPartitions(),
                        group.lag(),
                        group.maxLag(),
                        group.deadLetters(),
                        group.updatedAt()));
        output.print(table);
        return ExitCode.DONE;
    }
}

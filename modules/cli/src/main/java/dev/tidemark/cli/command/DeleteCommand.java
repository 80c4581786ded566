package dev.tidemark.cli.command;

import dev.tidemark.admin.DeletionPlan;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.ExecuteOptions;
import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Deletes a group. */
@Command(
        name = "delete",
        description = {
            "Deletes a group: its offsets, dead letters and pauses. Its audit rows stay, and show its last offsets.",
            "Refused while a partition is owned or dead letters remain, unless --force. A dry run unless --execute. Needs"
                    + " only the database."
        })
public final class DeleteCommand implements Callable<Integer> {
    private static final String WAYS = "Stop the consumers, and redrive or drop the dead letters, or --force.";

    @Mixin
    private GroupOptions group = new GroupOptions();

    @Option(
            names = "--force",
            description =
                    "Even if a partition is owned, as after its consumer was killed, or dead letters remain. A consumer"
                            + " that still runs starts again at its start position.")
    private boolean force;

    @Mixin
    private ExecuteOptions change = new ExecuteOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        DeletionPlan plan = database.looks().planDeletion(group.get());
        plan = force ? plan.forced() : plan;
        if (change.execute()) {
            execute(plan);
        }
        Table table = new Table(
                "topic", "partitions", "owned_partitions", "dead_letters", "superseded_dead_letters", "pauses");
        plan.topics()
                .forEach(topic -> table.add(
                        topic.topic(),
                        topic.partitions(),
                        topic.ownedPartitions(),
                        topic.deadLetters(),
                        topic.supersededDeadLetters(),
                        topic.pauses()));
        output.print(table);
        if (!change.execute() && plan.isRefused()) {
            output.say("It would be refused: " + plan.ownedPartitions() + " partitions are owned and "
                    + plan.deadLetters() + " dead letters remain. " + WAYS);
        }
        change.sayIfDry(output);
        return ExitCode.DONE;
    }

    private void execute(DeletionPlan plan) {
        try {
            database.changes().execute(plan, change.options());
        } catch (TidemarkException e) {
            if (e.code() == ErrorCode.CHANGE_REFUSED && plan.isRefused()) {
                throw CommandException.refused(e.getMessage() + " " + WAYS);
            }
            throw e;
        }
    }
}

package dev.tidemark.cli.command;

import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.ExecuteOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.option.PauseOptions;
import dev.tidemark.cli.output.ExitCode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Pauses a group, topics or partitions. */
@Command(
        name = "pause",
        description = {
            "Pauses a group, topics or partitions until they are resumed.",
            "Running consumers follow within seconds, finish what is open, and keep their assignment. Shows the affected"
                    + " partitions, and the scope of the pause that applies to each, before and after. A dry run unless"
                    + " --execute. Needs only the database."
        })
public final class PauseCommand implements Callable<Integer> {
    @Mixin
    private PauseOptions scope = new PauseOptions();

    @Mixin
    private ExecuteOptions change = new ExecuteOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        PauseReport.run(database.looks().planPause(scope.group(), scope.selection()), database, output, change);
        return ExitCode.DONE;
    }
}

package dev.tidemark.cli.command;

import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.ExecuteOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.option.PauseOptions;
import dev.tidemark.cli.output.ExitCode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Ends pauses. */
@Command(
        name = "resume",
        description = {
            "Ends the pause of a group, of a topic or of a partition, and all pauses within it.",
            "A wider pause stays in force: a partition of a paused topic stays paused. Running consumers follow within"
                    + " seconds. A dry run unless --execute. Needs only the database."
        })
public final class ResumeCommand implements Callable<Integer> {
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
        PauseReport.run(database.looks().planResume(scope.group(), scope.selection()), database, output, change);
        return ExitCode.DONE;
    }
}

package dev.tidemark.cli.command;

import dev.tidemark.admin.TidemarkAdmin;
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
    private PauseRun run = new PauseRun();

    @Override
    public Integer call() {
        run.run(TidemarkAdmin::planResume);
        return ExitCode.DONE;
    }
}

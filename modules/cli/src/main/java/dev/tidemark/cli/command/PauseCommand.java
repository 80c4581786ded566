package dev.tidemark.cli.command;

import dev.tidemark.admin.TidemarkAdmin;
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
    private PauseRun run = new PauseRun();

    @Override
    public Integer call() {
        run.run(TidemarkAdmin::planPause);
        return ExitCode.DONE;
    }
}

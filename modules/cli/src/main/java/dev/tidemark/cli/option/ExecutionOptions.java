package dev.tidemark.cli.option;

import dev.tidemark.cli.output.CommandException;
import picocli.CommandLine.Option;

/** Whether a command that changes something does so: only with {@code --execute}. */
public final class ExecutionOptions {
    @Option(names = "--execute", description = "Do it. Without this, the command only shows what it would do.")
    private boolean execute;

    @Option(names = "--dry-run", description = "Only show what the command would do. This is the default.")
    private boolean dryRun;

    /** Whether to do it; refuses both options together (TM-103). */
    public boolean execute() {
        if (execute && dryRun) {
            throw CommandException.wrongInput("--dry-run and --execute exclude each other");
        }
        return execute;
    }

    /** Tells people that this was a dry run, if it was. */
    public void sayIfDry(OutputOptions output) {
        if (!execute) {
            output.say("Nothing was changed: --execute does it.");
        }
    }
}

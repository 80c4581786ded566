package dev.tidemark.cli.option;

import dev.tidemark.admin.ChangeOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of every command that changes something: it changes nothing without {@code --execute}, and can record a reason. */
public final class ExecuteOptions {
    @Option(names = "--execute", description = "Do it. Without this, the command only shows what it would do.")
    private boolean execute;

    @Option(names = "--reason", paramLabel = "TEXT", description = "Why, for audit_log.")
    private @Nullable String reason;

    public boolean execute() {
        return execute;
    }

    /** Tells people that this was a dry run, if it was. */
    public void sayIfDry(OutputOptions output) {
        if (!execute) {
            output.say("Nothing was changed: --execute does it.");
        }
    }

    /** For the change itself. */
    public ChangeOptions options() {
        return reason == null ? ChangeOptions.none() : ChangeOptions.none().withReason(reason);
    }
}

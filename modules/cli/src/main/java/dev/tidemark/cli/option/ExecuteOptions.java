package dev.tidemark.cli.option;

import dev.tidemark.admin.ChangeOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Of every command that changes something: nothing is changed unless it is told to, and it can say why. */
public final class ExecuteOptions {
    @Option(names = "--execute", description = "Do it. Without this, only what would be done is shown.")
    private boolean execute;

    @Option(names = "--reason", paramLabel = "TEXT", description = "Why, for audit_log.")
    private @Nullable String reason;

    public boolean execute() {
        return execute;
    }

    /** Tells people that nothing happened, if nothing did. */
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

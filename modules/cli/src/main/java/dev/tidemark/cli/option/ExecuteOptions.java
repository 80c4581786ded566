package dev.tidemark.cli.option;

import dev.tidemark.admin.ChangeOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Options of every command that changes something: it changes nothing without {@code --execute}, and can record a reason. */
public final class ExecuteOptions {
    @Mixin
    private ExecutionOptions execution = new ExecutionOptions();

    @Option(names = "--reason", paramLabel = "TEXT", description = "Why, for audit_log.")
    private @Nullable String reason;

    /** Whether to do it. */
    public boolean execute() {
        return execution.execute();
    }

    /** Tells people that this was a dry run, if it was. */
    public void sayIfDry(OutputOptions output) {
        execution.sayIfDry(output);
    }

    /** For the change itself. */
    public ChangeOptions options() {
        return reason == null ? ChangeOptions.none() : ChangeOptions.none().withReason(reason);
    }
}

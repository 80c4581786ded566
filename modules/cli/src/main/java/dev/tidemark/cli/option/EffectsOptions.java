package dev.tidemark.cli.option;

import dev.tidemark.admin.ChangeOptions;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** SQL of the caller's that belongs to a change of offsets: what makes the effects fit again. */
public final class EffectsOptions {
    @Option(
            names = "--with-sql",
            paramLabel = "FILE",
            description =
                    "SQL to run in the same transaction, after the offsets have moved: to remove the effects of records"
                            + " that are read again.")
    private @Nullable Path file;

    /** Whether there is any. */
    public boolean isGiven() {
        return file != null;
    }

    /** The same with the SQL; refuses what would end the transaction (TM-103). */
    public ChangeOptions with(ChangeOptions options) {
        return file == null ? options : options.withSql(file);
    }

    /** Says to people that there is SQL to come. */
    public void announce(OutputOptions output) {
        if (file != null) {
            output.say("Then the SQL of " + file + " is run, in the same transaction.");
        }
    }
}

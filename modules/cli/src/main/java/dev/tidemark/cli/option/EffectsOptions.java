package dev.tidemark.cli.option;

import dev.tidemark.admin.ChangeOptions;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The caller's SQL that belongs to a change of offsets: it corrects the effects. */
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

    /** The same options with the SQL; refuses statements that would end the transaction (TM-103). */
    public ChangeOptions with(ChangeOptions options) {
        return file == null ? options : options.withSql(file);
    }

    /** Tells people that SQL will run. */
    public void announce(OutputOptions output) {
        if (file != null) {
            output.say("Then the SQL of " + file + " is run, in the same transaction.");
        }
    }
}

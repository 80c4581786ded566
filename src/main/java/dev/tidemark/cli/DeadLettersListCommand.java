package dev.tidemark.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The parked records of a group. */
@Command(
        name = "list",
        description = {
            "Lists the parked records of a group: where they come from and why they were parked, not what they hold.",
            "SUPERSEDED-AT: since then they are to be read again from the log, and cannot be redriven. Needs the database"
                    + " only."
        })
final class DeadLettersListCommand implements Callable<Integer> {
    @Mixin
    private DeadLetterChoice choice = new DeadLetterChoice();

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "100",
            description = "At most so many, the oldest. Default: ${DEFAULT-VALUE}.")
    private int limit = 100;

    @Option(
            names = "--after",
            paramLabel = "ID",
            defaultValue = "0",
            description = "Only those with a greater id: the next page.")
    private long after;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        if (limit < 1) {
            throw CommandException.wrongInput("--limit must be positive, not " + limit);
        }
        try (Handle handle = database.open()) {
            choice.check(handle, database);
            List<Map<String, Object>> rows = choice.rows(handle, database, after, limit);
            output.print(Listing.of(
                    rows,
                    "id",
                    "topic",
                    "partition",
                    "record_offset",
                    "timestamp",
                    "error_code",
                    "error_class",
                    "attempts",
                    "holds_key",
                    "parked_at",
                    "superseded_at"));
            if (rows.size() == limit) {
                output.say("There may be more: --after " + rows.get(limit - 1).get("id"));
            }
        }
        return ExitCode.DONE;
    }
}

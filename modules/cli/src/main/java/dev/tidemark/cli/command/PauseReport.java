package dev.tidemark.cli.command;

import dev.tidemark.admin.PausePlan;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.ExecuteOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.output.Table;
import java.util.Locale;
import java.util.Optional;

/** Shows a pause or a resume, and executes it if {@code --execute} was given. */
final class PauseReport {
    private PauseReport() {}

    static void run(PausePlan plan, DatabaseOptions database, OutputOptions output, ExecuteOptions change) {
        PausePlan shown = change.execute() ? database.changes().execute(plan, change.options()) : plan;
        Table table = new Table("topic", "partition", "stored_offset", "lag", "owner", "paused_before", "paused_after");
        shown.partitions()
                .forEach(p -> table.add(
                        p.partition().topic(),
                        p.partition().partition(),
                        p.storedOffset(),
                        p.lag(),
                        p.owner(),
                        word(p.before()),
                        word(p.after())));
        output.print(table);
        change.sayIfDry(output);
    }

    private static String word(Optional<PausePlan.Extent> extent) {
        return extent.map(e -> e.name().toLowerCase(Locale.ROOT)).orElse("no");
    }
}

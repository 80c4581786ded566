package dev.tidemark.cli.command;

import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.PausePlan;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.ExecuteOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.option.PauseOptions;
import dev.tidemark.cli.output.Table;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Mixin;

/**
 * The options that pause and resume share, and the way in which both go: what they do is shown, and executed if
 * {@code --execute} was given.
 */
final class PauseRun {
    /** What is planned for the part of a group that was named. */
    interface Planner {
        PausePlan plan(TidemarkAdmin admin, String group, PartitionSelection selection);
    }

    @Mixin
    private PauseOptions scope = new PauseOptions();

    @Mixin
    private ExecuteOptions change = new ExecuteOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    void run(Planner planner) {
        PausePlan plan = planner.plan(database.looks(), scope.group(), scope.selection());
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

package dev.tidemark.cli.command;

import dev.tidemark.admin.ChangeOptions;
import dev.tidemark.admin.ChangePlan;
import dev.tidemark.admin.ChangeResult;
import dev.tidemark.admin.OffsetMove;
import dev.tidemark.admin.ResetPlan;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.admin.UndoPlan;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.EffectsOptions;
import dev.tidemark.cli.option.ExecuteOptions;
import dev.tidemark.cli.option.KafkaOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.output.Table;
import dev.tidemark.internal.command.PastedCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/**
 * The options that all changes of a group's offsets share, and the way in which they go: the change is shown, and executed if
 * {@code --execute} was given.
 */
final class ChangeRun {
    @Mixin
    private EffectsOptions effects = new EffectsOptions();

    @Mixin
    private ExecuteOptions change = new ExecuteOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    /** Plans what may need Kafka. */
    TidemarkAdmin admin(String group) {
        return kafka.admin(database, group);
    }

    /** Plans what changes the database while it looks: an undo is tried, and rolled back. */
    TidemarkAdmin changes() {
        return database.changes();
    }

    /** The plan is made once the options are known to be right. */
    void run(Supplier<ChangePlan> planner) {
        ChangeOptions options = effects.with(change.options());
        ChangePlan plan = planner.get();
        plan.notes().forEach(output::say);
        if (!change.execute()) {
            print(plan, plan.moves(), null);
            hint(plan);
            effects.announce(output);
            change.sayIfDry(output);
            return;
        }
        ChangeResult result = database.changes().execute(plan, options);
        List<String> news = new ArrayList<>(result.notes());
        news.removeAll(plan.notes());
        news.forEach(output::say);
        print(
                plan,
                result.moves(),
                result.changeId().isPresent() ? result.changeId().getAsLong() : null);
        output.say(done(plan, result));
    }

    private String done(ChangePlan plan, ChangeResult result) {
        if (result.incarnation().isPresent()) {
            return "Done: this is incarnation " + result.incarnation().getAsInt() + ".";
        }
        if (result.changeId().isEmpty()) {
            return "Done.";
        }
        long id = result.changeId().getAsLong();
        return plan instanceof UndoPlan undo
                ? "Done as change " + id + ": change " + undo.changeId() + " is undone."
                : "Done as change " + id + ". "
                        + PastedCommand.inSchema(PastedCommand.undo(plan.group(), id), database.schema())
                        + " moves the offsets back.";
    }

    /** A table of what moves; with the number of the change, if it was executed and can be undone. */
    private void print(ChangePlan plan, List<OffsetMove> moves, @Nullable Long id) {
        boolean undo = plan instanceof UndoPlan;
        List<String> columns = new ArrayList<>(List.of("topic", "partition", "stored_offset", "new_offset"));
        if (!undo) {
            columns.add("lag");
        }
        boolean numbered = !undo && id != null;
        if (numbered) {
            columns.add("change_id");
        }
        Table table = new Table(columns.toArray(String[]::new));
        for (OffsetMove move : moves) {
            List<@Nullable Object> row = new ArrayList<>();
            row.add(move.partition().topic());
            row.add(move.partition().partition());
            row.add(move.storedOffset());
            row.add(move.newOffset());
            if (!undo) {
                row.add(move.lag());
            }
            if (numbered) {
                row.add(id);
            }
            table.add(row.toArray());
        }
        output.print(table);
    }

    /** Reminds of the effects of records that will be read again. */
    private void hint(ChangePlan plan) {
        if (plan instanceof ResetPlan
                && !effects.isGiven()
                && plan.moves().stream().anyMatch(OffsetMove::goesBack)) {
            output.say(
                    "Records from NEW-OFFSET onward will be applied again: --with-sql FILE removes their effects in the same"
                            + " transaction, see docs/reset.md.");
        }
    }
}

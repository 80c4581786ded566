package dev.tidemark.cli.command;

import dev.tidemark.admin.KafkaExportPlan;
import dev.tidemark.admin.KafkaExportPlan.Outcome;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.cli.option.DatabaseOptions;
import dev.tidemark.cli.option.ExecutionOptions;
import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.KafkaOptions;
import dev.tidemark.cli.option.OutputOptions;
import dev.tidemark.cli.option.ScopeOptions;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.output.Table;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Commits a group's stored offsets to Kafka. */
@Command(
        name = "export-to-kafka",
        description = {
            "Commits a group's stored offsets to Kafka: to return to Kafka's offsets, or for lag tools while the group is inactive.",
            "Kafka accepts that only for an inactive group. Running consumers mirror the stored offsets themselves if they were"
                    + " built with mirrorToKafka(); this command reports whether they do."
        })
public final class ExportToKafkaCommand implements Callable<Integer> {
    @Mixin
    private GroupOptions group = new GroupOptions();

    @Mixin
    private ScopeOptions scopes = new ScopeOptions();

    @Mixin
    private ExecutionOptions execution = new ExecutionOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() {
        TidemarkAdmin admin = kafka.admin(database, group.get());
        KafkaExportPlan plan = admin.planExportToKafka(group.get(), scopes.selectionOrAll());
        Table table = new Table("topic", "partition", "committed_offset", "stored_offset");
        plan.offsets()
                .forEach(row -> table.add(
                        row.partition().topic(),
                        row.partition().partition(),
                        row.committedOffset(),
                        row.storedOffset()));
        output.print(table);
        if (!execution.execute() && plan.members().isEmpty()) {
            execution.sayIfDry(output);
        } else if (admin.execute(plan) == Outcome.COMMITTED) {
            output.say("Done: Kafka has the stored offsets.");
        } else {
            // An active group is only inspected.
            output.say(
                    "Nothing was written, and nothing needs to be: the group is active, and its consumers mirror the stored"
                            + " offsets.");
        }
        return ExitCode.DONE;
    }
}

package dev.tidemark.cli.command;

import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.PlanOptions;
import dev.tidemark.cli.option.ScopeOptions;
import dev.tidemark.cli.option.SelectorOptions;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.cli.output.ExitCode;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Moves a group to other offsets. */
@Command(
        name = "reset",
        description = {
            "Moves a group's offsets, while its consumers run: they follow within seconds.",
            "One of " + SelectorOptions.NAMES + ", or --undo. All partitions move in one transaction.",
            "Kafka is needed to find offsets, and to check that they are in the log; with --force, an offset given by number"
                    + " is accepted as it is, and Kafka is not asked."
        })
public final class ResetCommand implements Callable<Integer> {
    @Parameters(paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Mixin
    private SelectorOptions selectors = new SelectorOptions();

    @Option(names = "--undo", paramLabel = "CHANGE", description = "Move all offsets back that this change moved.")
    private @Nullable Long undo;

    @Mixin
    private ScopeOptions scopes = new ScopeOptions();

    @Option(names = "--force", description = "Accept offsets outside the log, and do not ask Kafka about them.")
    private boolean force;

    @Mixin
    private ChangeRun change = new ChangeRun();

    @Override
    public Integer call() {
        Long undone = undo;
        if (undone != null) {
            if (selectors.isGiven() || scopes.isGiven()) {
                throw CommandException.wrongInput(
                        "--undo moves back all offsets of the change: remove the other selectors");
            }
            // Even a dry run may wait for units of work: the store tries the undo, and rolls it back.
            change.run(() -> change.changes().planUndo(group, undone));
            return ExitCode.DONE;
        }
        OffsetTarget target = selectors.chosen(group, Instant.now());
        boolean given = target instanceof OffsetTarget.Given;
        if (given && scopes.isGiven()) {
            throw CommandException.wrongInput("--from-file determines the topics: remove --topic and --all-topics");
        }
        PartitionSelection selection = given ? PartitionSelection.all() : scopes.selection();
        PlanOptions options = force ? PlanOptions.defaults().unchecked() : PlanOptions.defaults();
        change.run(() -> change.admin(group).planReset(group, target, selection, options));
        return ExitCode.DONE;
    }
}

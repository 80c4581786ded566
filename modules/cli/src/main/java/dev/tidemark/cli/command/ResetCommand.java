package dev.tidemark.cli.command;

import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.PlanOptions;
import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.ScopeOptions;
import dev.tidemark.cli.option.SelectorOptions;
import dev.tidemark.cli.option.WholeNumbers;
import dev.tidemark.cli.output.CommandException;
import dev.tidemark.cli.output.ExitCode;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Moves a group to other offsets. */
@Command(
        name = "reset",
        description = {
            "Moves a group's offsets, while its consumers run: they follow within seconds.",
            "One of " + ResetCommand.TARGETS + ". All partitions move in one transaction.",
            "Kafka is needed to find offsets, and to check that they are in the log; with --force, an offset given by number"
                    + " is accepted as it is, and Kafka is not asked."
        })
public final class ResetCommand implements Callable<Integer> {
    static final String TARGETS = SelectorOptions.NAMES + ", --undo";

    @Mixin
    private GroupOptions group = new GroupOptions();

    @Mixin
    private SelectorOptions selectors = new SelectorOptions();

    @Option(
            names = "--undo",
            paramLabel = "CHANGE",
            converter = WholeNumbers.Ids.class,
            description = "Move all offsets back that this change moved.")
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
            change.run(() -> change.changes().planUndo(group.get(), undone));
            return ExitCode.DONE;
        }
        OffsetTarget target = selectors.chosen(group.get(), Instant.now(), TARGETS);
        boolean given = target instanceof OffsetTarget.Given;
        if (given && scopes.isGiven()) {
            throw CommandException.wrongInput("--from-file determines the topics: remove --topic and --all-topics");
        }
        PartitionSelection selection = given ? PartitionSelection.all() : scopes.selection();
        PlanOptions options = force ? PlanOptions.defaults().unchecked() : PlanOptions.defaults();
        change.run(() -> change.admin(group.get()).planReset(group.get(), target, selection, options));
        return ExitCode.DONE;
    }
}

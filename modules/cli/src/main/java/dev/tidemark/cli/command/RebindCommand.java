package dev.tidemark.cli.command;

import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.PlanOptions;
import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.SelectorOptions;
import dev.tidemark.cli.option.TopicChoice;
import dev.tidemark.cli.output.ExitCode;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Binds a group to the topic that Kafka has now. */
@Command(
        name = "rebind",
        description = {
            "Binds a group's offsets to the topic that Kafka has now, after it was created again or moved to another cluster"
                    + " (TM-301, TM-302). Running consumers follow; restart those that have stopped.",
            "Offsets of the previous topic mean nothing in another one, so the new position must be given: one of "
                    + SelectorOptions.NAMES
                    + ". --to-earliest is right if the new topic holds other records than the"
                    + " previous one."
        })
public final class RebindCommand implements Callable<Integer> {
    @Mixin
    private GroupOptions group = new GroupOptions();

    @Option(
            names = "--topic",
            paramLabel = "TOPIC",
            required = true,
            converter = TopicChoice.Name.class,
            description = "The topic.")
    private String topic = "";

    @Mixin
    private SelectorOptions selectors = new SelectorOptions();

    @Option(names = "--force", description = "Accept offsets outside the log.")
    private boolean force;

    @Mixin
    private ChangeRun change = new ChangeRun();

    @Override
    public Integer call() {
        OffsetTarget target = selectors.chosen(group.get(), Instant.now(), SelectorOptions.NAMES);
        PlanOptions options = force ? PlanOptions.defaults().unchecked() : PlanOptions.defaults();
        change.run(() -> change.admin(group.get()).planRebind(group.get(), topic, target, options));
        return ExitCode.DONE;
    }
}

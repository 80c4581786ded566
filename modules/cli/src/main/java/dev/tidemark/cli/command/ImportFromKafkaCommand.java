package dev.tidemark.cli.command;

import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.ImportOptions;
import dev.tidemark.cli.option.ScopeOptions;
import dev.tidemark.cli.output.ExitCode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Imports a group's committed offsets from Kafka. */
@Command(
        name = "import-from-kafka",
        description = {
            "Imports the offsets that a group has committed to Kafka into the store, to move a group to Tidemark.",
            "Topics that are new to the store are bound, those that it has are reset. Refused while the group is active."
        })
public final class ImportFromKafkaCommand implements Callable<Integer> {
    @Mixin
    private GroupOptions group = new GroupOptions();

    @Mixin
    private ScopeOptions scopes = new ScopeOptions();

    @Mixin
    private ImportOptions how = new ImportOptions();

    @Option(
            names = "--force",
            description = "Accept offsets outside the log, and those of a group that is active and keeps committing.")
    private boolean force;

    @Mixin
    private ChangeRun change = new ChangeRun();

    @Override
    public Integer call() {
        change.run(() -> change.admin(group.get())
                .planImportFromKafka(group.get(), scopes.selectionOrAll(), how.options(force)));
        return ExitCode.DONE;
    }
}

package dev.tidemark.cli.command;

import dev.tidemark.cli.option.GroupOptions;
import dev.tidemark.cli.option.ImportOptions;
import dev.tidemark.cli.option.SelectorOptions;
import dev.tidemark.cli.output.ExitCode;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.common.TopicPartition;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Imports offsets from a file. */
@Command(
        name = "import",
        description = {
            "Imports offsets from a CSV file, as kafka-consumer-groups --export and tidemark export write it: lines of"
                    + " topic,partition,offset or group,topic,partition,offset.",
            "Topics that the group has are reset, those that are new to it are bound to the topics that Kafka has now.",
            "With --force, Kafka is not needed for topics that the group already has."
        })
public final class ImportCommand implements Callable<Integer> {
    @Mixin
    private GroupOptions group = new GroupOptions();

    @Option(names = "--file", paramLabel = "FILE", required = true, description = "The file; - is standard input.")
    private Path file = Path.of("");

    @Mixin
    private ImportOptions how = new ImportOptions();

    @Option(names = "--force", description = "Accept offsets outside the log.")
    private boolean force;

    @Mixin
    private ChangeRun change = new ChangeRun();

    @Override
    public Integer call() {
        change.run(() -> {
            Map<TopicPartition, Long> offsets = SelectorOptions.offsets(file).of(group.get());
            return change.admin(group.get()).planImport(group.get(), offsets, how.options(force));
        });
        return ExitCode.DONE;
    }
}

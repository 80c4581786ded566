package dev.tidemark.cli;

import dev.tidemark.internal.kafka.KafkaUnavailableException;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Takes offsets from a file. */
@Command(
        name = "import",
        description = {
            "Takes offsets from a CSV file, as kafka-consumer-groups --export and tidemark export write it: lines of"
                    + " topic,partition,offset or group,topic,partition,offset.",
            "Topics that the group has are reset, those that are new to it are bound to the topics that Kafka has now.",
            "Kafka is not needed for topics that the group has, with --force."
        })
final class ImportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Option(names = "--file", paramLabel = "FILE", required = true, description = "The file; - is standard input.")
    private String file = "";

    @Mixin
    private ImportOptions how = new ImportOptions();

    @Option(names = "--force", description = "Take offsets outside of the log.")
    private boolean force;

    @Mixin
    private EffectsOptions effects = new EffectsOptions();

    @Mixin
    private ChangeOptions change = new ChangeOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() throws KafkaUnavailableException {
        Selector.Given given = new Selector.Given(OffsetsFile.read(file).of(group));
        try (Handle handle = database.open()) {
            Map<String, Integer> incarnations = StoredGroup.incarnations(handle, database, group);
            StoredGroup stored = StoredGroup.read(handle, database, group);
            OffsetImport.Facts facts = OffsetImport.facts(stored, given, force, kafka, null);
            OffsetChange planned = OffsetImport.plan(stored, given, facts, how.missing(), force);
            new ChangeRunner(group, database, output, change, effects).run(handle, incarnations, planned);
        }
        return ExitCode.DONE;
    }
}

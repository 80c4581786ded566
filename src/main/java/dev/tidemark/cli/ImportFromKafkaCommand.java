package dev.tidemark.cli;

import dev.tidemark.internal.kafka.KafkaUnavailableException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Takes a group over from Kafka. */
@Command(
        name = "import-from-kafka",
        description = {
            "Takes the offsets that a group has committed to Kafka into the store: the way in for a group that ran without"
                    + " Tidemark.",
            "Topics that are new to the store are bound, those that it has are reset. Refused while the group is active."
        })
final class ImportFromKafkaCommand implements Callable<Integer> {
    @Parameters(paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Mixin
    private ScopeOptions scopes = new ScopeOptions();

    @Mixin
    private ImportOptions how = new ImportOptions();

    @Option(
            names = "--force",
            description =
                    "Take offsets outside of the log, and those of a group that is active and goes on committing.")
    private boolean force;

    @Mixin
    private ChangeOptions change = new ChangeOptions();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private EffectsOptions effects = new EffectsOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() throws KafkaUnavailableException {
        Scope scope = scopes.scopeOrAll();
        try (Handle handle = database.open();
                KafkaLog log = KafkaLog.open(kafka, group)) {
            KafkaGroup members = new KafkaGroup(log, group);
            refuseActive(members.members());
            Map<TopicPartition, Long> committed = members.committed();
            Selector.Given given = new Selector.Given(chosen(committed, scope));
            Map<String, Integer> incarnations = StoredGroup.incarnations(handle, database, group);
            StoredGroup stored = StoredGroup.read(handle, database, group);
            refuseHalves(stored, committed, given);
            OffsetImport.Facts facts = OffsetImport.facts(stored, given, force, kafka, log);
            OffsetChange planned = OffsetImport.plan(stored, given, facts, how.missing(), force);
            new ChangeRunner(group, database, output, change, effects).run(handle, incarnations, planned);
        }
        return ExitCode.DONE;
    }

    private void refuseActive(List<String> members) {
        if (members.isEmpty()) {
            return;
        }
        String who = "group " + group + " is active in Kafka: " + KafkaGroup.some(members);
        if (!force) {
            throw CommandException.stopped(
                    who + ". What they apply and commit from now on would be applied again from the"
                            + " offsets taken over: stop them first, or --force");
        }
        output.say(who + ". What they apply and commit from now on will be applied again.");
    }

    /** A topic that is new to the store is bound as a whole: what Kafka has of it must not begin anywhere else. */
    private static void refuseHalves(StoredGroup stored, Map<TopicPartition, Long> committed, Selector.Given given) {
        committed.keySet().stream()
                .filter(partition -> !given.offsets().containsKey(partition)
                        && !stored.topics().containsKey(partition.topic())
                        && given.offsets().keySet().stream()
                                .anyMatch(chosen -> chosen.topic().equals(partition.topic())))
                .findFirst()
                .ifPresent(partition -> {
                    throw CommandException.wrongInput("topic " + partition.topic()
                            + " is new to the store, which binds all of its partitions at once, and Kafka has an offset for"
                            + " partition " + partition.partition() + " too: take all with --topic "
                            + partition.topic());
                });
    }

    private Map<TopicPartition, Long> chosen(Map<TopicPartition, Long> committed, Scope scope) {
        if (committed.isEmpty()) {
            throw CommandException.nothingMatched("group " + group
                    + " has committed no offsets to this cluster: mend its name, or check --bootstrap-servers");
        }
        scope.requireAll(committed.keySet(), "in Kafka, group " + group);
        Map<TopicPartition, Long> chosen = new HashMap<>(committed);
        chosen.keySet().removeIf(partition -> !scope.includes(partition));
        return chosen;
    }
}

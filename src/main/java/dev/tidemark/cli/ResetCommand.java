package dev.tidemark.cli;

import dev.tidemark.cli.OffsetPlanner.Log;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Moves a group to other offsets. */
@Command(
        name = "reset",
        description = {
            "Moves where a group goes on, while its consumers run: they follow within seconds.",
            "One of " + SelectorOptions.NAMES + ", or --undo. All partitions move in one transaction.",
            "Kafka is needed to find offsets, and to see that they are in the log; with --force, an offset given by number"
                    + " is taken as it is, and Kafka is not asked."
        })
final class ResetCommand implements Callable<Integer> {
    @Parameters(paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Mixin
    private SelectorOptions selectors = new SelectorOptions();

    @Option(names = "--undo", paramLabel = "CHANGE", description = "Moves all offsets back that this change moved.")
    private @Nullable Long undo;

    @Mixin
    private ScopeOptions scopes = new ScopeOptions();

    @Option(names = "--force", description = "Take offsets outside of the log, and do not ask Kafka about them.")
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
        Long undone = undo;
        if (undone != null) {
            if (selectors.isGiven() || scopes.isGiven()) {
                throw CommandException.wrongInput("--undo moves all offsets of the change back: leave the others out");
            }
            try (Handle handle = database.open()) {
                new UndoneReset(group, undone, database, output, change, effects).run(handle);
            }
            return ExitCode.DONE;
        }
        Selector selector = selectors.chosen(group, Instant.now());
        if (selector instanceof Selector.Given && scopes.isGiven()) {
            throw CommandException.wrongInput("--from-file says of which topics: leave --topic and --all-topics out");
        }
        Scope scope = selector instanceof Selector.Given given ? given.scope() : scopes.scope();
        try (Handle handle = database.open()) {
            Map<String, Integer> incarnations = StoredGroup.incarnations(handle, database, group);
            StoredGroup stored = StoredGroup.require(handle, database, group);
            List<StoredGroup.Row> rows = stored.within(scope);
            OffsetChange planned = OffsetChange.reset(selector, rows, logs(stored, rows, selector));
            new ChangeRunner(group, database, output, change, effects).run(handle, incarnations, planned);
        }
        return ExitCode.DONE;
    }

    private Map<TopicPartition, Log> logs(StoredGroup stored, List<StoredGroup.Row> rows, Selector selector)
            throws KafkaUnavailableException {
        if (!selector.asksLog() && (force || !selector.checksLog())) {
            return Map.of();
        }
        if (selector.checksLog() && !kafka.isGiven()) {
            throw CommandException.wrongInput(
                    "Kafka is asked whether the offsets are in the log: pass --bootstrap-servers,"
                            + " or set TIDEMARK_BOOTSTRAP_SERVERS, or do without by --force");
        }
        Set<String> topics = new TreeSet<>();
        rows.forEach(row -> topics.add(row.partition().topic()));
        try (KafkaLog log = KafkaLog.open(kafka, group)) {
            Map<String, Identity> actual = log.identities(topics);
            stored.requireSame(topics, actual);
            return log.logs(actual, selector);
        }
    }
}

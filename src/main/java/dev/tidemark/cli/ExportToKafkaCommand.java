package dev.tidemark.cli;

import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Gives a group back to Kafka. */
@Command(
        name = "export-to-kafka",
        description = {
            "Commits a group's stored offsets to Kafka: the way back, and what lag tools of an inactive group look at.",
            "Kafka takes that for an inactive group only. Consumers that run mirror what is stored by themselves, if they were"
                    + " started with mirrorToKafka(); this command tells whether they do."
        })
final class ExportToKafkaCommand implements Callable<Integer> {
    /** Consumers that mirror do so every second. */
    private static final long PATIENCE = Duration.ofSeconds(5).toNanos();

    private static final long PAUSE = Duration.ofMillis(250).toNanos();

    @Parameters(paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Mixin
    private ScopeOptions scopes = new ScopeOptions();

    @Option(names = "--execute", description = "Do it. Without this, only what would be done is shown.")
    private boolean execute;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Override
    public Integer call() throws KafkaUnavailableException {
        Scope scope = scopes.scopeOrAll();
        try (Handle handle = database.open()) {
            StoredGroup stored = StoredGroup.require(handle, database, group);
            List<StoredGroup.Row> rows = stored.within(scope);
            Set<String> topics = new TreeSet<>();
            rows.forEach(row -> topics.add(row.partition().topic()));
            try (KafkaLog log = KafkaLog.open(kafka, group)) {
                Map<String, Identity> actual = log.identities(topics);
                stored.requireSame(topics, actual);
                KafkaGroup members = new KafkaGroup(log, group);
                print(rows, members.committed());
                List<String> active = members.members();
                if (!active.isEmpty()) {
                    requireMirrored(handle, scope, members, active);
                    output.say(
                            "Nothing was written, nor need it be: the group is active, and its consumers mirror what is"
                                    + " stored.");
                } else if (execute) {
                    members.commit(commits(rows));
                    output.say("Done: Kafka has what is stored.");
                } else {
                    output.say("Nothing was changed: --execute does it.");
                }
            }
        }
        return ExitCode.DONE;
    }

    private void print(List<StoredGroup.Row> rows, Map<TopicPartition, Long> committed) {
        Listing listing = new Listing("topic", "partition", "committed_offset", "stored_offset");
        rows.forEach(row -> listing.add(
                row.partition().topic(),
                row.partition().partition(),
                committed.get(row.partition()),
                row.nextOffset()));
        output.print(listing);
    }

    private static Map<TopicPartition, OffsetAndMetadata> commits(List<StoredGroup.Row> rows) {
        Map<TopicPartition, OffsetAndMetadata> commits = new HashMap<>();
        rows.forEach(row -> commits.put(
                row.partition(), new OffsetAndMetadata(row.nextOffset(), Optional.ofNullable(row.leaderEpoch()), "")));
        return commits;
    }

    /** What is committed must come to lie where the store stood while this looked. */
    private void requireMirrored(Handle handle, Scope scope, KafkaGroup members, List<String> active)
            throws KafkaUnavailableException {
        Map<TopicPartition, Long> least = new HashMap<>();
        Map<TopicPartition, Long> most = new HashMap<>();
        long deadline = System.nanoTime() + PATIENCE;
        while (true) {
            Map<TopicPartition, Long> committed = members.committed();
            StoredGroup.read(handle, database, group).within(scope).forEach(row -> {
                least.merge(row.partition(), row.nextOffset(), Math::min);
                most.merge(row.partition(), row.nextOffset(), Math::max);
            });
            boolean mirrored = least.keySet().stream().allMatch(partition -> {
                Long offset = committed.get(partition);
                return offset != null
                        && offset >= least.getOrDefault(partition, 0L)
                        && offset <= most.getOrDefault(partition, 0L);
            });
            if (mirrored) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw members.active(active);
            }
            LockSupport.parkNanos(PAUSE);
        }
    }
}

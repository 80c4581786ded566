package dev.tidemark.cli;

import dev.tidemark.cli.OffsetChange.Move;
import dev.tidemark.cli.OffsetPlanner.Choice;
import dev.tidemark.cli.OffsetPlanner.Log;
import dev.tidemark.cli.OffsetPlanner.MoveTo;
import dev.tidemark.cli.OffsetPlanner.Refuse;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.plan.BindingPlanner;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Binds a group to the topic that Kafka has now. */
@Command(
        name = "rebind",
        description = {
            "Binds a group's offsets to the topic that Kafka has now, after it was created again or moved to another cluster"
                    + " (TM-301, TM-302). Consumers that run follow; those that stopped are started again.",
            "Where to begin must be said, for the offsets of the topic before mean nothing in another: by one of "
                    + SelectorOptions.NAMES
                    + ". --to-earliest is right where the new topic holds other records than the"
                    + " one before."
        })
final class RebindCommand implements Callable<Integer> {
    /** How often a busy partition may move on between the look at it and its lock. */
    private static final int ATTEMPTS = 1_000;

    private static final String SAVEPOINT = "before_rebind";

    @Parameters(paramLabel = "GROUP", description = "The consumer group.")
    private String group = "";

    @Option(names = "--topic", paramLabel = "TOPIC", required = true, description = "The topic.")
    private String topic = "";

    @Mixin
    private SelectorOptions selectors = new SelectorOptions();

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
        Selector selector = selectors.chosen(group, Instant.now());
        List<String> statements = effects.statements();
        try (Handle handle = database.open()) {
            Integer incarnation =
                    StoredGroup.incarnations(handle, database, group).get(topic);
            StoredGroup stored = StoredGroup.require(handle, database, group);
            stored.within(new Scope(Map.of(topic, Set.of())));
            Identity bound = stored.topics().get(topic);
            try (KafkaLog log = KafkaLog.open(kafka, group)) {
                Map<String, Identity> actual = log.identities(List.of(topic));
                Identity there = actual.get(topic);
                if (bound == null || there == null || incarnation == null) {
                    throw CommandException.nothingMatched("topic " + topic + " went while this looked: call it again");
                }
                requireOther(bound, there);
                output.say("Topic " + topic + " is bound to " + name(bound) + "; Kafka has " + name(there) + ".");
                Map<TopicPartition, Log> logs = log.logs(actual, selector);
                Plan plan = plan(stored, selector, logs);
                if (change.execute()) {
                    database.beginChange(handle);
                    Plan done = handle.inTransaction(TransactionIsolationLevel.READ_COMMITTED, h -> {
                        DatabaseOptions.limitIdle(h);
                        Plan rebound = rebind(
                                h,
                                incarnation,
                                there,
                                plan,
                                () -> plan(StoredGroup.require(h, database, group), selector, logs));
                        effects.run(h, statements);
                        return rebound;
                    });
                    done.print(output);
                    output.say("Done: this is incarnation " + (incarnation + 1) + ".");
                } else {
                    plan.print(output);
                    effects.announce(output);
                    output.say("Nothing was changed: --execute does it.");
                }
            }
        }
        return ExitCode.DONE;
    }

    private void requireOther(Identity bound, Identity there) {
        if (BindingPlanner.mismatch(group, topic, bound, there).isEmpty()) {
            throw CommandException.nothingMatched("the offsets of group " + group + " for topic " + topic
                    + " belong to the topic that Kafka has, " + name(there)
                    + ": there is nothing to rebind, and tidemark"
                    + " reset moves them");
        }
    }

    private static String name(Identity identity) {
        return "id " + identity.topicId().orElse("(none)") + " of cluster " + identity.clusterId() + " with "
                + identity.partitions() + (identity.partitions() == 1 ? " partition" : " partitions");
    }

    /** The moves, and what the caller should know of them. */
    private record Plan(List<Move> moves, List<String> notes, boolean relative) {
        void print(OutputOptions output) {
            notes.forEach(output::say);
            ChangeRunner.print(output, moves, null);
        }

        /** Whether it counts from where the partitions stood, and these stood elsewhere. */
        boolean isOutdated(Map<Integer, Long> stood) {
            return relative
                    && moves.stream()
                            .anyMatch(move -> move.stored() != null
                                    && !move.stored()
                                            .equals(stood.get(move.partition().partition())));
        }
    }

    /** A move for each partition that there is now; one that had no offset begins at its first record. */
    private Plan plan(StoredGroup stored, Selector selector, Map<TopicPartition, Log> logs) {
        Map<Integer, Long> before = new TreeMap<>();
        stored.rows().stream()
                .filter(row -> row.partition().topic().equals(topic))
                .forEach(row -> before.put(row.partition().partition(), row.nextOffset()));
        List<Move> moves = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        List<String> refusals = new ArrayList<>();
        for (int p = 0; p < logs.size(); p++) {
            TopicPartition partition = new TopicPartition(topic, p);
            Log log = logs.get(partition);
            Long from = before.get(p);
            Choice choice = from == null && selector.isRelative()
                    ? OffsetPlanner.choose(new Selector.ToEarliest(), partition, 0, log)
                    : OffsetPlanner.choose(selector, partition, from == null ? 0 : from, log);
            if (choice instanceof Refuse && force) {
                choice = OffsetPlanner.choose(selector, partition, from == null ? 0 : from, null);
            }
            if (choice instanceof MoveTo to) {
                moves.add(new Move(partition, from, to.offset(), log, null));
                if (!to.note().isEmpty()) {
                    notes.add(to.note());
                }
            } else if (choice instanceof Refuse refuse) {
                refusals.add(refuse.why());
            }
        }
        OffsetChange.refuse(refusals);
        return new Plan(moves, notes, selector.isRelative());
    }

    /**
     * Carries the plan out if the topic is still bound as it was when it was made. An operator has no right to lock but by the rebind itself, so
     * it is taken back, and planned anew, where a partition moved on that the plan counts from.
     */
    private Plan rebind(Handle handle, int expected, Identity there, Plan first, Supplier<Plan> anew) {
        Plan plan = first;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            handle.savepoint(SAVEPOINT);
            int incarnation = rebind(handle, there, plan.moves());
            if (incarnation != expected + 1) {
                throw CommandException.stopped("topic " + topic + " of group " + group
                        + " was bound anew by another while this planned, and its consumers may have read on since then:"
                        + " nothing was changed; tidemark describe " + group + " shows where they are");
            }
            if (!plan.isOutdated(stood(handle, incarnation))) {
                handle.releaseSavepoint(SAVEPOINT);
                return plan;
            }
            handle.rollbackToSavepoint(SAVEPOINT);
            plan = anew.get();
        }
        throw CommandException.stopped("topic " + topic
                + " moves on faster than it can be bound relative to where it is; nothing was changed: pause it first,"
                + " or say --to-offset");
    }

    /** Where the partitions stood under their locks. */
    private Map<Integer, Long> stood(Handle handle, int incarnation) {
        Map<Integer, Long> stood = new TreeMap<>();
        handle.createQuery(database.sql("""
                        select partition, from_offset from {schema}.audit_log
                         where group_id = :group and topic = :topic and action = 'rebind' and incarnation = :incarnation
                           and partition is not null and from_offset is not null
                         order by id
                        """))
                .bind("group", group)
                .bind("topic", topic)
                .bind("incarnation", incarnation)
                .map((r, context) -> stood.put(r.getInt("partition"), r.getLong("from_offset")))
                .list();
        return stood;
    }

    private int rebind(Handle handle, Identity there, List<Move> moves) {
        return handle.createQuery(database.sql("""
                        select {schema}.rebind_topic(:group, :topic, :cluster, :topicId, cast(:offsets as bigint[]), :reason)
                        """))
                .bind("group", group)
                .bind("topic", topic)
                .bind("cluster", there.clusterId())
                .bind("topicId", there.topicId().orElse(null))
                .bind("offsets", ChangeRunner.array(moves))
                .bind("reason", change.reason())
                .mapTo(Integer.class)
                .one();
    }
}

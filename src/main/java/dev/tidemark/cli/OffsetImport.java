package dev.tidemark.cli;

import dev.tidemark.cli.OffsetChange.Binding;
import dev.tidemark.cli.OffsetChange.Move;
import dev.tidemark.cli.OffsetPlanner.Choice;
import dev.tidemark.cli.OffsetPlanner.Log;
import dev.tidemark.cli.OffsetPlanner.MoveTo;
import dev.tidemark.cli.OffsetPlanner.Refuse;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Offsets that come from elsewhere: partitions that are bound are reset, topics that are not are bound. */
final class OffsetImport {
    /** Where a partition of a new topic begins that the other side says nothing of. */
    enum Missing {
        earliest,
        latest,
        refuse
    }

    private OffsetImport() {}

    /**
     * What Kafka said of the topics.
     *
     * @param logs empty where nothing is to be checked against them
     */
    record Facts(Map<String, Identity> topics, Map<TopicPartition, Log> logs) {}

    /**
     * Asks Kafka what the plan needs; it needs nothing where all topics are bound and the offsets are taken as they are.
     *
     * @param kafka null to open one if it is needed
     */
    static Facts facts(
            StoredGroup stored, Selector.Given given, boolean force, KafkaOptions options, @Nullable KafkaLog kafka)
            throws KafkaUnavailableException {
        Set<String> topics = new TreeSet<>(given.scope().topics().keySet());
        if (kafka != null) {
            return facts(stored, given, topics, kafka);
        }
        if (force && stored.topics().keySet().containsAll(topics)) {
            return new Facts(Map.of(), Map.of());
        }
        try (KafkaLog own = KafkaLog.open(options, stored.group())) {
            return facts(stored, given, topics, own);
        }
    }

    private static Facts facts(StoredGroup stored, Selector.Given given, Set<String> topics, KafkaLog kafka)
            throws KafkaUnavailableException {
        Map<String, Identity> actual = kafka.identities(topics);
        stored.requireSame(topics, actual);
        return new Facts(actual, kafka.logs(actual, given));
    }

    /** Pure: what is to be reset, and what is to be bound; what cannot be is refused for all of it (TM-601). */
    static OffsetChange plan(StoredGroup stored, Selector.Given given, Facts facts, Missing missing, boolean force) {
        Map<TopicPartition, Log> checked = force ? Map.of() : facts.logs();
        Map<String, Set<Integer>> fresh = new TreeMap<>(given.scope().topics());
        fresh.keySet().removeAll(stored.topics().keySet());

        List<String> refusals = new ArrayList<>();
        List<Binding> bindings = new ArrayList<>();
        fresh.forEach((topic, partitions) -> {
            Identity identity = facts.topics().get(topic);
            if (identity != null) {
                bindings.add(new Binding(
                        topic, identity, first(topic, identity, partitions, given, facts, checked, missing, refusals)));
            }
        });
        List<TopicPartition> there = stored.partitions();
        given.offsets().keySet().forEach(partition -> {
            if (stored.topics().containsKey(partition.topic()) && !there.contains(partition)) {
                refusals.add("group " + stored.group() + " has no offset for topic " + partition.topic() + " partition "
                        + partition.partition() + ", though it has met the topic: its consumers bind new partitions");
            }
        });
        OffsetChange.refuse(refusals);
        List<StoredGroup.Row> rows = stored.rows().stream()
                .filter(row -> given.offsets().containsKey(row.partition()))
                .toList();
        return OffsetChange.reset(given, rows, checked).with(bindings);
    }

    private static List<Move> first(
            String topic,
            Identity identity,
            Set<Integer> named,
            Selector.Given given,
            Facts facts,
            Map<TopicPartition, Log> checked,
            Missing missing,
            List<String> refusals) {
        for (int p : named) {
            if (p >= identity.partitions()) {
                refusals.add(
                        "topic " + topic + " has no partition " + p + ": it has 0 to " + (identity.partitions() - 1));
            }
        }
        List<Move> moves = new ArrayList<>();
        for (int p = 0; p < identity.partitions(); p++) {
            TopicPartition partition = new TopicPartition(topic, p);
            Log log = facts.logs().get(partition);
            if (named.contains(p)) {
                Choice choice = OffsetPlanner.choose(given, partition, 0, checked.get(partition));
                if (choice instanceof MoveTo to) {
                    moves.add(new Move(partition, null, to.offset(), log, null));
                } else if (choice instanceof Refuse refuse) {
                    refusals.add(refuse.why());
                }
            } else if (log == null || missing == Missing.refuse) {
                refusals.add("topic " + topic + " partition " + p
                        + " is given no offset: --missing earliest or latest says where it begins");
            } else {
                moves.add(new Move(partition, null, missing == Missing.earliest ? log.start() : log.end(), log, null));
            }
        }
        return moves;
    }
}

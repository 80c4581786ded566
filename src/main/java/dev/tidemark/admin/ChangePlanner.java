package dev.tidemark.admin;

import dev.tidemark.admin.OffsetPlanner.Choice;
import dev.tidemark.admin.OffsetPlanner.Move;
import dev.tidemark.admin.OffsetPlanner.MoveTo;
import dev.tidemark.admin.OffsetPlanner.Refuse;
import dev.tidemark.admin.PlanOptions.Missing;
import dev.tidemark.admin.ResetPlan.Binding;
import dev.tidemark.internal.admin.KafkaLog.Log;
import dev.tidemark.internal.admin.OperatorErrors;
import dev.tidemark.internal.admin.StoredGroup;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/** Plans changes of offsets from what the store and Kafka say; an impossible one is refused for all partitions (TM-601). Pure. */
final class ChangePlanner {
    /** How many reasons an error lists. */
    private static final int NAMED = 5;

    private ChangePlanner() {}

    /**
     * What Kafka returned about the topics.
     *
     * @param logs empty if nothing is to be checked against them
     */
    record Facts(Map<String, Identity> topics, Map<TopicPartition, Log> logs) {}

    /** Moves partitions that have an offset to a target. */
    static ResetPlan reset(
            StoredGroup stored, OffsetTarget target, List<StoredGroup.Row> rows, Map<TopicPartition, Log> logs) {
        return reset(stored, target, rows, logs, List.of());
    }

    private static ResetPlan reset(
            StoredGroup stored,
            OffsetTarget target,
            List<StoredGroup.Row> rows,
            Map<TopicPartition, Log> logs,
            List<Binding> bindings) {
        Outcome outcome = new Outcome();
        for (StoredGroup.Row row : rows) {
            Log log = logs.get(row.partition());
            Choice choice = OffsetPlanner.choose(target, row.partition(), row.nextOffset(), log);
            outcome.add(choice, new Move(row.partition(), row.nextOffset(), 0, log, row.logEnd()));
        }
        refuse(outcome.refusals);
        return new ResetPlan(stored.group(), target, stored.plannedFor(), bindings, outcome.moves, outcome.notes);
    }

    /** Imports offsets: partitions that are bound are reset, topics that are not are bound. */
    static ResetPlan imported(StoredGroup stored, OffsetTarget.Given given, Facts facts, PlanOptions options) {
        Map<TopicPartition, Log> checked = options.isUnchecked() ? Map.of() : facts.logs();
        Map<String, Set<Integer>> fresh = new TreeMap<>(given.selection().byTopic());
        fresh.keySet().removeAll(stored.topics().keySet());

        List<Refuse> refusals = new ArrayList<>();
        List<Binding> bindings = new ArrayList<>();
        fresh.forEach((topic, partitions) -> {
            Identity identity = facts.topics().get(topic);
            if (identity != null) {
                for (int p : partitions) {
                    if (p >= identity.partitions()) {
                        refusals.add(new Refuse("topic " + topic + " has no partition " + p + ": it has 0 to "
                                + (identity.partitions() - 1)));
                    }
                }
                Outcome first = first(topic, identity, given, facts, checked, options.missing());
                refusals.addAll(first.refusals);
                bindings.add(new Binding(topic, identity, first.moves));
            }
        });
        List<TopicPartition> there = stored.partitions();
        given.offsets().keySet().forEach(partition -> {
            if (stored.topics().containsKey(partition.topic()) && !there.contains(partition)) {
                refusals.add(new Refuse("group " + stored.group() + " has no offset for topic " + partition.topic()
                        + " partition " + partition.partition()
                        + ", although the topic is bound: its consumers bind new partitions"));
            }
        });
        refuse(refusals);
        List<StoredGroup.Row> rows = stored.rows().stream()
                .filter(row -> given.offsets().containsKey(row.partition()))
                .toList();
        return reset(stored, given, rows, checked, bindings);
    }

    /** The start of each partition of a topic that is new to the group. */
    private static Outcome first(
            String topic,
            Identity identity,
            OffsetTarget.Given given,
            Facts facts,
            Map<TopicPartition, Log> checked,
            Missing missing) {
        Outcome outcome = new Outcome();
        for (int p = 0; p < identity.partitions(); p++) {
            TopicPartition partition = new TopicPartition(topic, p);
            Log log = facts.logs().get(partition);
            Choice choice;
            if (given.offsets().containsKey(partition)) {
                choice = OffsetPlanner.choose(given, partition, 0, checked.get(partition));
            } else if (log == null || missing == Missing.REFUSE) {
                choice = new Refuse("topic " + topic + " partition " + p
                        + " has no offset in the import: say where it starts (--missing earliest or latest)");
            } else {
                choice = new MoveTo(missing == Missing.EARLIEST ? log.start() : log.end(), "");
            }
            outcome.add(choice, new Move(partition, null, 0, log, null));
        }
        return outcome;
    }

    /** A move for each partition that a topic has now; one that had no offset starts at its first record if the target is relative. */
    static RebindPlan rebound(RebindPlan.Facts facts, StoredGroup stored, List<String> notes) {
        OffsetTarget target = facts.target();
        Map<Integer, Long> before = new TreeMap<>();
        stored.rows().stream()
                .filter(row -> row.partition().topic().equals(facts.topic()))
                .forEach(row -> before.put(row.partition().partition(), row.nextOffset()));
        Outcome outcome = new Outcome();
        outcome.notes.addAll(notes);
        for (int p = 0; p < facts.logs().size(); p++) {
            TopicPartition partition = new TopicPartition(facts.topic(), p);
            Log log = facts.logs().get(partition);
            Long from = before.get(p);
            Choice choice = from == null && OffsetPlanner.isRelative(target)
                    ? OffsetPlanner.choose(OffsetTarget.earliest(), partition, 0, log)
                    : OffsetPlanner.choose(target, partition, from == null ? 0 : from, log);
            if (choice instanceof Refuse && facts.unchecked()) {
                choice = OffsetPlanner.choose(target, partition, from == null ? 0 : from, null);
            }
            outcome.add(choice, new Move(partition, from, 0, log, null));
        }
        refuse(outcome.refusals);
        return new RebindPlan(facts, outcome.moves, outcome.notes);
    }

    /** Throws the refusals, if there are any. That a check can be left out is said only if it is all that stands in the way. */
    private static void refuse(List<Refuse> refusals) {
        if (!refusals.isEmpty()) {
            String named = refusals.stream().limit(NAMED).map(Refuse::why).collect(Collectors.joining("; "));
            String more = refusals.size() > NAMED ? "; and " + (refusals.size() - NAMED) + " more" : "";
            throw OperatorErrors.nothingMatched(named + more + ". Nothing was changed"
                    + (refusals.stream().allMatch(Refuse::outsideLog)
                            ? "; unchecked (--force) allows offsets outside the log"
                            : ""));
        }
    }

    /** The results of the choices, partition by partition. */
    private static final class Outcome {
        private final List<Move> moves = new ArrayList<>();
        private final List<String> notes = new ArrayList<>();
        private final List<Refuse> refusals = new ArrayList<>();

        void add(Choice choice, Move move) {
            if (choice instanceof MoveTo to) {
                moves.add(new Move(move.partition(), move.stored(), to.offset(), move.log(), move.sampledEnd()));
                if (!to.note().isEmpty()) {
                    notes.add(to.note());
                }
            } else if (choice instanceof Refuse refuse) {
                refusals.add(refuse);
            }
        }
    }
}

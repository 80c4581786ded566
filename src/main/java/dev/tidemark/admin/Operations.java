package dev.tidemark.admin;

import dev.tidemark.DeadLetter;
import dev.tidemark.DeadLetters;
import dev.tidemark.admin.Pauses.Pause;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.admin.GroupFunctions;
import dev.tidemark.internal.admin.KafkaGroup;
import dev.tidemark.internal.admin.OperatorErrors;
import dev.tidemark.internal.admin.PlannedFor;
import dev.tidemark.internal.admin.StoreAccess;
import dev.tidemark.internal.admin.StoredGroup;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;

/** Operations on a group other than moving its offsets: pauses, deletion, dead letters, commits to Kafka. */
final class Operations {
    /** Consumers that mirror do so every second. */
    private static final long PATIENCE = Duration.ofSeconds(5).toNanos();

    private static final long PAUSE = Duration.ofMillis(250).toNanos();

    private final StoreAccess store;
    private final Planning planning;

    Operations(StoreAccess store, Planning planning) {
        this.store = store;
        this.planning = planning;
    }

    PausePlan planPause(String group, PartitionSelection selection) {
        return store.read(handle -> {
            List<PartitionSummary> partitions = selected(handle, group, selection);
            Pauses before = new Views(handle, store).pauses(group);
            PlannedFor plannedFor = PlannedFor.read(handle, store, group);
            return plan(plannedFor, false, selection, partitions, before, before.with(Pauses.of(selection)));
        });
    }

    PausePlan planResume(String group, PartitionSelection selection) {
        return store.read(handle -> {
            List<PartitionSummary> partitions = selected(handle, group, selection);
            Pauses before = new Views(handle, store).pauses(group);
            List<Pause> ended = Pauses.of(selection);
            if (before.within(ended).pauses().isEmpty()) {
                throw nothingEnds(group, before);
            }
            PlannedFor plannedFor = PlannedFor.read(handle, store, group);
            return plan(plannedFor, true, selection, partitions, before, before.without(ended));
        });
    }

    private List<PartitionSummary> selected(Handle handle, String group, PartitionSelection selection) {
        List<PartitionSummary> all = new Views(handle, store).partitions(group);
        for (Pause pause : Pauses.of(selection)) {
            if (all.stream().noneMatch(there -> pause.covers(there.partition()))) {
                throw missing(group, pause, all);
            }
        }
        return all.stream()
                .filter(there -> selection.includes(there.partition()))
                .toList();
    }

    private static TidemarkException missing(String group, Pause pause, List<PartitionSummary> all) {
        String partitions = PartitionSelection.numbers(
                all.stream().map(PartitionSummary::partition).toList(), pause.topic());
        String topics =
                all.stream().map(there -> there.partition().topic()).distinct().collect(Collectors.joining(", "));
        return OperatorErrors.nothingMatched("group " + group + " has no stored offset for " + pause.words() + ": "
                + (partitions.isEmpty() ? "its topics are " + topics : "it has " + partitions));
    }

    private static TidemarkException nothingEnds(String group, Pauses there) {
        return OperatorErrors.nothingMatched("no pause of group " + group + " matches that; " + there.words());
    }

    private static PausePlan plan(
            PlannedFor plannedFor,
            boolean resume,
            PartitionSelection selection,
            List<PartitionSummary> partitions,
            Pauses before,
            Pauses after) {
        return new PausePlan(
                plannedFor,
                resume,
                selection,
                partitions.stream()
                        .map(there -> new PausePlan.Partition(
                                there.partition(),
                                there.storedOffset(),
                                there.lag(),
                                there.owner(),
                                PausePlan.extent(before, there.partition()),
                                PausePlan.extent(after, there.partition())))
                        .toList());
    }

    PausePlan execute(PausePlan plan, ChangeOptions options) {
        return store.change((tx, session) -> {
            GroupFunctions functions = new GroupFunctions(tx, store, plan.group(), options.reason());
            plan.plannedFor().requireStore(functions.now());
            int ended = 0;
            for (Pause pause : Pauses.of(plan.selection())) {
                if (plan.isResume()) {
                    ended += functions.resume(pause.topic(), pause.partition());
                } else {
                    functions.pause(pause.topic(), pause.partition());
                }
            }
            Pauses now = new Views(tx, store).pauses(plan.group());
            if (plan.isResume() && ended == 0) {
                throw nothingEnds(plan.group(), now);
            }
            options.apply(tx.getConnection(), session);
            return plan.done(now);
        });
    }

    DeletionPlan planDeletion(String group) {
        return store.read(handle -> {
            PlannedFor plannedFor = PlannedFor.read(handle, store, group);
            return new DeletionPlan(plannedFor, new Views(handle, store).topics(group), false);
        });
    }

    void delete(DeletionPlan plan, ChangeOptions options) {
        boolean unused = store.change((tx, session) -> {
            GroupFunctions functions = new GroupFunctions(tx, store, plan.group(), options.reason());
            // The deletion locks the bindings and removes them, so that they cannot be compared under its locks.
            long bindingChanges = functions.bindingChanges();
            plan.plannedFor().requireSame(functions.now());
            functions.delete(plan.isForced());
            plan.plannedFor()
                    .requireDeleted(functions.deletedTopics(), functions.bindingChanges() == bindingChanges + 1);
            options.apply(tx.getConnection(), session);
            return true;
        });
    }

    DeadLetter deadLetter(String group, long id) {
        return store.read(handle -> DeadLetters.of(group, store.schema().name())
                .find(handle.getConnection(), id)
                .orElseThrow(() -> {
                    StoredGroup.requireKnown(handle, store, group);
                    return new Views(handle, store).unknown(group, List.of(id));
                }));
    }

    List<DeadLetterSummary.Drop> drop(DeadLetterQuery query, ChangeOptions options) {
        return store.change((tx, session) -> {
            List<DeadLetterSummary> letters = new Views(tx, store).deadLetters(query);
            Set<Long> dropped = new GroupFunctions(tx, store, query.group(), options.reason())
                    .drop(letters.stream().map(DeadLetterSummary::id).toList());
            options.apply(tx.getConnection(), session);
            return letters.stream()
                    .map(letter -> new DeadLetterSummary.Drop(letter, dropped.contains(letter.id())))
                    .toList();
        });
    }

    KafkaExportPlan.Outcome export(KafkaExportPlan plan) {
        return planning.ask(plan.group(), log -> {
            StoredGroup stored = read(plan);
            Set<String> topics = plan.topics();
            stored.requireSame(store.schema().name(), topics, log.identities(topics));
            KafkaGroup members = new KafkaGroup(log, plan.group());
            // A plan with members is only inspected, so it is not committed even if they have left.
            if (plan.members().isEmpty() && members.members().isEmpty()) {
                plan.requireStored(read(plan));
                members.commit(plan.commits());
                return KafkaExportPlan.Outcome.COMMITTED;
            }
            if (isMirrored(plan, members)) {
                return KafkaExportPlan.Outcome.MIRRORED;
            }
            throw OperatorErrors.refused(
                    "the members of group " + plan.group()
                            + " have left, and had not committed the stored offsets: nothing was committed; plan it again",
                    null);
        });
    }

    private StoredGroup read(KafkaExportPlan plan) {
        StoredGroup stored = store.read(handle -> StoredGroup.read(handle, store, plan.group()));
        plan.plannedFor().requireSame(stored.plannedFor(), plan.topics());
        return stored;
    }

    /** Whether the committed offsets reach the stored offsets of the same period; false once the group has no members any more. */
    private boolean isMirrored(KafkaExportPlan plan, KafkaGroup members) throws KafkaUnavailableException {
        Map<TopicPartition, Long> least = new HashMap<>();
        Map<TopicPartition, Long> most = new HashMap<>();
        long deadline = System.nanoTime() + PATIENCE;
        while (true) {
            Map<TopicPartition, Long> committed = members.committed();
            StoredGroup stored = read(plan);
            plan.selection().of(stored).forEach(row -> {
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
                return true;
            }
            List<String> there = members.members();
            if (there.isEmpty()) {
                return false;
            }
            if (System.nanoTime() > deadline) {
                throw members.active(there);
            }
            LockSupport.parkNanos(PAUSE);
        }
    }
}

package dev.tidemark.admin;

import dev.tidemark.DeadLetter;
import dev.tidemark.DeadLetters;
import dev.tidemark.admin.Pauses.Pause;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.admin.GroupFunctions;
import dev.tidemark.internal.admin.KafkaGroup;
import dev.tidemark.internal.admin.OperatorErrors;
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
            return plan(group, false, selection, partitions, before, before.with(Pauses.of(selection)));
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
            return plan(group, true, selection, partitions, before, before.without(ended));
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
        String partitions = all.stream()
                .map(PartitionSummary::partition)
                .filter(there -> there.topic().equals(pause.topic()))
                .map(there -> Integer.toString(there.partition()))
                .collect(Collectors.joining(", "));
        String topics =
                all.stream().map(there -> there.partition().topic()).distinct().collect(Collectors.joining(", "));
        return OperatorErrors.nothingMatched("group " + group + " has no stored offset for " + pause.words() + ": "
                + (partitions.isEmpty() ? "its topics are " + topics : "there are " + partitions));
    }

    private static TidemarkException nothingEnds(String group, Pauses there) {
        return OperatorErrors.nothingMatched("no pause of group " + group + " matches that; " + there.words());
    }

    private static PausePlan plan(
            String group,
            boolean resume,
            PartitionSelection selection,
            List<PartitionSummary> partitions,
            Pauses before,
            Pauses after) {
        return new PausePlan(
                group,
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
        return store.change(tx -> {
            GroupFunctions functions = new GroupFunctions(tx, store, plan.group(), options.reason());
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
            options.apply(tx.getConnection());
            return plan.done(now);
        });
    }

    void delete(DeletionPlan plan, ChangeOptions options) {
        boolean unused = store.change(tx -> {
            new GroupFunctions(tx, store, plan.group(), options.reason()).delete(plan.isForced());
            options.apply(tx.getConnection());
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
        return store.change(tx -> {
            List<DeadLetterSummary> letters = new Views(tx, store).deadLetters(query);
            Set<Long> dropped = new GroupFunctions(tx, store, query.group(), options.reason())
                    .drop(letters.stream().map(DeadLetterSummary::id).toList());
            options.apply(tx.getConnection());
            return letters.stream()
                    .map(letter -> new DeadLetterSummary.Drop(letter, dropped.contains(letter.id())))
                    .toList();
        });
    }

    KafkaExportPlan.Outcome export(KafkaExportPlan plan) {
        return planning.ask(plan.group(), log -> {
            KafkaGroup members = new KafkaGroup(log, plan.group());
            if (plan.members().isEmpty()) {
                members.commit(plan.commits());
                return KafkaExportPlan.Outcome.COMMITTED;
            }
            requireMirrored(plan, members);
            return KafkaExportPlan.Outcome.MIRRORED;
        });
    }

    /** Whether the committed offsets reach the stored offsets of the same period. */
    private void requireMirrored(KafkaExportPlan plan, KafkaGroup members) throws KafkaUnavailableException {
        Map<TopicPartition, Long> least = new HashMap<>();
        Map<TopicPartition, Long> most = new HashMap<>();
        long deadline = System.nanoTime() + PATIENCE;
        while (true) {
            Map<TopicPartition, Long> committed = members.committed();
            StoredGroup stored = store.read(handle -> StoredGroup.read(handle, store, plan.group()));
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
                return;
            }
            if (System.nanoTime() > deadline) {
                throw members.active(plan.members());
            }
            LockSupport.parkNanos(PAUSE);
        }
    }
}

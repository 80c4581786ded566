package dev.tidemark.admin;

import dev.tidemark.admin.ChangePlanner.Facts;
import dev.tidemark.internal.admin.GroupFunctions;
import dev.tidemark.internal.admin.KafkaAccess;
import dev.tidemark.internal.admin.KafkaGroup;
import dev.tidemark.internal.admin.KafkaLog;
import dev.tidemark.internal.admin.KafkaLog.Log;
import dev.tidemark.internal.admin.OperatorErrors;
import dev.tidemark.internal.admin.PlannedFor;
import dev.tidemark.internal.admin.StoreAccess;
import dev.tidemark.internal.admin.StoredGroup;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.plan.BindingPlanner;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** Collects the facts for a plan from the store and Kafka. No connection is held during requests to Kafka. */
final class Planning {
    private static final String SAVEPOINT = "before_undo";

    private final StoreAccess store;
    private final @Nullable KafkaAccess kafka;

    Planning(StoreAccess store, @Nullable KafkaAccess kafka) {
        this.store = store;
        this.kafka = kafka;
    }

    /** Work with Kafka in one call. */
    interface Questions<T> {
        T ask(KafkaLog log) throws KafkaUnavailableException;
    }

    /** Queries Kafka; whatever fails is thrown as a Tidemark error. */
    <T> T ask(String group, Questions<T> questions) {
        if (kafka == null) {
            throw OperatorErrors.invalid("no Kafka cluster: give TidemarkAdmin one with kafka(...), or pass"
                    + " --bootstrap-servers or set TIDEMARK_BOOTSTRAP_SERVERS");
        }
        try (KafkaLog log = KafkaLog.open(kafka, group)) {
            return questions.ask(log);
        } catch (KafkaUnavailableException | KafkaException e) {
            throw OperatorErrors.explain(store.schema(), e, false);
        }
    }

    ResetPlan reset(String group, OffsetTarget target, PartitionSelection selection, PlanOptions options) {
        StoredGroup stored = store.read(handle -> StoredGroup.require(handle, store, group));
        boolean named = target instanceof OffsetTarget.Given && selection.isAll();
        List<StoredGroup.Row> rows =
                (named && target instanceof OffsetTarget.Given given ? given.selection() : selection).of(stored);
        return ChangePlanner.reset(stored, target, rows, logs(stored, rows, target, options));
    }

    private Map<TopicPartition, Log> logs(
            StoredGroup stored, List<StoredGroup.Row> rows, OffsetTarget target, PlanOptions options) {
        boolean checks = OffsetPlanner.checksLog(target);
        if (!OffsetPlanner.asksLog(target) && (options.isUnchecked() || !checks)) {
            return Map.of();
        }
        if (checks && kafka == null) {
            throw OperatorErrors.invalid(
                    "Kafka is needed to check that the offsets are in the log: give TidemarkAdmin a cluster with kafka(...),"
                            + " pass --bootstrap-servers or set TIDEMARK_BOOTSTRAP_SERVERS, or skip the check with"
                            + " unchecked() (--force)");
        }
        Set<String> topics = topics(rows);
        return ask(stored.group(), log -> {
            Map<String, Identity> actual = log.identities(topics);
            stored.requireSame(store.schema().name(), topics, actual);
            return log.logs(actual, OffsetPlanner.instant(target));
        });
    }

    private static Set<String> topics(List<StoredGroup.Row> rows) {
        Set<String> topics = new TreeSet<>();
        rows.forEach(row -> topics.add(row.partition().topic()));
        return topics;
    }

    ResetPlan imported(String name, OffsetTarget.Given given, PlanOptions options) {
        String group = KafkaSettings.group(name);
        StoredGroup stored = store.read(handle -> StoredGroup.read(handle, store, group));
        Set<String> topics = given.selection().byTopic().keySet();
        Facts facts = options.isUnchecked() && stored.topics().keySet().containsAll(topics)
                ? new Facts(Map.of(), Map.of())
                : ask(group, log -> facts(stored, topics, log));
        return ChangePlanner.imported(stored, given, facts, options);
    }

    private Facts facts(StoredGroup stored, Set<String> topics, KafkaLog log) throws KafkaUnavailableException {
        Map<String, Identity> actual = log.identities(topics);
        stored.requireSame(store.schema().name(), topics, actual);
        return new Facts(actual, log.logs(actual, null));
    }

    ResetPlan importedFromKafka(String name, PartitionSelection selection, PlanOptions options) {
        String group = KafkaSettings.group(name);
        StoredGroup stored = store.read(handle -> StoredGroup.read(handle, store, group));
        return ask(group, log -> {
            KafkaGroup members = new KafkaGroup(log, group);
            List<String> notes = active(group, members.members(), options);
            Map<TopicPartition, Long> committed = members.committed();
            OffsetTarget.Given given = new OffsetTarget.Given(chosen(group, committed, selection));
            refuseHalves(stored, committed, given);
            Facts facts = facts(stored, given.selection().byTopic().keySet(), log);
            return ChangePlanner.imported(stored, given, facts, options).with(notes);
        });
    }

    private static List<String> active(String group, List<String> members, PlanOptions options) {
        if (members.isEmpty()) {
            return List.of();
        }
        String who = "group " + group + " is active in Kafka: " + KafkaGroup.some(members);
        if (!options.isUnchecked()) {
            throw OperatorErrors.refused(
                    who + ". What they apply and commit from now on would be applied again from the"
                            + " imported offsets: stop them first, or import unchecked (--force)",
                    null);
        }
        return List.of(who + ". What they apply and commit from now on will be applied again.");
    }

    /** A topic that is new to the store is bound as a whole, so none of Kafka's offsets for it may be left out. */
    private static void refuseHalves(
            StoredGroup stored, Map<TopicPartition, Long> committed, OffsetTarget.Given given) {
        committed.keySet().stream()
                .filter(partition -> !given.offsets().containsKey(partition)
                        && !stored.topics().containsKey(partition.topic())
                        && given.offsets().keySet().stream()
                                .anyMatch(chosen -> chosen.topic().equals(partition.topic())))
                .findFirst()
                .ifPresent(partition -> {
                    throw OperatorErrors.invalid("topic " + partition.topic()
                            + " is new to the store, which binds all of its partitions at once, and Kafka has an offset for"
                            + " partition " + partition.partition() + " too: import all with --topic "
                            + partition.topic());
                });
    }

    private static Map<TopicPartition, Long> chosen(
            String group, Map<TopicPartition, Long> committed, PartitionSelection selection) {
        if (committed.isEmpty()) {
            throw OperatorErrors.nothingMatched("group " + group
                    + " has committed no offsets to this cluster: correct its name, or check bootstrap.servers"
                    + " (--bootstrap-servers)");
        }
        selection.requireAll(committed.keySet(), "in Kafka, group " + group);
        Map<TopicPartition, Long> chosen = new HashMap<>(committed);
        chosen.keySet().removeIf(partition -> !selection.includes(partition));
        return chosen;
    }

    UndoPlan undo(String group, long changeId) {
        PlannedFor plannedFor = store.read(handle -> {
            new GroupFunctions(handle, store, group, null).requireOwn(changeId);
            return PlannedFor.read(handle, store, group);
        });
        List<GroupFunctions.Moved> moved = store.change((tx, session) -> {
            // Only the store knows whether it can be undone, so it is executed and rolled back.
            tx.savepoint(SAVEPOINT);
            List<GroupFunctions.Moved> moves = new GroupFunctions(tx, store, group, null).undo(changeId);
            tx.rollbackToSavepoint(SAVEPOINT);
            return moves;
        });
        return new UndoPlan(group, changeId, plannedFor, ChangeExecutor.shown(moved));
    }

    RebindPlan rebound(String group, String topic, OffsetTarget target, PlanOptions options) {
        StoredGroup stored = store.read(handle -> StoredGroup.require(handle, store, group));
        PartitionSelection.topics(topic).requireAll(stored.partitions(), "group " + group);
        Identity bound = stored.topics().get(topic);
        return ask(group, log -> {
            Map<String, Identity> actual = log.identities(List.of(topic));
            Identity there = actual.get(topic);
            if (bound == null || there == null) {
                throw OperatorErrors.nothingMatched("topic " + topic + " was deleted during planning: call it again");
            }
            if (BindingPlanner.mismatch(store.schema().name(), group, topic, bound, there)
                    .isEmpty()) {
                throw OperatorErrors.nothingMatched("the offsets of group " + group + " for topic " + topic
                        + " belong to the topic that Kafka has, " + name(there)
                        + ": there is nothing to rebind, and a reset (tidemark reset) moves them");
            }
            return ChangePlanner.rebound(
                    new RebindPlan.Facts(
                            group,
                            topic,
                            target,
                            options.isUnchecked(),
                            stored.plannedFor(),
                            there,
                            log.logs(actual, OffsetPlanner.instant(target))),
                    stored,
                    List.of("Topic " + topic + " is bound to " + name(bound) + "; Kafka has " + name(there) + "."));
        });
    }

    private static String name(Identity identity) {
        return "id " + identity.topicId().orElse("(none)") + " of cluster " + identity.clusterId() + " with "
                + identity.partitions() + (identity.partitions() == 1 ? " partition" : " partitions");
    }

    KafkaExportPlan exported(String group, PartitionSelection selection) {
        StoredGroup stored = store.read(handle -> StoredGroup.require(handle, store, group));
        List<StoredGroup.Row> rows = selection.of(stored);
        Set<String> topics = topics(rows);
        return ask(group, log -> {
            stored.requireSame(store.schema().name(), topics, log.identities(topics));
            KafkaGroup members = new KafkaGroup(log, group);
            Map<TopicPartition, Long> committed = members.committed();
            List<KafkaExportPlan.Row> shown = new ArrayList<>();
            for (StoredGroup.Row row : rows) {
                Long offset = committed.get(row.partition());
                shown.add(new KafkaExportPlan.Row(
                        row.partition(),
                        offset == null ? OptionalLong.empty() : OptionalLong.of(offset),
                        row.nextOffset(),
                        row.leaderEpoch()));
            }
            return new KafkaExportPlan(stored.plannedFor(), selection, shown, members.members());
        });
    }
}

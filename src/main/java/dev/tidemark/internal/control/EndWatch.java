package dev.tidemark.internal.control;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.table.PartitionStateTable;
import dev.tidemark.offsets.Position;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/**
 * The end of a bounded run: where the logs ended when it started, and which partitions the group has not read up to there yet. What
 * was behind an open transaction then belongs to the run, so it waits for the end of that. It reads the stored offsets, so that moves
 * by any process count; and before it reports anything as finished, it checks that they still refer to this cluster, this topic and a
 * position in its log. Used by the control thread.
 */
final class EndWatch {
    /** While there is something to read, owners compare the ids of what they hold; this is for partitions without an owner. */
    private static final int LOOKS_BETWEEN_IDENTITIES = 10;

    /** Brokers learn about a change one after the other, so a topic does not count as missing at the first check. */
    private static final int LOOKS_UNTIL_MISSING = 3;

    private final String groupId;
    private final TopicLookup lookup;
    private final ClaimStore store;
    private final PartitionStateTable states;
    private final ControlConnection connection;
    private final Map<TopicPartition, String> haltedBefore = new HashMap<>();
    private final Map<TopicPartition, Long> ends = new HashMap<>();
    private final Map<String, Integer> missing = new HashMap<>();
    private final Set<TopicPartition> standing = new HashSet<>();
    private final OpenTransactions transactions;
    private int looks;

    EndWatch(
            String groupId,
            TopicLookup lookup,
            ClaimStore store,
            PartitionStateTable states,
            ControlConnection connection) {
        this.groupId = groupId;
        this.lookup = lookup;
        this.store = store;
        this.states = states;
        this.connection = connection;
        this.transactions = new OpenTransactions(groupId, lookup.offsets());
    }

    /**
     * Records where the logs end now.
     *
     * @throws LogMismatchException if a topic does not exist: because this is another cluster (TM-301), or at all (TM-307)
     */
    void begin(Subscription subscription) throws SQLException, KafkaUnavailableException {
        Map<String, Identity> bound = connection.inTransaction(store.bindings()::all);
        bound.keySet().removeIf(topic -> !subscription.includes(topic));
        Map<String, Identity> there = lookup.identities(bound.keySet());
        String cluster = lookup.clusterId();
        for (Map.Entry<String, Identity> binding : bound.entrySet()) {
            String topic = binding.getKey();
            Identity stored = binding.getValue();
            Optional<TidemarkException> elsewhere =
                    store.mismatch(topic, stored, new Identity(cluster, stored.topicId(), stored.partitions()));
            // A partition that exists is refused at its claim, after the others were read.
            if (elsewhere.isPresent() && !there.containsKey(topic)) {
                throw elsewhere.get();
            }
        }
        Map<TopicPartition, Long> found = lookup.offsets().highWatermarks(lookup.partitions(subscription));
        ends.clear();
        ends.putAll(found);
        haltedBefore.clear();
        haltedBefore.putAll(connection.inTransaction(c -> states.haltedAt(c, ends.keySet())));
    }

    /** The partitions that it waits for, whether they are finished or not. */
    Set<TopicPartition> partitions() {
        return ends.keySet();
    }

    /**
     * What remains to be done. Before nothing does, or only what has halted, the offsets are compared with their logs: one beyond its
     * log looks like one that was read to the end.
     */
    Unfinished look() throws SQLException, KafkaUnavailableException {
        Map<TopicPartition, Position> stored = connection.inTransaction(c -> store.positions(c, ends.keySet()));
        transactions.moved(stored);
        Set<TopicPartition> unfinished = new HashSet<>();
        ends.forEach((partition, end) -> {
            Position position = stored.get(partition);
            if (position == null || position.nextOffset() < end) {
                unfinished.add(partition);
            }
        });
        Set<TopicPartition> halted = halted();
        Map<TopicPartition, TidemarkException> wrong = new HashMap<>();
        boolean due = looks++ % LOOKS_BETWEEN_IDENTITIES == 0;
        boolean whole = due || halted.containsAll(unfinished);
        if (whole) {
            // First: whatever else is asked about a topic that is gone has no reply.
            Set<TopicPartition> unconfirmed = compareIdentities(wrong);
            if (due) {
                Set<TopicPartition> open = new HashSet<>(unfinished);
                open.removeAll(halted);
                open.removeAll(unconfirmed);
                open.removeAll(wrong.keySet());
                transactions.look(open, stored, ends);
            }
            compareLogs(stored, wrong);
            unfinished.addAll(unconfirmed);
            unfinished.addAll(wrong.keySet());
        }
        return new Unfinished(unfinished, halted, wrong, whole);
    }

    /** The partitions whose log has nothing to read now before the run's end, with the reason as an error; whoever holds them. */
    Map<TopicPartition, TidemarkException> withoutRecords() {
        return transactions.found();
    }

    /**
     * Logs which of them are waited for, once each.
     *
     * @param here those that this consumer holds, which are reported as every wait is
     */
    void tellElsewhere(Set<TopicPartition> here) {
        transactions.tellElsewhere(here);
    }

    /** Returns the partitions of topics that could not be seen this time. */
    private Set<TopicPartition> compareIdentities(Map<TopicPartition, TidemarkException> wrong)
            throws SQLException, KafkaUnavailableException {
        Map<String, Identity> bound = connection.inTransaction(store.bindings()::all);
        Set<String> topics = ends.keySet().stream().map(TopicPartition::topic).collect(Collectors.toSet());
        Map<String, Identity> there = lookup.identities(topics);
        missing.keySet().removeAll(there.keySet());
        Map<String, TidemarkException> reasons = new HashMap<>();
        for (String topic : topics) {
            Identity actual = there.get(topic);
            Identity stored = bound.get(topic);
            if (actual == null) {
                if (missing.merge(topic, 1, Integer::sum) >= LOOKS_UNTIL_MISSING) {
                    reasons.put(topic, lookup.missing(Set.of(topic)));
                }
            } else if (stored != null) {
                store.mismatch(topic, stored, actual).ifPresent(why -> reasons.put(topic, why));
            }
        }
        Set<TopicPartition> unconfirmed = new HashSet<>();
        for (TopicPartition partition : ends.keySet()) {
            TidemarkException why = reasons.get(partition.topic());
            if (why != null) {
                wrong.put(partition, why);
            } else if (missing.containsKey(partition.topic())) {
                unconfirmed.add(partition);
            }
        }
        return unconfirmed;
    }

    /** The log's end is queried after the offsets were read, so an offset beyond it did not get there by reading. */
    private void compareLogs(Map<TopicPartition, Position> stored, Map<TopicPartition, TidemarkException> wrong)
            throws KafkaUnavailableException {
        Set<TopicPartition> asked = ends.keySet().stream()
                .filter(partition -> !wrong.containsKey(partition) && !missing.containsKey(partition.topic()))
                .collect(Collectors.toSet());
        if (asked.isEmpty()) {
            return;
        }
        lookup.offsets().highWatermarks(asked).forEach((partition, end) -> {
            Position position = stored.get(partition);
            if (position != null && position.nextOffset() > end) {
                wrong.put(partition, beyond(partition, position.nextOffset(), end));
            }
        });
    }

    private LogMismatchException beyond(TopicPartition partition, long offset, long end) {
        return new LogMismatchException(
                ErrorCode.OFFSET_BEYOND_LOG,
                "group " + groupId + " topic " + partition.topic() + " partition " + partition.partition()
                        + ": the stored offset " + offset + " is beyond the log, which ends at " + end
                        + ". It was truncated, or the offset was mistyped; update next_offset to at most " + end,
                null);
    }

    /** Partitions that other members of the group hold: if they had halted before, that still applies unless they are claimed again. */
    void heldByOthers(Collection<TopicPartition> partitions) throws SQLException {
        standing.clear();
        if (ends.isEmpty() || partitions.isEmpty()) {
            return;
        }
        Map<TopicPartition, String> now = connection.inTransaction(c -> states.haltedAt(c, ends.keySet()));
        for (TopicPartition partition : partitions) {
            String since = now.get(partition);
            if (since != null && since.equals(haltedBefore.get(partition))) {
                standing.add(partition);
            }
        }
    }

    /** The partitions that have halted since the beginning, or had halted before and are held by another member. */
    private Set<TopicPartition> halted() throws SQLException {
        Map<TopicPartition, String> now = connection.inTransaction(c -> states.haltedAt(c, ends.keySet()));
        now.entrySet()
                .removeIf(e -> e.getValue().equals(haltedBefore.get(e.getKey())) && !standing.contains(e.getKey()));
        return now.keySet();
    }
}

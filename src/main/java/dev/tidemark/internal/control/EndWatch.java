package dev.tidemark.internal.control;

import dev.tidemark.Position;
import dev.tidemark.internal.kafka.KafkaUnavailableException;
import dev.tidemark.internal.kafka.TopicLookup;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.store.ClaimStore;
import dev.tidemark.internal.store.ControlConnection;
import dev.tidemark.internal.store.PartitionStateTable;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * The end of a bounded run: where the logs ended when it started, and which partitions the group has not brought there yet. It
 * looks at the stored offsets, so that whoever moved them counts. Used by the control thread.
 */
final class EndWatch {
    private final TopicLookup lookup;
    private final ClaimStore store;
    private final PartitionStateTable states;
    private final ControlConnection connection;
    private final Map<TopicPartition, String> haltedBefore = new HashMap<>();
    private final Map<TopicPartition, Long> ends = new HashMap<>();

    EndWatch(TopicLookup lookup, ClaimStore store, PartitionStateTable states, ControlConnection connection) {
        this.lookup = lookup;
        this.store = store;
        this.states = states;
        this.connection = connection;
    }

    /** Remembers where the logs end now. */
    void begin(Subscription subscription) throws SQLException, KafkaUnavailableException {
        Map<TopicPartition, Long> found = lookup.logEnds(lookup.partitions(subscription));
        ends.clear();
        ends.putAll(found);
        haltedBefore.clear();
        haltedBefore.putAll(connection.inTransaction(c -> states.haltedAt(c, ends.keySet())));
    }

    /** The partitions that are still to be read. */
    Set<TopicPartition> unfinished() throws SQLException {
        Map<TopicPartition, Position> stored = connection.inTransaction(c -> store.positions(c, ends.keySet()));
        Set<TopicPartition> unfinished = new HashSet<>();
        ends.forEach((partition, end) -> {
            Position position = stored.get(partition);
            if (position == null || position.nextOffset() < end) {
                unfinished.add(partition);
            }
        });
        return unfinished;
    }

    /** The partitions that halted since the beginning; what a run before this one left behind does not count. */
    Set<TopicPartition> halted() throws SQLException {
        Map<TopicPartition, String> now = connection.inTransaction(c -> states.haltedAt(c, ends.keySet()));
        now.entrySet().removeIf(e -> e.getValue().equals(haltedBefore.get(e.getKey())));
        return now.keySet();
    }
}

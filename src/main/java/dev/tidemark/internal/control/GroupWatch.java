package dev.tidemark.internal.control;

import dev.tidemark.internal.kafka.GroupLookup;
import dev.tidemark.internal.plan.Ownership;
import dev.tidemark.internal.plan.Subscription;
import dev.tidemark.internal.store.connection.ControlConnection;
import dev.tidemark.internal.store.table.OwnershipTable;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;

/**
 * Detects members of the group that are not Tidemark consumers: Kafka assigns them partitions, which they never claim, so that
 * these are not read into this database. Used by the control thread.
 */
final class GroupWatch {
    private final GroupLookup group;
    private final Subscription subscription;
    private final OwnershipTable owners;
    private final ControlConnection connection;
    private final Supplier<Set<TopicPartition>> assigned;
    private final EndWatch ends;
    private final ControlEvents events;
    private Map<TopicPartition, String> others = Map.of();
    private Map<TopicPartition, String> suspects = Map.of();

    /**
     * @param assigned what Kafka assigns to this consumer
     */
    GroupWatch(
            GroupLookup group,
            Subscription subscription,
            OwnershipTable owners,
            ControlConnection connection,
            Supplier<Set<TopicPartition>> assigned,
            EndWatch ends,
            ControlEvents events) {
        this.group = group;
        this.subscription = subscription;
        this.owners = owners;
        this.connection = connection;
        this.assigned = assigned;
        this.ends = ends;
        this.events = events;
    }

    /** A member that is about to claim what it was just assigned is not foreign, so only what two checks show counts. */
    void look() throws SQLException {
        Map<TopicPartition, String> held = new HashMap<>(group.holders());
        held.keySet().removeIf(partition -> !subscription.includes(partition.topic()));
        held.keySet().removeAll(assigned.get());
        ends.heldByOthers(still(others, held).keySet());
        others = held;

        Map<TopicPartition, Ownership> known =
                held.isEmpty() ? Map.of() : connection.inTransaction(c -> owners.read(c, held.keySet()));
        Map<TopicPartition, String> unclaimed = new HashMap<>(held);
        unclaimed
                .keySet()
                .removeIf(partition ->
                        known.getOrDefault(partition, Ownership.NONE).isOurs());
        events.heldByForeignMembers(still(suspects, unclaimed));
        suspects = unclaimed;
    }

    /** Those that the same member held at the previous check. */
    private static Map<TopicPartition, String> still(
            Map<TopicPartition, String> before, Map<TopicPartition, String> now) {
        Map<TopicPartition, String> still = new HashMap<>(now);
        still.entrySet().removeIf(e -> !e.getValue().equals(before.get(e.getKey())));
        return still;
    }
}

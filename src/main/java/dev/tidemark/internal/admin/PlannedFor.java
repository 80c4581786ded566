package dev.tidemark.internal.admin;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * What a plan was made for, so that one that was kept is not applied to anything else.
 *
 * @param storeId the offset store
 * @param bindings what the group's offsets for each topic refer to
 */
public record PlannedFor(String group, UUID storeId, Map<String, Binding> bindings) {
    /**
     * A binding of a topic. The incarnation starts again at 1 after the group was deleted; the time does not change with a rebind.
     * Together they occur once.
     */
    public record Binding(int incarnation, Instant boundAt, String clusterId, Optional<String> topicId) {
        /** Whether it is this one after one rebind. */
        boolean isReboundOnce(@Nullable Binding before) {
            return before != null && incarnation == before.incarnation + 1 && boundAt.equals(before.boundAt);
        }
    }

    /** As it is now. Under the locks of a change it stays like this until the commit. */
    public static PlannedFor read(Handle handle, StoreAccess store, String group) {
        Map<String, Binding> bindings = new HashMap<>();
        handle.createQuery(store.sql(
                        "select topic, incarnation, bound_at, cluster_id, topic_id from {schema}.topic_binding"
                                + " where group_id = :group"))
                .bind("group", group)
                .map((r, context) -> bindings.put(
                        r.getString("topic"),
                        new Binding(
                                r.getInt("incarnation"),
                                r.getObject("bound_at", OffsetDateTime.class).toInstant(),
                                r.getString("cluster_id"),
                                Optional.ofNullable(r.getString("topic_id")))))
                .list();
        UUID storeId = handle.createQuery(store.sql("select store_id from {schema}.store_info"))
                .mapTo(UUID.class)
                .one();
        return new PlannedFor(group, storeId, Map.copyOf(bindings));
    }

    /** Refuses another store (TM-603). */
    public void requireStore(PlannedFor now) {
        if (!storeId.equals(now.storeId)) {
            throw OperatorErrors.refused(
                    "this was planned for group " + group + " of offset store " + storeId + ", and this is store "
                            + now.storeId + ": nothing was changed; plan it here",
                    null);
        }
    }

    /** Refuses another store, and other bindings of these topics (TM-603). */
    public void requireSame(PlannedFor now, Collection<String> topics) {
        requireStore(now);
        for (String topic : new TreeSet<>(topics)) {
            if (!Objects.equals(bindings.get(topic), now.bindings.get(topic))) {
                throw other(topic);
            }
        }
    }

    /** Refuses another store, other bindings, and topics that were bound or deleted since (TM-603). */
    public void requireSame(PlannedFor now) {
        TreeSet<String> topics = new TreeSet<>(bindings.keySet());
        topics.addAll(now.bindings.keySet());
        requireSame(now, topics);
    }

    /** Refuses a rebind of anything but the binding that it was planned for (TM-603). */
    public void requireRebound(PlannedFor now, String topic) {
        requireStore(now);
        Binding rebound = now.bindings.get(topic);
        if (rebound == null || !rebound.isReboundOnce(bindings.get(topic))) {
            throw other(topic);
        }
    }

    /**
     * Refuses a deletion of anything but what it was planned for (TM-603).
     *
     * @param alone whether nothing else deleted or rebound the group between the comparison and the locks
     */
    public void requireDeleted(Collection<String> topics, boolean alone) {
        for (String topic : new TreeSet<>(topics)) {
            if (!alone || !bindings.containsKey(topic)) {
                throw other(topic);
            }
        }
    }

    private RuntimeException other(String topic) {
        return OperatorErrors.refused(
                "topic " + topic + " of group " + group
                        + " was rebound, deleted or bound again since this was planned, so that its offsets refer to something"
                        + " else, and its consumers may have read further: nothing was changed; plan it again",
                null);
    }
}

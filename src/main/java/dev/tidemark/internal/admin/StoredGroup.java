package dev.tidemark.internal.admin;

import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.BindingPlanner;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * A group in the store.
 *
 * @param topics what its offsets refer to, for each topic that it is bound to
 * @param plannedFor what a plan made from this is made for
 * @param rows its positions, sorted by key with the database's collation, the order in which several rows are always locked
 */
public record StoredGroup(String group, Map<String, Identity> topics, PlannedFor plannedFor, List<Row> rows) {
    /** How many names an error lists. */
    private static final int NAMED = 10;

    /**
     * A partition.
     *
     * @param logEnd as its owner last sampled it; null before that
     */
    public record Row(
            TopicPartition partition,
            long nextOffset,
            @Nullable Integer leaderEpoch,
            @Nullable Long logEnd) {}

    private static final String TOPICS = """
            select topic, cluster_id, topic_id, partitions from {schema}.topic_binding
             where group_id = :group order by topic
            """;

    private static final String ROWS = """
            select o.topic, o.partition, o.next_offset, o.leader_epoch, e.log_end
              from {schema}.stored_offset o left join {schema}.log_end e using (group_id, topic, partition)
             where o.group_id = :group order by o.topic, o.partition
            """;

    /** Reads a group; an unknown one is empty. Its bindings are read first, so that a rebind in between is noticed. */
    public static StoredGroup read(Handle handle, StoreAccess store, String group) {
        PlannedFor plannedFor = PlannedFor.read(handle, store, group);
        Map<String, Identity> topics = new LinkedHashMap<>();
        handle.createQuery(store.sql(TOPICS))
                .bind("group", group)
                .map((r, context) -> {
                    String topic = r.getString("topic");
                    int partitions = r.getInt("partitions");
                    if (partitions > 0) {
                        topics.put(
                                topic,
                                new Identity(
                                        r.getString("cluster_id"),
                                        Optional.ofNullable(r.getString("topic_id")),
                                        partitions));
                    }
                    return topic;
                })
                .list();
        List<Row> rows = handle.createQuery(store.sql(ROWS))
                .bind("group", group)
                .map((r, context) -> new Row(
                        new TopicPartition(r.getString("topic"), r.getInt("partition")),
                        r.getLong("next_offset"),
                        r.getObject("leader_epoch", Integer.class),
                        r.getObject("log_end", Long.class)))
                .list();
        return new StoredGroup(group, topics, plannedFor, rows);
    }

    /** Reads a group that must be known (TM-601). */
    public static StoredGroup require(Handle handle, StoreAccess store, String group) {
        StoredGroup stored = read(handle, store, group);
        if (stored.rows().isEmpty()) {
            throw unknown(handle, store, group);
        }
        return stored;
    }

    /** Refuses a group that the store does not know (TM-601). */
    public static void requireKnown(Handle handle, StoreAccess store, String group) {
        boolean known = handle.createQuery(
                        store.sql("select exists (select from {schema}.topic_binding where group_id = :group)"))
                .bind("group", group)
                .mapTo(Boolean.class)
                .one();
        if (!known) {
            throw unknown(handle, store, group);
        }
    }

    /** The error for a group that the store does not have (TM-601); lists those that it has. */
    public static TidemarkException unknown(Handle handle, StoreAccess store, String group) {
        List<String> known = handle.createQuery(store.sql(
                        "select distinct group_id from {schema}.topic_binding order by group_id limit " + (NAMED + 1)))
                .mapTo(String.class)
                .list();
        String there = known.isEmpty()
                ? "it has none yet"
                : "there is " + String.join(", ", known.subList(0, Math.min(NAMED, known.size())))
                        + (known.size() > NAMED ? ", ..." : "");
        return OperatorErrors.nothingMatched(
                "no group " + group + " in schema " + store.schema().name() + ": " + there);
    }

    /** The partitions that have an offset. */
    public List<TopicPartition> partitions() {
        return rows.stream().map(Row::partition).toList();
    }

    /** Refuses offsets that belong to another cluster (TM-301) or to another topic of that name (TM-302); names the store's schema. */
    public void requireSame(String schema, Collection<String> asked, Map<String, Identity> actual) {
        for (String topic : asked) {
            Identity bound = topics.get(topic);
            Identity there = actual.get(topic);
            if (bound != null && there != null) {
                Optional<TidemarkException> mismatch = BindingPlanner.mismatch(schema, group, topic, bound, there);
                if (mismatch.isPresent()) {
                    throw mismatch.get();
                }
            }
        }
    }
}

package dev.tidemark.cli;

import dev.tidemark.TidemarkException;
import dev.tidemark.internal.plan.BindingPlanner;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * A group as the store has it.
 *
 * @param topics what its offsets mean, for each topic that it has met
 * @param rows where it stands, in the order in which the database's own collation sorts the keys: whoever locks several rows
 *     keeps to it
 */
record StoredGroup(String group, Map<String, Identity> topics, List<Row> rows) {
    /**
     * A partition.
     *
     * @param logEnd as its owner last saw it; null if none has
     */
    record Row(
            TopicPartition partition,
            long nextOffset,
            @Nullable Integer leaderEpoch,
            @Nullable Long logEnd) {}

    private static final String TOPICS = """
            select topic, cluster_id, topic_id, partitions from {schema}.topic_binding
             where group_id = :group and partitions > 0 order by topic
            """;

    private static final String ROWS = """
            select o.topic, o.partition, o.next_offset, o.leader_epoch, e.log_end
              from {schema}.stored_offset o left join {schema}.log_end e using (group_id, topic, partition)
             where o.group_id = :group order by o.topic, o.partition
            """;

    /** Reads a group, which may be unknown and then is empty. */
    static StoredGroup read(Handle handle, DatabaseOptions database, String group) {
        Map<String, Identity> topics = new LinkedHashMap<>();
        handle.createQuery(database.sql(TOPICS))
                .bind("group", group)
                .map((r, context) -> topics.put(
                        r.getString("topic"),
                        new Identity(
                                r.getString("cluster_id"),
                                Optional.ofNullable(r.getString("topic_id")),
                                r.getInt("partitions"))))
                .list();
        List<Row> rows = handle.createQuery(database.sql(ROWS))
                .bind("group", group)
                .map((r, context) -> new Row(
                        new TopicPartition(r.getString("topic"), r.getInt("partition")),
                        r.getLong("next_offset"),
                        r.getObject("leader_epoch", Integer.class),
                        r.getObject("log_end", Long.class)))
                .list();
        return new StoredGroup(group, topics, rows);
    }

    /** Which topic of its name each topic is, by number: what was planned for one is not for the next. */
    static Map<String, Integer> incarnations(Handle handle, DatabaseOptions database, String group) {
        Map<String, Integer> incarnations = new HashMap<>();
        handle.createQuery(
                        database.sql("select topic, incarnation from {schema}.topic_binding where group_id = :group"))
                .bind("group", group)
                .map((r, context) -> incarnations.put(r.getString("topic"), r.getInt("incarnation")))
                .list();
        return incarnations;
    }

    /** Reads a group that must be known (TM-601). */
    static StoredGroup require(Handle handle, DatabaseOptions database, String group) {
        StoredGroup stored = read(handle, database, group);
        if (stored.rows().isEmpty()) {
            throw Groups.unknown(handle, database, group);
        }
        return stored;
    }

    /** Its partitions within a scope, which must all be there (TM-601). */
    List<Row> within(Scope scope) {
        scope.requireAll(partitions(), "group " + group);
        return rows.stream().filter(row -> scope.includes(row.partition())).toList();
    }

    List<TopicPartition> partitions() {
        return rows.stream().map(Row::partition).toList();
    }

    /** Refuses offsets that belong to another cluster (TM-301) or to another topic of that name (TM-302). */
    void requireSame(Collection<String> asked, Map<String, Identity> actual) {
        for (String topic : asked) {
            Identity bound = topics.get(topic);
            Identity there = actual.get(topic);
            if (bound != null && there != null) {
                Optional<TidemarkException> mismatch = BindingPlanner.mismatch(group, topic, bound, there);
                if (mismatch.isPresent()) {
                    throw mismatch.get();
                }
            }
        }
    }
}

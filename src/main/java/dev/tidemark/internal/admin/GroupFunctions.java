package dev.tidemark.internal.admin;

import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/**
 * The store's functions that move a group, and queries about the moves, in the caller's transaction.
 *
 * @param reason for the audit log; null for none
 */
public record GroupFunctions(
        Handle handle,
        StoreAccess store,
        String group,
        @Nullable String reason) {
    /** How many changes an error lists. */
    private static final int NAMED = 5;

    /** A partition that an undo has moved. */
    public record Moved(TopicPartition partition, long from, long to) {}

    private Query query(String sql) {
        return handle.createQuery(store.sql(sql)).bind("group", group);
    }

    private Query query(String sql, TopicPartition partition) {
        return query(sql).bind("topic", partition.topic()).bind("partition", partition.partition());
    }

    /** A partition's stored offset; empty if it has none. */
    public Optional<Long> stored(TopicPartition partition) {
        return query("""
                        select next_offset from {schema}.stored_offset
                         where group_id = :group and topic = :topic and partition = :partition
                        """, partition).mapTo(Long.class).findOne();
    }

    /** Moves a partition, which is locked from then on; returns the previous offset. */
    public long reset(TopicPartition partition, long next) {
        return query("select {schema}.reset_offset(:group, :topic, :partition, :next, :reason)", partition)
                .bind("next", next)
                .bind("reason", reason)
                .mapTo(Long.class)
                .one();
    }

    /** The change of the last reset of a partition that this transaction has locked. */
    public long changeOf(TopicPartition partition) {
        return query("""
                        select change_id from {schema}.audit_log
                         where group_id = :group and topic = :topic and partition = :partition and action = 'reset'
                         order by id desc limit 1
                        """, partition).mapTo(Long.class).one();
    }

    /** What the group is now. */
    public PlannedFor now() {
        return PlannedFor.read(handle, store, group);
    }

    /** Binds a topic that is new to the group. */
    public void bind(String topic, Identity identity, List<Long> offsets) {
        int unused = bound("bind_topic", topic, identity, offsets);
    }

    /** Rebinds a topic; returns the new incarnation. */
    public int rebind(String topic, Identity identity, List<Long> offsets) {
        return bound("rebind_topic", topic, identity, offsets);
    }

    private int bound(String function, String topic, Identity identity, List<Long> offsets) {
        return query("select {schema}." + function
                        + "(:group, :topic, :cluster, :topicId, cast(:offsets as bigint[]), :reason)")
                .bind("topic", topic)
                .bind("cluster", identity.clusterId())
                .bind("topicId", identity.topicId().orElse(null))
                .bind("offsets", array(offsets))
                .bind("reason", reason)
                .mapTo(Integer.class)
                .one();
    }

    /** Numbers as an array literal of SQL. */
    public static String array(List<Long> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }

    /** The offsets of a topic's partitions under the locks of the rebind that created this incarnation. */
    public Map<Integer, Long> stood(String topic, int incarnation) {
        Map<Integer, Long> stood = new TreeMap<>();
        query("""
                        select partition, from_offset from {schema}.audit_log
                         where group_id = :group and topic = :topic and action = 'rebind' and incarnation = :incarnation
                           and partition is not null and from_offset is not null
                         order by id
                        """)
                .bind("topic", topic)
                .bind("incarnation", incarnation)
                .map((r, context) -> stood.put(r.getInt("partition"), r.getLong("from_offset")))
                .list();
        return stood;
    }

    /** Moves all partitions of a change back to their offsets before it. */
    public List<Moved> undo(long change) {
        return handle.createQuery(store.sql("select * from {schema}.undo_reset(:change, :reason)"))
                .bind("change", change)
                .bind("reason", reason)
                .map((r, context) -> new Moved(
                        new TopicPartition(r.getString("topic"), r.getInt("partition")),
                        r.getLong("from_offset"),
                        r.getLong("to_offset")))
                .list();
    }

    /** The change that has undone another; a change is undone at most once. */
    public long undoneBy(long change) {
        return handle.createQuery(store.sql("""
                        select max(change_id) from {schema}.audit_log where action = 'undo' and details ->> 'undoes' = :change
                        """))
                .bind("change", Long.toString(change))
                .mapTo(Long.class)
                .one();
    }

    /** Refuses a change that is not the group's own (TM-601): a mistyped number must not move another group. */
    public void requireOwn(long change) {
        if (groupsOf(change).equals(List.of(group))) {
            return;
        }
        List<Long> own = latestMoves(NAMED);
        throw OperatorErrors.nothingMatched("group " + group + " has no change " + change + ": "
                + (own.isEmpty() ? "none of its offsets has been moved yet" : "its latest are " + own));
    }

    /** The groups that a change is about. */
    private List<String> groupsOf(long change) {
        return handle.createQuery(
                        store.sql("select distinct group_id from {schema}.audit_log where change_id = :change"))
                .bind("change", change)
                .mapTo(String.class)
                .list();
    }

    /** The latest changes that moved offsets of the group. */
    private List<Long> latestMoves(int limit) {
        return query("""
                        select change_id from {schema}.audit_log
                         where group_id = :group and action in ('reset', 'undo', 'manual_move')
                         group by change_id order by max(id) desc limit :limit
                        """).bind("limit", limit).mapTo(Long.class).list();
    }

    /** Pauses the group, a topic or a partition. */
    public void pause(@Nullable String topic, @Nullable Integer partition) {
        boolean unused = query("select {schema}.pause(:group, :topic, :partition, :reason)")
                .bind("topic", topic)
                .bind("partition", partition)
                .bind("reason", reason)
                .mapTo(Boolean.class)
                .one();
    }

    /** Ends the pause of the group, a topic or a partition and those within it; returns how many ended. */
    public int resume(@Nullable String topic, @Nullable Integer partition) {
        return query("select {schema}.resume(:group, :topic, :partition, :reason)")
                .bind("topic", topic)
                .bind("partition", partition)
                .bind("reason", reason)
                .mapTo(Integer.class)
                .one();
    }

    /** Deletes the group. */
    public void delete(boolean force) {
        int unused = query("select {schema}.delete_group(:group, :reason, :force)")
                .bind("reason", reason)
                .bind("force", force)
                .mapTo(Integer.class)
                .one();
    }

    /** How often topics of the group were rebound, or all of them deleted. */
    public long bindingChanges() {
        return query("""
                        select count(*) from {schema}.audit_log
                         where group_id = :group and action in ('delete', 'rebind') and partition is null
                        """).mapTo(Long.class).one();
    }

    /** The topics whose offsets this transaction has deleted with the group. */
    public Set<String> deletedTopics() {
        return query("""
                        select topic from {schema}.audit_log
                         where group_id = :group and action = 'delete' and topic is not null
                           and change_id = (select change_id from {schema}.audit_log
                                             where group_id = :group and action = 'delete' order by id desc limit 1)
                        """).mapTo(String.class).collect(Collectors.toSet());
    }

    /** Drops these dead letters; returns those that were dropped, without those that are being redriven. */
    public Set<Long> drop(List<Long> ids) {
        return query("select id from unnest(cast(:ids as bigint[])) as i(id)"
                        + " where {schema}.drop_dead_letter(:group, id, :reason)")
                .bind("ids", array(ids))
                .bind("reason", reason)
                .mapTo(Long.class)
                .collect(Collectors.toSet());
    }
}

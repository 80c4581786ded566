package dev.tidemark.internal.store.claim;

import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.BindingPlanner;
import dev.tidemark.internal.plan.BindingPlanner.Binding;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.table.AuditLogTable;
import dev.tidemark.internal.store.table.StoredOffsetTable;
import dev.tidemark.internal.store.table.TopicBindingTable;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Binds topics, with the first offsets of their partitions, on the caller's connection, in the caller's transaction. Stateless, so any
 * thread may use it.
 */
public final class TopicBindings {
    private final TopicBindingTable table;
    private final StoredOffsetTable offsets;
    private final AuditLogTable audit;
    private final String groupId;

    TopicBindings(Schema schema, String groupId) {
        this.table = new TopicBindingTable(schema, groupId);
        this.offsets = new StoredOffsetTable(schema, groupId);
        this.audit = new AuditLogTable(schema, groupId);
        this.groupId = groupId;
    }

    /** What has to be done before these topics' partitions can be claimed; a plain read. */
    public Map<String, Binding> missing(Connection c, Map<String, Identity> topics) throws SQLException {
        Map<String, Identity> stored = table.read(c, topics.keySet(), TopicBindingTable.Lock.NONE);
        Map<String, Binding> missing = new HashMap<>();
        topics.forEach((topic, actual) -> {
            Binding plan = BindingPlanner.plan(stored.get(topic), actual);
            if (plan != Binding.COMPLETE) {
                missing.put(topic, plan);
            }
        });
        return missing;
    }

    /**
     * Binds a topic, or its new partitions: what is bound already stays as it is, even if another instance was faster.
     *
     * @param starts for each partition where a group begins that is new to the topic; empty if the topic is known to the group
     * @param earliest for each partition its first offset, where partitions added later begin
     * @throws LogMismatchException if what is stored belongs to another cluster or topic (TM-301, TM-302)
     */
    public void bind(
            Connection c,
            String topic,
            Identity actual,
            Optional<Map<Integer, Long>> starts,
            Map<Integer, Long> earliest)
            throws SQLException {
        table.insertEmpty(c, topic, actual);
        Identity stored =
                table.read(c, List.of(topic), TopicBindingTable.Lock.UPDATE).get(topic);
        if (stored == null) {
            throw new SQLException("the binding of topic " + topic + " vanished while it was made", "40001");
        }
        Optional<TidemarkException> mismatch = BindingPlanner.mismatch(groupId, topic, stored, actual);
        if (mismatch.isPresent()) {
            throw mismatch.get();
        }
        Map<Integer, Long> chosen = stored.partitions() == 0 ? starts.orElse(earliest) : earliest;
        Map<Integer, Long> added = new TreeMap<>();
        for (int p = stored.partitions(); p < actual.partitions(); p++) {
            Long offset = chosen.get(p);
            if (offset == null) {
                throw new IllegalArgumentException("no start offset for partition " + p + " of topic " + topic);
            }
            added.put(p, offset);
        }
        if (!added.isEmpty()) {
            offsets.insert(c, topic, added);
            table.grow(c, topic, actual.partitions());
        }
    }

    /** Whether the group has started before: it has stored offsets for a topic, or found none that it could have. */
    public boolean isKnown(Connection c) throws SQLException {
        return table.any(c) || audit.hasBegun(c);
    }

    /** Records the start of a group whose pattern matches nothing: what matches later came later, even if it is down then. */
    public void beginWithoutTopics(Connection c) throws SQLException {
        audit.begun(c, "started before any topic matched its pattern");
    }

    /**
     * Since when the group has waited for a topic that does not exist: from now on if it did not before.
     *
     * @return by the server's clock
     */
    public Instant await(Connection c, String topic) throws SQLException {
        Optional<Instant> since = audit.awaitedSince(c, topic);
        if (since.isEmpty()) {
            audit.awaited(c, topic, "started before the topic existed");
            since = audit.awaitedSince(c, topic);
        }
        return since.orElseThrow(() -> new SQLException("a row of the audit log vanished while it was made", "40001"));
    }

    /** As {@link #await}, of a topic that exists now; empty if the group never waited for it. */
    public Optional<Instant> awaitedSince(Connection c, String topic) throws SQLException {
        return audit.awaitedSince(c, topic);
    }

    /** Records that a topic which the group waits for certainly does not exist in this cluster: it is created after that. */
    public void absent(Connection c, String topic, String clusterId) throws SQLException {
        if (!wasAbsent(c, topic, clusterId)) {
            audit.awaited(c, topic, absence(clusterId));
        }
    }

    /** Whether {@link #absent} was recorded, so that all that the topic holds was written after the group's first start. */
    public boolean wasAbsent(Connection c, String topic, String clusterId) throws SQLException {
        return audit.isAwaited(c, topic, absence(clusterId));
    }

    /** It is also read back, so it must not change. */
    private static String absence(String clusterId) {
        return "the topic does not exist in cluster " + clusterId;
    }

    /** What the group's offsets refer to, by topic. */
    public Map<String, Identity> all(Connection c) throws SQLException {
        return table.all(c);
    }

    /** The bindings of those topics that have one, locked against changes until the transaction ends. */
    Map<String, Identity> lock(Connection c, Collection<String> topics) throws SQLException {
        return table.read(c, topics, TopicBindingTable.Lock.SHARE);
    }
}

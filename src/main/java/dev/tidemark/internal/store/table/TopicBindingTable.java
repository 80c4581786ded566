package dev.tidemark.internal.store.table;

import dev.tidemark.internal.plan.BindingPlanner.Identity;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** All statements on {@code topic_binding}, for one group. A binding is locked before any offset row. */
public final class TopicBindingTable {
    private static final String INSERT = """
            insert into {schema}.topic_binding (group_id, topic, cluster_id, topic_id, partitions) values (?, ?, ?, ?, 0)
            on conflict (group_id, topic) do nothing
            """;

    private static final String SELECT = """
            select topic, cluster_id, topic_id, partitions from {schema}.topic_binding
             where group_id = ? and topic = any (?) order by topic {lock}
            """;

    private static final String ALL =
            "select topic, cluster_id, topic_id, partitions from {schema}.topic_binding where group_id = ?";

    private static final String ANY =
            "select 1 from {schema}.topic_binding where group_id = ? and partitions > 0 limit 1";

    private static final String GROW =
            "update {schema}.topic_binding set partitions = ? where group_id = ? and topic = ? and partitions < ?";

    /** How a binding is read. */
    public enum Lock {
        NONE(""),
        SHARE("for share"),
        UPDATE("for no key update");

        private final String sql;

        Lock(String sql) {
            this.sql = sql;
        }
    }

    private final Schema schema;
    private final String groupId;

    public TopicBindingTable(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /** Creates an empty binding if there is none. */
    public void insertEmpty(Connection c, String topic, Identity identity) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(INSERT))) {
            s.setString(1, groupId);
            s.setString(2, topic);
            s.setString(3, identity.clusterId());
            s.setString(4, identity.topicId().orElse(null));
            s.executeUpdate();
        }
    }

    /** The bindings of those topics that have one. */
    public Map<String, Identity> read(Connection c, Collection<String> topics, Lock lock) throws SQLException {
        Map<String, Identity> bindings = new HashMap<>();
        try (PreparedStatement s = Schema.prepare(c, schema.sql(SELECT).replace("{lock}", lock.sql))) {
            s.setString(1, groupId);
            s.setArray(2, Schema.texts(c, topics, t -> t));
            read(s, bindings);
        }
        return bindings;
    }

    /** All bindings, by topic. */
    public Map<String, Identity> all(Connection c) throws SQLException {
        Map<String, Identity> bindings = new HashMap<>();
        try (PreparedStatement s = Schema.prepare(c, schema.sql(ALL))) {
            s.setString(1, groupId);
            read(s, bindings);
        }
        return bindings;
    }

    private static void read(PreparedStatement s, Map<String, Identity> into) throws SQLException {
        try (ResultSet r = s.executeQuery()) {
            while (r.next()) {
                into.put(
                        r.getString("topic"),
                        new Identity(
                                r.getString("cluster_id"),
                                Optional.ofNullable(r.getString("topic_id")),
                                r.getInt("partitions")));
            }
        }
    }

    /** Whether the group is bound to any topic. */
    public boolean any(Connection c) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(ANY))) {
            s.setString(1, groupId);
            try (ResultSet r = s.executeQuery()) {
                return r.next();
            }
        }
    }

    /** Counts more partitions as bound; never fewer. */
    public void grow(Connection c, String topic, int partitions) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, schema.sql(GROW))) {
            s.setInt(1, partitions);
            s.setString(2, groupId);
            s.setString(3, topic);
            s.setInt(4, partitions);
            s.executeUpdate();
        }
    }
}

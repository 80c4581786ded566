package dev.tidemark.internal.store.table;

import static dev.tidemark.internal.store.schema.Schema.prepare;

import dev.tidemark.internal.plan.Ownership;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** What the tables together show about the ownership of partitions, for one group. */
public final class OwnershipTable {
    // Owners record a log without changes once a minute.
    private static final String SELECT = """
            select o.topic, o.partition, o.owner_token is not null as claimed, s.halted_at is not null as halted,
                   greatest(o.claimed_at, e.sampled_at) > clock_timestamp() - interval '2 minutes' as fresh
              from {schema}.stored_offset o
              join unnest(?::pg_catalog.text[], ?::int[]) as w(topic, partition) using (topic, partition)
              left join {schema}.partition_state s using (group_id, topic, partition)
              left join {schema}.log_end e using (group_id, topic, partition)
             where o.group_id = ?
            """;

    private final Schema schema;
    private final String groupId;

    public OwnershipTable(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /** Those of these partitions that have a row. */
    public Map<TopicPartition, Ownership> read(Connection c, Collection<TopicPartition> partitions)
            throws SQLException {
        Map<TopicPartition, Ownership> found = new HashMap<>();
        try (PreparedStatement s = prepare(c, schema.sql(SELECT))) {
            s.setArray(1, Schema.topics(c, partitions));
            s.setArray(2, Schema.numbers(c, partitions));
            s.setString(3, groupId);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    found.put(
                            new TopicPartition(r.getString("topic"), r.getInt("partition")),
                            new Ownership(r.getBoolean("claimed"), r.getBoolean("fresh"), r.getBoolean("halted")));
                }
            }
        }
        return found;
    }
}

package dev.tidemark.internal.store.table;

import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;

/** All statements on {@code log_end}, for one group. */
public final class LogEndTable {
    /** After how long the same is stored again, to show that somebody samples: an idle group hardly writes to the table. */
    public static final Duration AGAIN = Duration.ofMinutes(1);

    // Somewhat less, as clocks differ.
    private static final String UPSERT = """
            insert into {schema}.log_end as e (group_id, topic, partition, log_start, log_end)
            select ?, w.* from unnest(?::pg_catalog.text[], ?::int[], ?::bigint[], ?::bigint[]) as w(topic, partition, first, last)
             order by w.topic, w.partition
            on conflict (group_id, topic, partition) do update
               set log_start = excluded.log_start, log_end = excluded.log_end, sampled_at = excluded.sampled_at
             where (e.log_start, e.log_end) is distinct from (excluded.log_start, excluded.log_end)
                or e.sampled_at < excluded.sampled_at - interval '50 seconds'
            """;

    /** The first offset that Kafka still holds, and the one after the last readable record. */
    public record Bounds(long start, long end) {}

    private final Schema schema;
    private final String groupId;

    public LogEndTable(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /** Stores what was just sampled. */
    public void sample(Connection c, Map<TopicPartition, Bounds> bounds) throws SQLException {
        // A sample may be lost, and must not keep the control thread waiting for a standby.
        Schema.execute(c, "set local synchronous_commit = off");
        List<Map.Entry<TopicPartition, Bounds>> rows = List.copyOf(bounds.entrySet());
        try (PreparedStatement s = Schema.prepare(c, schema.sql(UPSERT))) {
            s.setString(1, groupId);
            s.setArray(2, Schema.texts(c, rows, row -> row.getKey().topic()));
            s.setArray(3, Schema.ints(c, rows, row -> row.getKey().partition()));
            s.setArray(4, Schema.longs(c, rows, row -> row.getValue().start()));
            s.setArray(5, Schema.longs(c, rows, row -> row.getValue().end()));
            s.executeUpdate();
        }
    }
}

package dev.tidemark.internal.store.table;

import static dev.tidemark.internal.store.schema.Schema.prepare;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;

/** All statements on {@code partition_state}, for one group. */
public final class PartitionStateTable {
    private static final String HALTED = """
            insert into {schema}.partition_state as s (group_id, topic, partition, halted_at, error_code, error_text)
            values (?, ?, ?, clock_timestamp() - make_interval(secs => ?), ?, ?)
            on conflict (group_id, topic, partition) do update
               set halted_at = excluded.halted_at, error_code = excluded.error_code, error_text = excluded.error_text
            """;

    private static final String HALTED_AT = """
            select s.topic, s.partition, s.halted_at::pg_catalog.text
              from {schema}.partition_state s join unnest(?::pg_catalog.text[], ?::int[]) as w(topic, partition) using (topic, partition)
             where s.group_id = ? and s.halted_at is not null
            """;

    private static final String CLAIMED = """
            update {schema}.partition_state s
               set halted_at = null, error_code = null, error_text = null,
                   waiting_since = null, waiting_epoch = null, waiting_code = null, waiting_text = null
              from unnest(?::pg_catalog.text[], ?::int[]) as w(topic, partition)
             where s.group_id = ? and s.topic = w.topic and s.partition = w.partition
               and (s.halted_at is not null or s.waiting_since is not null)
            """;

    // Without a claim it is the row's current epoch: the next claim ends the wait.
    private static final String WAITING = """
            insert into {schema}.partition_state as s
                   (group_id, topic, partition, waiting_since, waiting_epoch, waiting_code, waiting_text)
            select o.group_id, o.topic, o.partition, clock_timestamp() - make_interval(secs => w.seconds), o.owner_epoch, w.code, w.words
              from {schema}.stored_offset o
              join unnest(?::pg_catalog.text[], ?::int[], ?::bigint[], ?::pg_catalog.float8[], ?::pg_catalog.text[], ?::pg_catalog.text[])
                   as w(topic, partition, epoch, seconds, code, words) using (topic, partition)
             where o.group_id = ? and o.owner_epoch = coalesce(w.epoch, o.owner_epoch)
             order by o.topic, o.partition
            on conflict (group_id, topic, partition) do update
               set waiting_since = excluded.waiting_since, waiting_epoch = excluded.waiting_epoch,
                   waiting_code = excluded.waiting_code, waiting_text = excluded.waiting_text
            returning topic, partition, waiting_epoch
            """;

    // Another owner's wait stays.
    private static final String GOES_ON = """
            update {schema}.partition_state s
               set waiting_since = null, waiting_epoch = null, waiting_code = null, waiting_text = null
              from unnest(?::pg_catalog.text[], ?::int[], ?::bigint[]) as w(topic, partition, epoch)
             where s.group_id = ? and s.topic = w.topic and s.partition = w.partition and s.waiting_epoch = w.epoch
            """;

    private static final String ATTEMPT = """
            insert into {schema}.partition_state as s (group_id, topic, partition, suspect_offset, suspect_attempts)
            values (?, ?, ?, ?, 1)
            on conflict (group_id, topic, partition) do update
               set suspect_attempts = case when s.suspect_offset = excluded.suspect_offset
                                           then s.suspect_attempts + 1 else 1 end,
                   suspect_offset = excluded.suspect_offset
            returning suspect_attempts
            """;

    // Another record may be suspected by now.
    private static final String SURVIVED = """
            update {schema}.partition_state set suspect_attempts = suspect_attempts - 1
             where group_id = ? and topic = ? and partition = ? and suspect_offset = ? and suspect_attempts > 0
            """;

    private static final String OPEN_ATTEMPTS = """
            select s.topic, s.partition, s.suspect_offset
              from {schema}.partition_state s join unnest(?::pg_catalog.text[], ?::int[]) as w(topic, partition) using (topic, partition)
             where s.group_id = ? and s.suspect_attempts > 0
            """;

    /**
     * What is stored for a partition that waits.
     *
     * @param ownerEpoch of the claim that it waits under; empty for the row's current one
     * @param waited for how long until now
     * @param words without any data
     */
    public record Wait(
            TopicPartition partition, OptionalLong ownerEpoch, Duration waited, ErrorCode code, String words) {
        /** Whether this is written already; a wait without a claim is the same under every epoch. */
        public boolean says(OptionalLong epoch, ErrorCode aCode, String someWords) {
            return (epoch.isEmpty() || epoch.equals(ownerEpoch)) && code == aCode && words.equals(someWords);
        }

        /** The same, under an epoch. */
        public Wait under(OptionalLong epoch) {
            return new Wait(partition, epoch, waited, code, words);
        }
    }

    private final Schema schema;
    private final String groupId;

    public PartitionStateTable(Schema schema, String groupId) {
        this.schema = schema;
        this.groupId = groupId;
    }

    /** Records that a partition halted some time ago, in text that contains no data. */
    public void halted(Connection c, TopicPartition partition, ErrorCode code, String words, Duration ago)
            throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(HALTED))) {
            s.setString(1, groupId);
            s.setString(2, partition.topic());
            s.setInt(3, partition.partition());
            s.setDouble(4, ago.toMillis() / 1000.0);
            s.setString(5, code.code());
            s.setString(6, DatabaseText.of(c).hold(ErrorText.cut(words)));
            s.executeUpdate();
        }
    }

    /** When these partitions halted, by the server's clock, for comparison only; those that run are not in the result. */
    public Map<TopicPartition, String> haltedAt(Connection c, Collection<TopicPartition> partitions)
            throws SQLException {
        Map<TopicPartition, String> halted = new HashMap<>();
        try (PreparedStatement s = prepare(c, schema.sql(HALTED_AT))) {
            s.setArray(1, Schema.topics(c, partitions));
            s.setArray(2, Schema.numbers(c, partitions));
            s.setString(3, groupId);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    halted.put(
                            new TopicPartition(r.getString("topic"), r.getInt("partition")), r.getString("halted_at"));
                }
            }
        }
        return halted;
    }

    /** Limits lock waits in the rest of this transaction; beyond the limit it fails with 55P03. */
    public void limitWait(Connection c, Duration patience) throws SQLException {
        Schema.execute(c, "set local lock_timeout = " + patience.toMillis());
    }

    /** Records that partitions wait; returns under which epochs. Those whose claim is gone are not in the result. */
    public Map<TopicPartition, Long> waiting(Connection c, Collection<Wait> waits) throws SQLException {
        Map<TopicPartition, Long> epochs = new HashMap<>();
        if (waits.isEmpty()) {
            return epochs;
        }
        List<Wait> rows = List.copyOf(waits);
        DatabaseText text = DatabaseText.of(c);
        try (PreparedStatement s = prepare(c, schema.sql(WAITING))) {
            bindEpochs(s, c, rows);
            s.setArray(
                    4,
                    c.createArrayOf(
                            "float8",
                            rows.stream()
                                    .map(w -> w.waited().toMillis() / 1000.0)
                                    .toArray(Double[]::new)));
            s.setArray(5, Schema.texts(c, rows, w -> w.code().code()));
            s.setArray(6, Schema.texts(c, rows, w -> text.hold(ErrorText.cut(w.words()))));
            s.setString(7, groupId);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    epochs.put(
                            new TopicPartition(r.getString("topic"), r.getInt("partition")),
                            r.getLong("waiting_epoch"));
                }
            }
        }
        return epochs;
    }

    /** Clears the waits of these partitions. */
    public void endWaits(Connection c, Collection<Wait> waits) throws SQLException {
        if (!waits.isEmpty()) {
            try (PreparedStatement s = prepare(c, schema.sql(GOES_ON))) {
                bindEpochs(s, c, List.copyOf(waits));
                s.setString(4, groupId);
                s.executeUpdate();
            }
        }
    }

    private static void bindEpochs(PreparedStatement s, Connection c, List<Wait> waits) throws SQLException {
        s.setArray(1, Schema.texts(c, waits, w -> w.partition().topic()));
        s.setArray(2, Schema.ints(c, waits, w -> w.partition().partition()));
        s.setArray(
                3,
                c.createArrayOf(
                        "int8",
                        waits.stream()
                                .map(w -> w.ownerEpoch().isPresent()
                                        ? w.ownerEpoch().getAsLong()
                                        : null)
                                .toArray(Long[]::new)));
    }

    /** These partitions are no longer halted or waiting. */
    public void claimed(Connection c, Collection<TopicPartition> partitions) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(CLAIMED))) {
            s.setArray(1, Schema.topics(c, partitions));
            s.setArray(2, Schema.numbers(c, partitions));
            s.setString(3, groupId);
            s.executeUpdate();
        }
    }

    /** The records that processes began to try by themselves and have not finished. */
    public Map<TopicPartition, Long> openAttempts(Connection c, Collection<TopicPartition> partitions)
            throws SQLException {
        Map<TopicPartition, Long> open = new HashMap<>();
        try (PreparedStatement s = prepare(c, schema.sql(OPEN_ATTEMPTS))) {
            s.setArray(1, Schema.topics(c, partitions));
            s.setArray(2, Schema.numbers(c, partitions));
            s.setString(3, groupId);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    open.put(
                            new TopicPartition(r.getString("topic"), r.getInt("partition")),
                            r.getLong("suspect_offset"));
                }
            }
        }
        return open;
    }

    /** This process has survived the record: the attempt does not count any more. */
    public void survived(Connection c, TopicPartition partition, long offset) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(SURVIVED))) {
            s.setString(1, groupId);
            s.setString(2, partition.topic());
            s.setInt(3, partition.partition());
            s.setLong(4, offset);
            s.executeUpdate();
        }
    }

    /** Counts one more process that begins to try this record; returns how many there were, including this one. */
    public int countAttempt(Connection c, TopicPartition partition, long offset) throws SQLException {
        try (PreparedStatement s = prepare(c, schema.sql(ATTEMPT))) {
            s.setString(1, groupId);
            s.setString(2, partition.topic());
            s.setInt(3, partition.partition());
            s.setLong(4, offset);
            try (ResultSet r = s.executeQuery()) {
                return r.next() ? r.getInt(1) : 1;
            }
        }
    }
}

package dev.tidemark.bench.contender;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.TopicPartition;

/** The offset table that people write themselves: an upsert, a select, no fencing. */
final class OffsetTable {
    private static final String UPSERT = "insert into consumed (topic, partition, next_offset) values (?, ?, ?)"
            + " on conflict (topic, partition) do update set next_offset = excluded.next_offset";

    private final Connection connection;

    OffsetTable(Connection connection) throws SQLException {
        this.connection = connection;
        try (Statement s = connection.createStatement()) {
            s.execute("create table if not exists consumed (topic text, partition int, next_offset bigint not null,"
                    + " primary key (topic, partition)) with (fillfactor = 50)");
        }
        connection.commit();
    }

    void save(TopicPartition partition, long next) throws SQLException {
        save(Map.of(partition, next));
    }

    void save(Map<TopicPartition, Long> next) throws SQLException {
        try (PreparedStatement s = connection.prepareStatement(UPSERT)) {
            for (Map.Entry<TopicPartition, Long> row : next.entrySet()) {
                s.setString(1, row.getKey().topic());
                s.setInt(2, row.getKey().partition());
                s.setLong(3, row.getValue());
                s.addBatch();
            }
            s.executeBatch();
        }
    }

    /** Seeks to what is stored, as KafkaConsumer's documentation says under "Storing Offsets Outside Kafka". */
    ConsumerRebalanceListener seeking(Consumer<?, ?> consumer) {
        return new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                partitions.forEach(partition -> consumer.seek(partition, load(partition)));
            }

            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                // Each poll's records are committed before the next poll.
            }
        };
    }

    private long load(TopicPartition partition) {
        try (PreparedStatement s =
                connection.prepareStatement("select next_offset from consumed where topic = ? and partition = ?")) {
            s.setString(1, partition.topic());
            s.setInt(2, partition.partition());
            try (ResultSet r = s.executeQuery()) {
                return r.next() ? r.getLong(1) : 0;
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}

package dev.tidemark.bench.springkafka;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.jdbc.core.ConnectionCallback;
import org.springframework.jdbc.core.JdbcTemplate;

/** The table of all records that took effect. One statement for a whole poll; it grows by a row for each record. */
final class Inbox {
    private static final String TABLE = "create table inbox (topic text, kafka_partition int, kafka_offset bigint,"
            + " primary key (topic, kafka_partition, kafka_offset))";

    private static final String NOTE = "insert into inbox (topic, kafka_partition, kafka_offset)"
            + " select ?, r.kafka_partition, r.kafka_offset"
            + " from unnest(?::int[], ?::bigint[]) as r(kafka_partition, kafka_offset)"
            + " on conflict do nothing returning kafka_partition, kafka_offset";

    private record Position(int partition, long offset) {}

    private Inbox() {}

    static void create(JdbcTemplate jdbc) {
        jdbc.execute(TABLE);
    }

    /** Notes these records of one topic; returns those that were not there. */
    static <V> List<ConsumerRecord<byte[], V>> fresh(JdbcTemplate jdbc, List<ConsumerRecord<byte[], V>> records) {
        int[] partitions = records.stream().mapToInt(ConsumerRecord::partition).toArray();
        long[] offsets = records.stream().mapToLong(ConsumerRecord::offset).toArray();
        Set<Position> noted = jdbc.execute(
                (ConnectionCallback<Set<Position>>) c -> note(c, records.get(0).topic(), partitions, offsets));
        // As a rule all are new; then there is nothing to look up.
        return noted.size() == records.size()
                ? records
                : records.stream()
                        .filter(record -> noted.contains(new Position(record.partition(), record.offset())))
                        .toList();
    }

    private static Set<Position> note(Connection c, String topic, int[] partitions, long[] offsets)
            throws SQLException {
        try (PreparedStatement s = c.prepareStatement(NOTE)) {
            s.setString(1, topic);
            s.setObject(2, partitions);
            s.setObject(3, offsets);
            try (ResultSet r = s.executeQuery()) {
                Set<Position> noted = new HashSet<>();
                while (r.next()) {
                    noted.add(new Position(r.getInt(1), r.getLong(2)));
                }
                return noted;
            }
        }
    }
}

package dev.tidemark.testkit.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jdbi.v3.core.Handle;

/**
 * Every record as a row, for logs that are not plain flights from offset 0 on: the truth is then what a Kafka consumer without any
 * Tidemark reads. No unique constraint, so that a doubled record is seen.
 */
public final class CopiedLog {
    private CopiedLog() {}

    public static void createTable(TestDatabase database) {
        database.owner()
                .execute(
                        "create table copied (partition int not null, record_offset bigint not null, key text, value text,"
                                + " seq bigint generated always as identity)");
    }

    /** A handler that copies. */
    public static void copy(ConsumerRecord<String, String> record, Handle tx) {
        tx.execute(
                "insert into copied (partition, record_offset, key, value) values (?, ?, ?, ?)",
                record.partition(),
                record.offset(),
                record.key(),
                record.value());
    }

    /** What is there, per partition in the order of writing. */
    public static List<String> rows(TestDatabase database) {
        return database.query("select partition, record_offset, key, value from copied order by partition, seq");
    }

    /** All committed records of a topic, as the rows that they should have become. */
    public static List<String> read(KafkaClients kafka, String topic, int partitions) {
        Map<String, Object> config = new HashMap<>(kafka.connection());
        config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        config.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        config.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        List<TopicPartition> all = IntStream.range(0, partitions)
                .mapToObj(p -> new TopicPartition(topic, p))
                .toList();
        List<String> rows = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            for (TopicPartition partition : all) {
                consumer.assign(List.of(partition));
                consumer.seekToBeginning(List.of(partition));
                long end = consumer.endOffsets(List.of(partition)).get(partition);
                while (consumer.position(partition) < end) {
                    ConsumerRecords<String, String> records = consumer.poll(Duration.ofSeconds(1));
                    records.forEach(r -> rows.add(r.partition() + "|" + r.offset() + "|" + r.key() + "|" + r.value()));
                }
            }
        }
        return rows;
    }

    /** All of the log, exactly once, in order. */
    public static void assertComplete(TestDatabase database, KafkaClients kafka, String topic, int partitions) {
        assertThat(rows(database)).as("copied rows").isEqualTo(read(kafka, topic, partitions));
    }
}

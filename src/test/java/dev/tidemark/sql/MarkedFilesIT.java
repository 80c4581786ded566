package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.internal.admin.SqlFile;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SQL files as some editors write them, with a byte order mark in front. */
@Tag("exhaustive")
class MarkedFilesIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    @TempDir
    private Path directory;

    private Path marked(String sql) throws Exception {
        return Files.writeString(directory.resolve("marked.sql"), "\ufeff" + sql);
    }

    @Test
    void aJobRunsAsWithoutIt() throws Exception {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("marked"), 1);
        try (var producer = kafka.producer()) {
            Servers.produceTo(
                    producer, new TopicPartition(topic, 0), Flights.sample().subList(0, 10));
        }
        SqlJob job = SqlJob.read(
                marked(
                        "insert into applied (topic, partition, record_offset) select topic, partition, \"offset\" from records"));
        try (HikariDataSource pool = database.pool(2);
                TidemarkConsumer consumer = Tidemark.consumer(kafka.consumerConfig(topic, "consumer"))
                        .deserializers(ByteArrayDeserializer::new, ByteArrayDeserializer::new)
                        .database(pool)
                        .topics(topic)
                        .untilEnd()
                        .handleBatch(job)) {
            consumer.run();
        }
        assertThat(database.number("select count(*) from applied")).isEqualTo(10);
    }

    @Test
    void effectsRunAsWithoutIt() throws Exception {
        SqlFile effects =
                SqlFile.read(marked("insert into applied (topic, partition, record_offset) values ('t', 0, 1)"));
        try (Connection connection = database.connect()) {
            effects.run(connection);
        }
        assertThat(database.number("select count(*) from applied")).isEqualTo(1);
    }

    @Test
    void theEndOfTheTransactionIsStillSeen() throws Exception {
        Path file = marked("commit");
        assertThatThrownBy(() -> SqlFile.read(file)).hasMessageContaining("ends the transaction");
    }
}

package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The statements of docs/backup.md. What it promises of restores and replicas is tested in the package chaos. */
@Tag("exhaustive")
class BackupGuideIT {
    private static final DocPage PAGE = DocPage.of("docs/backup.md");

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.postgres().createStore();
    private final HikariDataSource pool = database.pool(3);

    @AfterEach
    void close() {
        pool.close();
    }

    @Test
    void howMuchKafkaStillHolds() {
        database.owner()
                .execute(
                        "insert into tidemark.topic_binding (group_id, topic, cluster_id, topic_id, partitions)"
                                + " values ('flights-etl', 'flights', 'c', 't', 2)",
                        "insert into tidemark.stored_offset (group_id, topic, partition, next_offset)"
                                + " values ('flights-etl', 'flights', 0, 500), ('flights-etl', 'flights', 1, 500)",
                        "insert into tidemark.log_end (group_id, topic, partition, log_start, log_end) values"
                                + " ('flights-etl', 'flights', 0, 100, 600), ('flights-etl', 'flights', 1, 470, 600)");
        assertThat(database.query(PAGE.below("What Kafka must keep", "sql").get(0)))
                .extracting(row -> row.substring(0, row.lastIndexOf('|')))
                .containsExactly("flights|1|30", "flights|0|400");
    }

    @Provokes(ErrorCode.OTHER_STORE)
    @Test
    void aCopyOfAnotherNameIsNotTakenForItsOriginal() {
        UUID original = UUID.fromString(
                database.query("select store_id from tidemark.store_info").get(0));
        run(original);
        database.owner().execute(PAGE.below("Which store is it?", "sql").get(0));
        assertThat(catchThrowable(() -> run(original)))
                .isInstanceOf(OffsetStoreException.class)
                .hasMessageContaining("TM-206")
                .hasMessageContaining(original.toString());
    }

    private void run(UUID expected) {
        try (TidemarkConsumer consumer = Tidemark.consumer(kafka.consumerConfig("backup", "consumer"))
                .topics(kafka.createTopic(Servers.unique("backup"), 1))
                .database(pool)
                .storeId(expected)
                .untilEnd()
                .handle((record, tx) -> {})) {
            consumer.run();
        }
    }
}

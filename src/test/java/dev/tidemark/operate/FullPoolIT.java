package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.ConsumerStatus;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** A pool without a free connection is not an unavailable database: that is told, and health shows who waits. */
@Tag("exhaustive")
class FullPoolIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("full-pool"), 2);
    private KafkaProducer<String, String> producer;

    @BeforeEach
    void start() {
        producer = kafka.producer();
    }

    @AfterEach
    void end() {
        producer.close();
    }

    private TidemarkConsumer consumer(DataSource pool) {
        return Tidemark.consumer(kafka.consumerConfig(topic, "consumer"))
                .deserializers(StringDeserializer::new, StringDeserializer::new)
                .database(pool)
                .topics(topic)
                .networkTimeout(Duration.ofSeconds(2))
                .handle(FlightEffects::foldOne);
    }

    private void produce() {
        for (int partition = 0; partition < 2; partition++) {
            Servers.produceTo(
                    producer,
                    new TopicPartition(topic, partition),
                    Flights.sample().subList(0, 50));
        }
    }

    private void untilTold(TidemarkConsumer consumer, int size) {
        Awaitility.await("the pool is named")
                .until(() -> consumer.status().partitions().stream()
                        .anyMatch(p -> p.lastError().toString().contains("all " + size + " connections of the pool")));
        Awaitility.await("who waits is told")
                .until(() -> consumer.health().problems().stream()
                        .anyMatch(problem -> problem.contains("waited for a connection")));
        assertThat(consumer.health().live()).isTrue();
    }

    /** Each keeps one for its claims. */
    @Test
    void twoConsumersThatShareItsConnections() {
        produce();
        try (HikariDataSource pool = database.pool(2);
                TidemarkConsumer first = consumer(pool)) {
            try (TidemarkConsumer second = consumer(pool)) {
                List.of(first, second).forEach(TidemarkConsumer::start);
                untilTold(first, 2);
                untilTold(second, 2);
            }
            Awaitility.await("the one that is left reads all")
                    .until(() -> ExactlyOnce.progress(database, topic) == 100);
            Awaitility.await("ready").until(() -> first.health().problems().isEmpty());
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    /** As an application does that ends its parts in the wrong order. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPoolThatIsClosedFirst(boolean wrapped) {
        produce();
        HikariDataSource pool = database.pool(3);
        try (TidemarkConsumer consumer = consumer(wrapped ? new DelegatingDataSource(pool) : pool)) {
            consumer.start();
            Awaitility.await("all read").until(() -> ExactlyOnce.progress(database, topic) == 100);
            pool.close();
            produce();
            Awaitility.await("it ends").until(() -> consumer.status().state() == ConsumerStatus.State.FAILED);
            assertThat(consumer.status().lastError().orElseThrow().toString())
                    .startsWith("TM-209: the connection pool is closed: close what uses it before the pool");
            assertThatThrownBy(() -> TidemarkAdmin.of(pool).groups())
                    .hasMessageStartingWith("TM-209")
                    .hasMessageContaining("the connection pool is closed");
        }
    }

    /** However long it takes, as the pool itself gives up after a few seconds. */
    private static Connection take(HikariDataSource pool) {
        return Awaitility.await("a connection")
                .pollInSameThread()
                .ignoreExceptionsInstanceOf(SQLException.class)
                .until(pool::getConnection, Objects::nonNull);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anApplicationThatKeepsThem(boolean wrapped) throws Exception {
        try (HikariDataSource pool = database.pool(3);
                TidemarkConsumer consumer = consumer(wrapped ? new DelegatingDataSource(pool) : pool)) {
            consumer.start();
            Awaitility.await("claimed").until(() -> consumer.health().ready());
            Awaitility.await("the workers have returned theirs")
                    .until(() -> pool.getHikariPoolMXBean().getActiveConnections() == 1);
            try (Connection one = take(pool);
                    Connection two = take(pool)) {
                assertThat(List.of(one, two)).doesNotContainNull();
                produce();
                untilTold(consumer, 3);
            }
            Awaitility.await("all read").until(() -> ExactlyOnce.progress(database, topic) == 100);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }
}

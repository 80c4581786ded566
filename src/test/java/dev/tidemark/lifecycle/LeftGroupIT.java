package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.TidemarkConsumer;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.FreezingProxy;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A consumer that left its group because the database was silent to it, and does not reach Kafka when the database replies. */
@Tag("chaos")
@Tag("exhaustive")
class LeftGroupIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    @ParameterizedTest
    @ValueSource(strings = {"consumer", "cooperative"})
    void isNotReadyBeforeItIsAMemberAgain(String protocol) throws Exception {
        try (KafkaServer kafka = KafkaServer.start(Servers.directory("left-group"));
                FreezingProxy proxy = new FreezingProxy(database.server().port())) {
            String topic = kafka.createTopic(Servers.unique("left-group"), 1);
            try (var producer = kafka.producer()) {
                Servers.produceTo(
                        producer, new TopicPartition(topic, 0), Flights.sample().subList(0, 50));
            }
            try (Running running = Running.start(
                    TestDatabase.pool(proxy.through(database.jdbcUrl()) + "&loginTimeout=2", 3),
                    kafka.consumerConfig(topic, protocol),
                    b -> b.topics(topic).networkTimeout(Duration.ofSeconds(1)).handle(FlightEffects::foldOne))) {
                TidemarkConsumer consumer = running.consumer();
                running.until("all read", () -> ExactlyOnce.progress(database, topic) == 50);
                running.until("a member", () -> consumer.health().ready());
                proxy.freezeAll();
                running.until(
                        "it has left", () -> consumer.status().partitions().isEmpty());
                kafka.freeze();
                try {
                    proxy.letNewOnesThrough();
                    running.until(
                            "the database replies", () -> consumer.health().live());
                    assertThat(consumer.health().ready())
                            .as(consumer.health().toString())
                            .isFalse();
                    assertThat(consumer.health().problems()).contains("not a member of the group yet");
                } finally {
                    kafka.thaw();
                }
                running.until("a member again", () -> consumer.health().ready());
            }
        }
    }
}

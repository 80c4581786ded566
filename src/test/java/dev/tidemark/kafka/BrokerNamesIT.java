package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.KafkaClients;
import dev.tidemark.Tidemark;
import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A broker's name that is not known yet is waited for, as a broker is; a name that cannot be one is refused. */
@Tag("exhaustive")
class BrokerNamesIT {
    private static final String BOOTSTRAP = "bootstrap.servers";
    private static final String NOBODY = "nobody.invalid:9092";

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("broker-names"), 1);

    /** Which clients do not find a name. */
    enum Blind {
        ADMIN,
        CONSUMER,
        BOTH
    }

    /** Until the names are known, clients get one that is not. */
    private static final class Names implements KafkaClients {
        private final Blind blind;
        private final CountDownLatch known = new CountDownLatch(1);

        Names(Blind blind) {
            this.blind = blind;
        }

        private Map<String, Object> seen(Map<String, Object> settings, Blind by) {
            Map<String, Object> changed = new HashMap<>(settings);
            if (known.getCount() > 0 && (blind == by || blind == Blind.BOTH)) {
                changed.put(BOOTSTRAP, NOBODY);
            }
            return changed;
        }

        @Override
        public Consumer<byte[], byte[]> consumer(Map<String, Object> settings) {
            return KafkaClients.super.consumer(seen(settings, Blind.CONSUMER));
        }

        @Override
        public Admin admin(Map<String, Object> settings) {
            return KafkaClients.super.admin(seen(settings, Blind.ADMIN));
        }
    }

    @ParameterizedTest
    @EnumSource(Blind.class)
    void aConsumerBeginsOnceTheyAreKnown(Blind blind) {
        Names names = new Names(blind);
        try (var producer = kafka.producer()) {
            Servers.produceTo(
                    producer, new TopicPartition(topic, 0), Flights.sample().subList(0, 50));
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                b -> b.topics(topic).kafkaClients(names).untilEnd().handle(FlightEffects::foldOne))) {
            // A database that is late may be the reason before.
            running.until("the reason is told", () -> {
                String reason = running.consumer().status().lastError().toString();
                return reason.contains("TM-310") && reason.contains(BOOTSTRAP);
            });
            assertThat(running.consumer().health().live()).isTrue();
            assertThat(running.consumer().health().ready()).isFalse();
            names.known.countDown();
            running.end();
        }
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(50);
    }

    @Test
    void aConsumerThatWaitsForThemStops() {
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                b -> b.topics(topic).kafkaClients(new Names(Blind.BOTH)).handle(FlightEffects::foldOne))) {
            running.until(
                    "the reason is told",
                    () -> running.consumer().status().lastError().isPresent());
            running.consumer().close();
            running.end();
        }
    }

    @ParameterizedTest
    @CsvSource({NOBODY + ", KAFKA_UNAVAILABLE", "localhost, INVALID_SETTING", "'host:port', INVALID_SETTING"})
    void callsSayWhich(String servers, ErrorCode code) {
        Map<String, Object> config = new HashMap<>(kafka.consumerConfig(topic, "consumer"));
        config.put(BOOTSTRAP, servers);
        try (var pool = database.as(DatabaseRole.OPERATOR).pool(2)) {
            database.execute("select tidemark.bind_topic('" + topic + "', '" + topic
                    + "', 'cluster', 'id', array[0]::bigint[])");
            TidemarkAdmin admin = TidemarkAdmin.builder(pool).kafka(config).build();
            List<TidemarkException> thrown = List.of(
                    catchThrowableOfType(
                            TidemarkException.class,
                            () -> admin.planReset(topic, OffsetTarget.earliest(), PartitionSelection.all())),
                    catchThrowableOfType(
                            TidemarkException.class,
                            () -> Tidemark.claimingConsumer(config)
                                    .topics(topic)
                                    .database(pool)
                                    .open()));
            assertThat(thrown).allSatisfy(e -> assertThat(e.code()).isEqualTo(code));
            assertThat(thrown).allSatisfy(e -> assertThat(e).hasMessageContaining(BOOTSTRAP));
        }
    }
}

package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.Health;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A member with an instance id may be followed by another of the same id at any time, however it ended. */
class StaticMemberIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("static"), 1);
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    @AfterEach
    void close() {
        producer.close();
    }

    private Map<String, Object> config(String protocol) {
        Map<String, Object> config = new HashMap<>(kafka.consumerConfig(topic, protocol));
        config.put("group.instance.id", "one");
        return config;
    }

    private Running start(String protocol, boolean bounded) {
        return Running.start(database, config(protocol), builder -> {
            var reads = builder.topics(topic);
            return (bounded ? reads.untilEnd() : reads).handleBatch(FlightEffects::foldBatch);
        });
    }

    private long progress() {
        return ExactlyOnce.progress(database, topic);
    }

    /** Under the consumer protocol, the broker refuses the follower until the session of the one that was killed times out. */
    @Tag("exhaustive")
    @ParameterizedTest
    @CsvSource({"consumer, false", "consumer, true", "cooperative, false", "eager, false"})
    void oneThatWasKilledIsFollowed(String protocol, boolean bounded) {
        Servers.produce(producer, topic, flights);
        try (ConsumerFleet fleet = new ConsumerFleet(config(protocol), database, topic, Map.of())) {
            ChildJvm victim = fleet.start();
            Awaitility.await("all read").until(() -> progress() == 100);
            victim.kill();
            Servers.produce(producer, topic, flights);
            try (Running running = start(protocol, bounded)) {
                if (bounded) {
                    running.end();
                }
                running.until("all read", () -> progress() == 200);
                if (!bounded) {
                    running.until(
                            "nothing is wrong",
                            () -> running.consumer().health().equals(new Health(true, true, List.of())));
                }
            }
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void oneThatLivesIsToldAndWaitedFor() {
        Servers.produceTo(producer, new TopicPartition(topic, 0), flights);
        try (Running first = start("consumer", false)) {
            first.until("all read", () -> progress() == 100);
            try (Running gone = start("consumer", false)) {
                untilHindered(gone);
            }
            try (Running second = start("consumer", false)) {
                untilHindered(second);
                first.until("ready", () -> first.consumer().health().ready());
                first.consumer().close();
                Servers.produce(producer, topic, flights);
                second.until("the second goes on", () -> progress() == 200);
            }
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    private static void untilHindered(Running running) {
        running.until(
                "the reason is told",
                () -> running.consumer().status().lastError().isPresent());
        assertThat(running.consumer().status().lastError().toString())
                .contains("TM-308", "group.instance.id", "timed out");
        assertThat(running.consumer().status().state()).isEqualTo(ConsumerStatus.State.RUNNING);
        assertThat(running.consumer().health().live()).isTrue();
        assertThat(running.consumer().health().ready()).isFalse();
    }
}

package dev.tidemark.chaos;

import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Airport;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Load;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Both servers crash under load, one after the other, and no operator helps the consumers. */
@Order(1) // takes longest
@Tag("chaos")
@Tag("exhaustive")
class RestartIT {
    private static final int TIMES = 4;

    @Test
    void crashesOfDatabaseAndBrokerLeaveTheDataExact() {
        try (EmbeddedPostgresServer postgres = EmbeddedPostgresServer.start();
                KafkaServer kafka = KafkaServer.start(Servers.directory("restart-kafka"))) {
            TestDatabase database = Servers.flightDatabase(postgres);
            String topic = kafka.createTopic("restart", 4);
            List<Flight> flights = Flights.sample();
            long total = (long) flights.size() * TIMES;
            Map<String, Airport> truth = Flights.truth(flights, TIMES);
            try (var producer = kafka.producer();
                    ConsumerFleet fleet = new ConsumerFleet(
                            kafka.consumerConfig(topic, "cooperative"), database, topic, Map.of("records", "200"))) {
                fleet.start(2);
                Load load = Load.start(producer, topic, flights, TIMES, 4_000, true);
                reach(database, topic, total / 8);
                postgres.restartImmediately();
                reach(database, topic, total * 2 / 8);
                kafka.kill();
                kafka.boot();
                reach(database, topic, total * 4 / 8);
                postgres.restartImmediately();
                kafka.kill();
                kafka.boot();
                load.join();
                reach(database, topic, total);
            }
            ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 4), truth);
        }
    }

    private static void reach(TestDatabase database, String topic, long count) {
        Awaitility.await("progress to " + count).until(() -> ExactlyOnce.progress(database, topic) >= count);
    }
}

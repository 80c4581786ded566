package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Three processes fold record by record over rows that all of them share: deadlocks by construction. */
@Tag("chaos")
class DeadlockIT {
    @Test
    void deadlocksCostTimeAndNothingElse() {
        KafkaServer kafka = Servers.kafka();
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        String topic = kafka.createTopic(Servers.unique("deadlock"), 6);
        List<Flight> flights = Flights.sample();
        try (var producer = kafka.producer(
                        Map.of("partitioner.class", "org.apache.kafka.clients.producer.RoundRobinPartitioner"));
                ConsumerFleet fleet = new ConsumerFleet(
                        kafka.consumerConfig(topic, "cooperative"), database, topic, Map.of("handler", "record"))) {
            Servers.produceUnkeyed(producer, topic, flights);
            long begin = System.nanoTime();
            fleet.start(3);
            Awaitility.await("all flights").until(() -> ExactlyOnce.progress(database, topic) == flights.size());
            long deadlocks =
                    database.number("select deadlocks from pg_stat_database where datname = '" + database.name() + "'");
            double seconds = (System.nanoTime() - begin) / 1e9;
            System.out.printf(
                    "%d deadlocks, %d records in %.1f s: %.0f records/s%n",
                    deadlocks, flights.size(), seconds, flights.size() / seconds);
            assertThat(deadlocks).as("deadlocks that the server counted").isPositive();
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 6), Flights.truth(flights));
    }
}

package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Airport;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Load;
import dev.tidemark.testkit.Seeds;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Three processes, 200,000 flights, and a kill -9 every ten thousand: every airport's count and sum stay exact. */
@Order(1) // takes longest
@Tag("chaos")
@Tag("exhaustive")
class KillIT {
    private static final int TIMES = 10;
    private static final int KILLS = 20;
    private static final int PARTITIONS = 6;

    @ParameterizedTest
    @ValueSource(strings = {"eager", "cooperative", "consumer"})
    void twentyKillsLeaveTheDataExact(String protocol) {
        Random random = Seeds.random("twentyKillsLeaveTheDataExact[" + protocol + "]");
        KafkaServer kafka = Servers.kafka();
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        String topic = kafka.createTopic(Servers.unique("kill-" + protocol), PARTITIONS);
        List<Flight> flights = Flights.sample();
        long total = (long) flights.size() * TIMES;
        Map<String, Airport> truth = Flights.truth(flights, TIMES);
        // Small units, so that most kills land inside one.
        try (var producer = kafka.producer();
                ConsumerFleet fleet = new ConsumerFleet(
                        kafka.consumerConfig(topic, protocol), database, topic, Map.of("records", "200"))) {
            fleet.start(3);
            Load load = Load.start(producer, topic, flights, TIMES, 8_000, true);
            for (int kill = 1; kill <= KILLS; kill++) {
                // Spread over the run, and at least a little progress between two of them.
                long after = Math.max(
                        total * kill / (KILLS + 2), ExactlyOnce.progress(database, topic) + 1 + random.nextInt(500));
                Awaitility.await("progress to " + after + " before kill " + kill)
                        .pollInterval(Duration.ofMillis(20 + random.nextInt(50)))
                        .until(() -> ExactlyOnce.progress(database, topic) >= Math.min(after, total));
                fleet.replaceOne(random);
            }
            load.join();
            Awaitility.await("all " + total)
                    .conditionEvaluationListener(c -> {})
                    .until(() -> ExactlyOnce.progress(database, topic) == total);
            // A process killed just now may still be named; the survivors may not.
            List<Long> survivors = fleet.pids();
            assertThat(fleet.terminate()).as("orderly end of the survivors").isTrue();
            assertThat(database.query("select distinct split_part(owner_name, '/', 2)::bigint"
                            + " from tidemark.stored_offset where owner_token is not null"))
                    .as("owners of claims that were not given back")
                    .doesNotContainAnyElementsOf(
                            survivors.stream().map(String::valueOf).toList());
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, PARTITIONS), truth);
    }
}

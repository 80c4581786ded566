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
import java.util.Set;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Three processes fold record by record over rows that all of them share: deadlocks by construction. */
@Tag("chaos")
@Tag("exhaustive")
class DeadlockIT {
    private static final int AIRPORTS = 12;

    @Test
    void deadlocksCostTimeAndNothingElse() {
        KafkaServer kafka = Servers.kafka();
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        String topic = kafka.createTopic(Servers.unique("deadlock"), 6);
        List<Flight> flights = busiest(Flights.sample());
        int rounds;
        try (var producer = kafka.producer(
                        Map.of("partitioner.class", "org.apache.kafka.clients.producer.RoundRobinPartitioner"));
                ConsumerFleet fleet = new ConsumerFleet(
                        kafka.consumerConfig(topic, "cooperative"), database, topic, Map.of("handler", "record"))) {
            fleet.start(3);
            Awaitility.await("each has some partitions")
                    .until(() -> database.number(
                                    "select count(distinct owner_name) from tidemark.stored_offset where group_id = '"
                                            + topic + "'")
                            == 3);
            // It is chance whether two transactions meet, so there is work until some have.
            for (rounds = 0; rounds == 0 || deadlocks(database) == 0; rounds++) {
                Servers.produceUnkeyed(producer, topic, flights);
                int all = (rounds + 1) * flights.size();
                Awaitility.await("all flights").until(() -> ExactlyOnce.progress(database, topic) == all);
                assertThat(rounds).as("rounds without a deadlock").isLessThan(20);
            }
            System.out.printf("%d deadlocks, %d records%n", deadlocks(database), rounds * flights.size());
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 6), Flights.truth(flights, rounds));
    }

    private static long deadlocks(TestDatabase database) {
        return database.number("select deadlocks from pg_stat_database where datname = '" + database.name() + "'");
    }

    /** Those from few airports: where a transaction updates some of many, it is chance whether two of them meet. */
    private static List<Flight> busiest(List<Flight> flights) {
        Map<String, Long> departures =
                flights.stream().collect(Collectors.groupingBy(Flight::origin, Collectors.counting()));
        Set<String> busiest = departures.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(AIRPORTS)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        return flights.stream()
                .filter(flight -> busiest.contains(flight.origin()))
                .toList();
    }
}

package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Airport;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * All three million flights through two processes with small heaps, measured. By hand: {@code mvn verify -Dit.test=FullSizeIT
 * -Dtidemark.flights=<flights-3m.ndjson.gz>}.
 */
@EnabledIfSystemProperty(named = "tidemark.flights", matches = ".+")
@Tag("chaos")
@Tag("exhaustive")
class FullSizeIT {
    private static final int PARTITIONS = 8;

    @Test
    void threeMillionFlightsAreExact() throws IOException {
        KafkaServer kafka = Servers.kafka();
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        String topic = kafka.createTopic("full-size", PARTITIONS);
        Map<String, Airport> truth = produce(kafka, topic);
        long total = truth.values().stream().mapToLong(Airport::departures).sum();

        try (ConsumerFleet fleet =
                new ConsumerFleet(kafka.consumerConfig(topic, "consumer"), database, topic, Map.of("heap", "256m"))) {
            List<ChildJvm> processes = List.of(fleet.start(), fleet.start());
            Awaitility.await("the first records")
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> ExactlyOnce.progress(database, topic) > 0);
            long begin = System.nanoTime();
            long before = ExactlyOnce.progress(database, topic);
            Awaitility.await("all flights")
                    .atMost(Duration.ofMinutes(10))
                    .pollInterval(Duration.ofMillis(100))
                    .until(() -> ExactlyOnce.progress(database, topic) == total);
            double seconds = (System.nanoTime() - begin) / 1e9;
            System.out.printf(
                    "%d records in %.1f s: %.0f records/s%n", total - before, seconds, (total - before) / seconds);
            for (ChildJvm process : processes) {
                System.out.println("consumer with -Xmx256m: " + peakMemory(process));
            }
        }
        System.out.println("stored_offset: updates, heap-only share, bytes: "
                + database.query("select n_tup_upd, round(100.0 * n_tup_hot_upd / n_tup_upd, 2) || ' %',"
                        + " pg_relation_size(relid) from pg_stat_user_tables where relname = 'stored_offset'"));
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, PARTITIONS), truth);
        assertThat(database.number("select count(*) from applied")).isEqualTo(total);
    }

    private static Map<String, Airport> produce(KafkaServer kafka, String topic) throws IOException {
        Path file = Path.of(System.getProperty("tidemark.flights"));
        Map<String, Airport> truth = new TreeMap<>();
        List<Flight> chunk = new ArrayList<>();
        try (KafkaProducer<String, String> producer = kafka.producer();
                BufferedReader lines = new BufferedReader(new InputStreamReader(
                        new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Flight flight = Flights.parse(line);
                truth.merge(flight.origin(), new Airport(1, flight.delay()), (a, b) -> a.plus(flight));
                chunk.add(flight);
                if (chunk.size() == 50_000) {
                    Servers.produce(producer, topic, chunk);
                    chunk.clear();
                }
            }
            Servers.produce(producer, topic, chunk);
        }
        return truth;
    }

    private static String peakMemory(ChildJvm process) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .findFirst()
                .orElse("unknown");
    }
}

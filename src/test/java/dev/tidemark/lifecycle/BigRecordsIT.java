package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Records of 1 MB come faster than the handler takes them: what waits is bounded, and a small heap is enough. */
@Tag("exhaustive")
class BigRecordsIT {
    private static final int PARTITIONS = 8;
    private static final int EACH = 40;

    /** For 64 MiB of buffered records, a unit of 8 MiB as bytes and as strings, and 1 MiB a partition that Kafka's client fetches ahead. */
    private static final String HEAP = System.getProperty("tidemark.test.heap", "160m");

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final List<Flight> flights = Flights.sample().subList(0, EACH);

    @Test
    void aSlowHandlerOfBigRecordsNeedsNoBigHeap() throws IOException {
        String topic = kafka.createTopic(Servers.unique("big"), PARTITIONS, Map.of("max.message.bytes", "2000000"));
        produce(topic);
        try (ConsumerFleet fleet = new ConsumerFleet(
                kafka.consumerConfig(topic, "cooperative"), database, topic, Map.of("handler", "wait", "heap", HEAP))) {
            ChildJvm consumer = fleet.start();
            int[] answered = {0};
            // Each unit waits until it is looked at; the fetches do not, so the buffers are full all the time.
            Awaitility.await("all records").pollInterval(Duration.ofMillis(100)).until(() -> {
                assertThat(consumer.isAlive()).as(fleet.outputs()).isTrue();
                if (opened(consumer) > answered[0]) {
                    answered[0]++;
                    consumer.send("");
                }
                return ExactlyOnce.progress(database, topic) == PARTITIONS * EACH;
            });
            assertThat(answered[0]).as("units").isGreaterThan(PARTITIONS * EACH / 10);
            assertThat(consumer.output()).doesNotContain("OutOfMemoryError").doesNotContain("ERROR");
            System.out.println("320 MB read by a JVM with -Xmx" + HEAP + ": " + peakMemory(consumer) + ", "
                    + answered[0] + " units");
            assertThat(fleet.terminate()).isTrue();
        }
        ExactlyOnce.assertComplete(
                database, topic, kafka.logEnds(topic, PARTITIONS), Flights.truth(flights, PARTITIONS));
        var unused = kafka.admin().deleteTopics(List.of(topic));
    }

    private void produce(String topic) {
        String padding = "x".repeat(1_000_000);
        try (var producer = kafka.producer(Map.of(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, 2_000_000))) {
            for (Flight flight : flights) {
                String big = flight.json().replace("\"note\":\"", "\"note\":\"" + padding);
                for (int partition = 0; partition < PARTITIONS; partition++) {
                    var unused = producer.send(new ProducerRecord<>(topic, partition, flight.key(), big));
                }
            }
        }
        assertThat(kafka.logEnds(topic, PARTITIONS).values()).containsOnly((long) EACH);
    }

    private static int opened(ChildJvm consumer) {
        return consumer.output().split("UNIT OPEN", -1).length - 1;
    }

    private static String peakMemory(ChildJvm process) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .findFirst()
                .orElse("unknown");
    }
}

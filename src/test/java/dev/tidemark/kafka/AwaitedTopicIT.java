package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.StartPosition;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaClients;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A group that begins at the end of the logs waits for a named topic. When it comes, its records have timestamps of their own, as
 * those of events and of copies from other clusters do.
 */
@Tag("exhaustive")
class AwaitedTopicIT {
    private static final String CERTAIN = "reason like 'the topic does not exist in cluster %'";

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = Servers.unique("awaited");
    private final List<TopicPartition> partitions = List.of(new TopicPartition(topic, 0), new TopicPartition(topic, 1));
    private final List<Flight> flights = Flights.sample().subList(0, 50);

    private Running start(UnaryOperator<TidemarkBuilder<String, String>> reads) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> reads.apply(builder).handleBatch(FlightEffects::foldBatch));
    }

    /** Half of them a year old, the others of now. */
    private void produce() throws Exception {
        long old = Instant.now().minus(Duration.ofDays(365)).toEpochMilli();
        List<Future<?>> sent = new ArrayList<>();
        try (var producer = kafka.producer()) {
            for (TopicPartition partition : partitions) {
                for (int i = 0; i < flights.size(); i++) {
                    Flight flight = flights.get(i);
                    sent.add(producer.send(new ProducerRecord<>(
                            topic, partition.partition(), i % 2 == 0 ? old : null, flight.key(), flight.json())));
                }
            }
        }
        for (Future<?> one : sent) {
            one.get();
        }
    }

    private long certain() {
        return database.number("select count(*) from tidemark.audit_log where action = 'bind' and group_id = '" + topic
                + "' and topic = '" + topic + "' and " + CERTAIN);
    }

    private boolean isRead() {
        return partitions.stream()
                .allMatch(partition -> ExactlyOnce.stored(database, topic, partition) == flights.size());
    }

    @ParameterizedTest
    @CsvSource({
        "latest, false, true, false",
        "latest, false, false, false",
        "latest, true, true, false",
        "ago, false, true, false",
        "committed or latest, false, true, false",
        "latest, false, true, true"
    })
    void aTopicThatCertainlyDidNotExistIsReadFromItsFirstRecord(
            String place, boolean byHand, boolean whileDown, boolean existedBefore) throws Exception {
        StartPosition start = switch (place) {
            case "latest" -> StartPosition.latest();
            case "ago" -> StartPosition.ago(Duration.ofMinutes(1));
            default -> StartPosition.committedOrElse(StartPosition.latest());
        };
        UnaryOperator<TidemarkBuilder<String, String>> reads = builder -> (byHand
                        ? builder.partitions(partitions.toArray(TopicPartition[]::new))
                        : builder.topics(topic))
                .startAt(start);
        if (existedBefore) {
            kafka.createTopic(topic, 2);
            produce();
            KafkaClients.get(kafka.admin().deleteTopics(List.of(topic)).all());
        }
        try (Running running = start(reads)) {
            running.until("Kafka has said so for long enough", () -> certain() == 1);
            if (!whileDown) {
                kafka.createTopic(topic, 2);
                produce();
                running.until("read", this::isRead);
            }
        }
        if (whileDown) {
            kafka.createTopic(topic, 2);
            produce();
            try (Running running = start(reads)) {
                running.until("read", this::isRead);
            }
        }
        for (TopicPartition partition : partitions) {
            ExactlyOnce.assertApplied(database, partition, LongStream.range(0, flights.size()));
        }
        assertThat(certain()).isEqualTo(1);
    }

    /** A topic of that name in another cluster may be as old as it likes. */
    @Test
    void whatAnotherClusterSaidDoesNotCount() throws Exception {
        UnaryOperator<TidemarkBuilder<String, String>> reads =
                builder -> builder.topics(topic).startAt(StartPosition.latest());
        try (Running running = start(reads)) {
            running.until("Kafka has said so for long enough", () -> certain() == 1);
        }
        database.owner()
                .execute("update tidemark.audit_log set reason = 'the topic does not exist in cluster other' where "
                        + CERTAIN);
        kafka.createTopic(topic, 2);
        produce();
        try (Running running = start(reads)) {
            running.until("read", this::isRead);
        }
        for (TopicPartition partition : partitions) {
            // The first record that is younger than the wait.
            ExactlyOnce.assertApplied(database, partition, LongStream.range(1, flights.size()));
        }
    }
}

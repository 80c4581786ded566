package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.TidemarkBuilder;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stored offsets are shown to Kafka's tools, and Kafka's are never believed. */
class MirrorIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String topic = kafka.createTopic(Servers.unique("mirror"), 2);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    @AfterEach
    void close() {
        producer.close();
    }

    private Running start(String protocol, UnaryOperator<TidemarkBuilder<String, String>> reads) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, protocol),
                builder -> reads.apply(builder).handleBatch(FlightEffects::foldBatch));
    }

    /** What {@code kafka-consumer-groups --describe} shows. */
    private Map<Integer, Long> shown() {
        Map<Integer, Long> shown = new TreeMap<>();
        KafkaServer.get(kafka.admin().listConsumerGroupOffsets(topic).partitionsToOffsetAndMetadata())
                .forEach((partition, offset) -> shown.put(partition.partition(), offset.offset()));
        return shown;
    }

    private void produce() {
        Servers.produceTo(producer, zero, flights);
        Servers.produceTo(producer, one, flights);
    }

    private boolean hasRead(long both) {
        return ExactlyOnce.stored(database, topic, zero) == both && ExactlyOnce.stored(database, topic, one) == both;
    }

    @ParameterizedTest
    @ValueSource(strings = {"cooperative", "consumer", "by hand"})
    void theNumbersComeToTheStoredOffsetsAndAreNeverReadBack(String protocol) {
        UnaryOperator<TidemarkBuilder<String, String>> reads = protocol.equals("by hand")
                ? builder -> builder.partitions(zero, one).mirrorToKafka()
                : builder -> builder.topics(topic).mirrorToKafka();
        String groupProtocol = protocol.equals("by hand") ? "consumer" : protocol;
        produce();
        try (Running running = start(groupProtocol, reads)) {
            running.until("shown while it runs", () -> shown().equals(Map.of(0, 100L, 1, 100L)));
            produce();
            running.until("read on", () -> hasRead(200));
        }
        assertThat(shown()).as("shown after the end").isEqualTo(Map.of(0, 200L, 1, 200L));

        KafkaServer.get(kafka.admin()
                .alterConsumerGroupOffsets(
                        topic, Map.of(zero, new OffsetAndMetadata(7), one, new OffsetAndMetadata(1_000_000)))
                .all());
        produce();
        try (Running running = start(groupProtocol, reads)) {
            running.until("goes on where the database says", () -> hasRead(300));
        }
        assertThat(shown()).as("mended").isEqualTo(Map.of(0, 300L, 1, 300L));
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 2), Flights.truth(flights, 6));
    }

    @Test
    void withoutItNothingIsShown() {
        produce();
        try (Running running = start("consumer", builder -> builder.topics(topic))) {
            running.until("all read", () -> hasRead(100));
        }
        assertThat(shown()).isEmpty();
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }
}

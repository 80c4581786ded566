package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.TidemarkBuilder;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Stored offsets are shown to Kafka's tools, and Kafka's are never believed. */
@Tag("exhaustive")
class MirrorIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String topic = kafka.createTopic(Servers.unique("mirror"), 2);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);
    private final List<Flight> sent = new CopyOnWriteArrayList<>();

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

    private void produce(List<Flight> some) {
        Servers.produceTo(producer, zero, some);
        Servers.produceTo(producer, one, some);
        sent.addAll(some);
    }

    /** How many records each partition has. */
    private long each() {
        return sent.size();
    }

    private boolean isAllShown() {
        return shown().equals(Map.of(0, each(), 1, each()));
    }

    /** How often Kafka did not accept a position, which is not sent again then. */
    private static int refused(LogCapture log) {
        return log.by("dev.tidemark.internal.run.Mirror").size();
    }

    /** Waits until all is shown, with another record behind each position that Kafka did not accept. */
    private void untilShown(Running running, LogCapture log) {
        AtomicInteger known = new AtomicInteger();
        running.until("shown while it runs", () -> {
            int now = refused(log);
            if (now > known.getAndSet(now)) {
                produce(flights.subList(0, 1));
            }
            return isAllShown();
        });
    }

    private boolean hasReadAll() {
        return ExactlyOnce.stored(database, topic, zero) == each()
                && ExactlyOnce.stored(database, topic, one) == each();
    }

    @ParameterizedTest
    @ValueSource(strings = {"cooperative", "consumer", "by hand"})
    void theNumbersComeToTheStoredOffsetsAndAreNeverReadBack(String protocol) {
        UnaryOperator<TidemarkBuilder<String, String>> reads = protocol.equals("by hand")
                ? builder -> builder.partitions(zero, one).mirrorToKafka()
                : builder -> builder.topics(topic).mirrorToKafka();
        String groupProtocol = protocol.equals("by hand") ? "consumer" : protocol;
        produce(flights);
        try (LogCapture log = LogCapture.of(topic)) {
            int before;
            try (Running running = start(groupProtocol, reads)) {
                untilShown(running, log);
                before = refused(log);
                produce(flights);
                running.until("read on", this::hasReadAll);
            }
            Awaitility.await("shown after the end, or not accepted").until(() -> isAllShown() || refused(log) > before);
            assertThat(shown().values()).as("never more than what is stored").allMatch(offset -> offset <= each());
        }

        KafkaServer.get(kafka.admin()
                .alterConsumerGroupOffsets(
                        topic, Map.of(zero, new OffsetAndMetadata(7), one, new OffsetAndMetadata(1_000_000)))
                .all());
        produce(flights);
        try (LogCapture log = LogCapture.of(topic);
                Running running = start(groupProtocol, reads)) {
            running.until("goes on where the database says", this::hasReadAll);
            untilShown(running, log);
        }
        assertThat(isAllShown()).as("mended").isTrue();
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 2), Flights.truth(sent, 2));
    }

    @Test
    void withoutItNothingIsShown() {
        produce(flights);
        try (Running running = start("consumer", builder -> builder.topics(topic))) {
            running.until("all read", this::hasReadAll);
        }
        assertThat(shown()).isEmpty();
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }
}

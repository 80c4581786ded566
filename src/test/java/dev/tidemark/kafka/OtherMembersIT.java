package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.ProvokedCodes;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A rolling move: some members of the group are still plain consumers, and what they read does not reach the database. */
@Order(1) // its tests take longest
@Tag("exhaustive")
class OtherMembersIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("rolling"), 2);

    @BeforeEach
    void produce() {
        try (var producer = kafka.producer()) {
            for (int partition = 0; partition < 2; partition++) {
                Servers.produceTo(
                        producer,
                        new TopicPartition(topic, partition),
                        Flights.sample().subList(0, 100));
            }
        }
    }

    /** A consumer of the group that knows nothing of the store. */
    private final class Plain implements AutoCloseable {
        private final AtomicBoolean stop = new AtomicBoolean();
        private final CompletableFuture<Void> polls;
        private volatile int assigned;

        Plain(String protocol) {
            Map<String, Object> config = kafka.consumerConfig(topic, protocol);
            config.put("client.id", "plain-" + topic);
            config.put("enable.auto.commit", "false");
            config.put("auto.offset.reset", "earliest");
            polls = CompletableFuture.runAsync(
                    () -> {
                        try (var consumer =
                                new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                            consumer.subscribe(List.of(topic));
                            while (!stop.get()) {
                                consumer.poll(Duration.ofMillis(200));
                                assigned = consumer.assignment().size();
                            }
                        }
                    },
                    Threads.named("plain"));
        }

        void awaitAssigned(int partitions) {
            Awaitility.await("the plain consumer has " + partitions).until(() -> assigned == partitions);
        }

        @Override
        public void close() {
            stop.set(true);
            polls.join();
        }
    }

    private Running start(String protocol, UnaryOperator<TidemarkBuilder<String, String>> special) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, protocol),
                builder -> special.apply(builder.topics(topic)).handleBatch(FlightEffects::foldBatch));
    }

    private static List<ILoggingEvent> warnings(LogCapture log) {
        return log.news().stream()
                .filter(e -> e.getLevel() == Level.WARN)
                .filter(e -> e.getFormattedMessage().contains("held by others"))
                .toList();
    }

    /**
     * One when the first is seen and one when the last is gone, not one a look. They may come in turn more than once: a busy machine
     * may be too late for the others' heartbeats.
     */
    private static void assertOneLineAChange(LogCapture log) {
        List<Level> levels = log.news().stream()
                .filter(e -> e.getFormattedMessage().contains("held by others"))
                .map(ILoggingEvent::getLevel)
                .toList();
        assertThat(levels).isNotEmpty();
        for (int i = 0; i < levels.size(); i++) {
            assertThat(levels.get(i)).as("line %d of %s", i, levels).isEqualTo(i % 2 == 0 ? Level.WARN : Level.INFO);
        }
    }

    @Provokes(ErrorCode.FOREIGN_MEMBERS)
    @ParameterizedTest
    @ValueSource(strings = {"eager", "cooperative", "consumer"})
    void aBoundedRunSaysWhatItWaitsForAndGoesOn(String protocol) {
        try (LogCapture log = LogCapture.of(topic)) {
            Running running;
            try (Plain plain = new Plain(protocol)) {
                plain.awaitAssigned(2);
                running = start(protocol, TidemarkBuilder::untilEnd);
                running.until("its half is read", () -> ExactlyOnce.progress(database, topic) >= 100);
                running.until(
                        "it names what it waits for",
                        () -> running.consumer().health().problems().stream()
                                .anyMatch(p -> p.contains("plain-" + topic)
                                        && p.contains(topic + "-")
                                        && p.contains("waits for")));
                running.until(
                        "the status does",
                        () -> running.consumer()
                                .status()
                                .lastError()
                                .map(Problem::toString)
                                .orElse("")
                                .contains("plain-" + topic));
                running.until("ready", () -> running.consumer().health().ready());
                ProvokedCodes.note(String.valueOf(running.consumer().status().lastError()));
            }
            try (running) {
                running.end();
            }
            assertOneLineAChange(log);
        }
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(200);
    }

    @Test
    void anUnboundedRunNamesThemAndForgetsThemAgain() {
        try (LogCapture log = LogCapture.of(topic);
                Running running = start("cooperative", b -> b)) {
            running.until("all is read", () -> ExactlyOnce.progress(database, topic) == 200);
            try (Plain plain = new Plain("cooperative")) {
                plain.awaitAssigned(1);
                running.until(
                        "it names them",
                        () -> running.consumer()
                                .status()
                                .lastError()
                                .filter(error -> error.message().contains("plain-" + topic))
                                .isPresent());
            }
            running.until(
                    "they are gone",
                    () -> running.consumer().health().problems().isEmpty());
            running.until(
                    "it says so",
                    () -> log.news().stream()
                            .anyMatch(e -> e.getFormattedMessage().contains("held by others any more")));
            assertOneLineAChange(log);
        }
    }

    /** Two of ours, one of which holds nothing: there is nothing to tell. */
    @Test
    void ourOwnAreNoStrangers() {
        try (LogCapture log = LogCapture.of(topic);
                Running first = start("cooperative", b -> b);
                Running second = start("cooperative", b -> b)) {
            first.until(
                    "one each",
                    () -> first.consumer().status().partitions().size() == 1
                            && second.consumer().status().partitions().size() == 1);
            first.until("all is read", () -> ExactlyOnce.progress(database, topic) == 200);
            Awaitility.await("nothing is told")
                    .during(Duration.ofSeconds(22))
                    .until(() -> warnings(log).isEmpty()
                            && first.consumer().health().problems().isEmpty()
                            && second.consumer().health().problems().isEmpty());
        }
    }

    /** An assignor that has nothing in common with the others is refused by the broker, which says so to us. */
    @Test
    void anAssignorOfTheirsOnlyEndsTheRun() {
        try (Plain plain = new Plain("eager")) {
            plain.awaitAssigned(2);
            Map<String, Object> config = kafka.consumerConfig(topic, "cooperative");
            try (Running running = Running.start(
                    database, config, builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
                assertThat(running.failure())
                        .hasMessageContaining("TM-308")
                        .hasMessageContaining("assignment.strategy");
            }
        }
    }
}

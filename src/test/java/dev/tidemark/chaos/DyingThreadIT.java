package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.tidemark.ConsumerStatus;
import dev.tidemark.FailurePolicy;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkListener;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An error of the virtual machine ends the worker in which it occurs, and so the run: what that worker held made no progress. */
@Tag("chaos")
@Tag("exhaustive")
class DyingThreadIT {
    private static final int DEADLY = 7;
    private static final int RECORDS = 40;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("dying"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, RECORDS);

    /** Where it runs out of memory. */
    enum Place {
        HANDLER,
        BATCH_HANDLER,
        DESERIALIZER,
        POLICY,
        LISTENER
    }

    private static void die(boolean deadly) {
        if (deadly) {
            throw new OutOfMemoryError("test");
        }
    }

    private static boolean isDeadly(ConsumerRecord<?, ?> record) {
        return record.partition() == 0 && record.offset() == DEADLY;
    }

    private Function<TidemarkBuilder<String, String>, TidemarkConsumer> dying(Place place) {
        AtomicBoolean failing = new AtomicBoolean();
        return raw -> {
            TidemarkBuilder<String, String> builder = raw.topics(topic)
                    .deserializers(StringDeserializer::new, () -> new StringDeserializer() {
                        @Override
                        public String deserialize(String from, Headers headers, byte[] data) {
                            die(place == Place.DESERIALIZER && headers.lastHeader("deadly") != null);
                            return super.deserialize(from, data);
                        }
                    })
                    .addListener(new TidemarkListener() {
                        @Override
                        public void unitEnded(Unit unit) {
                            die(place == Place.LISTENER && failing.getAndSet(false));
                        }
                    })
                    .onFailure(failure -> {
                        die(place == Place.POLICY);
                        return FailurePolicy.halt().decide(failure);
                    });
            return place == Place.BATCH_HANDLER
                    ? builder.handleBatch((records, tx) -> {
                        FlightEffects.foldBatch(records, tx);
                        die(records.stream().anyMatch(DyingThreadIT::isDeadly));
                    })
                    : builder.handle((record, tx) -> {
                        FlightEffects.foldOne(record, tx);
                        die(place == Place.HANDLER && isDeadly(record));
                        if ((place == Place.POLICY || place == Place.LISTENER) && isDeadly(record)) {
                            failing.set(true);
                            throw new IllegalStateException("bad " + record);
                        }
                    });
        };
    }

    private void produce() {
        try (var producer = kafka.producer()) {
            for (int partition = 0; partition < 2; partition++) {
                for (int i = 0; i < RECORDS; i++) {
                    var record = new ProducerRecord<>(
                            topic,
                            partition,
                            flights.get(i).origin(),
                            flights.get(i).json());
                    if (partition == 0 && i == DEADLY) {
                        record.headers().add("deadly", new byte[0]);
                    }
                    var unused = producer.send(record);
                }
            }
        }
    }

    private long stored(int partition) {
        return ExactlyOnce.stored(database, topic, new TopicPartition(topic, partition));
    }

    private boolean hasHalted() {
        return database.query("select error_code from tidemark.partition_state where partition = 0")
                .contains("TM-504");
    }

    @ParameterizedTest
    @EnumSource(Place.class)
    void itsThirdVictimUnderSuspicionHaltsThePartition(Place place) {
        produce();
        Victims victims = new Victims();
        while (true) {
            try (Running running = Running.start(database, kafka.consumerConfig(topic, "cooperative"), dying(place))) {
                Awaitility.await("the run fails, or the partition halts")
                        .until(() -> running.consumer().status().state() == ConsumerStatus.State.FAILED || hasHalted());
                if (hasHalted()) {
                    running.until("the other partition goes on", () -> stored(1) == RECORDS);
                    assertThat(stored(0)).isEqualTo(DEADLY);
                    break;
                }
                assertThat(running.failure()).hasRootCauseInstanceOf(OutOfMemoryError.class);
            }
            victims.add(stored(0), "");
        }
        victims.assertEnough();
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void nobodyWaitsForTheUnitOfADeadWorker() {
        produce();
        try (LogCapture log = LogCapture.of(topic)) {
            try (Running running =
                    Running.start(database, kafka.consumerConfig(topic, "cooperative"), dying(Place.HANDLER))) {
                assertThat(running.failure()).hasRootCauseInstanceOf(OutOfMemoryError.class);
            }
            assertThat(log.news())
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .anyMatch(line -> line.startsWith("revoked"))
                    .noneMatch(line -> line.startsWith("units outlast"));
        }
        assertThat(database.query("select partition from tidemark.stored_offset where partition = 0"
                        + " and progress_epoch < owner_epoch"))
                .as("given back as if it had made progress")
                .containsExactly("0");
    }

    @Test
    void whatAnAssistantDiesOfIsNoRecordsFault() {
        try (var producer = kafka.producer()) {
            for (int run = 0; run < 4; run++) {
                try (Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .limits(UnitLimits.defaults().withMaxRecords(200))
                                .deserializers(StringDeserializer::new, () -> new StringDeserializer() {
                                    @Override
                                    public String deserialize(String from, byte[] data) {
                                        die(Thread.currentThread().getName().contains("-assistant-"));
                                        return super.deserialize(from, data);
                                    }
                                })
                                .closeTimeout(Duration.ofMinutes(3))
                                .handleBatch(FlightEffects::foldBatch))) {
                    Awaitility.await("busy enough for help, which dies")
                            .pollInterval(Duration.ofMillis(50))
                            .until(() -> {
                                produceMore(producer);
                                return running.consumer().status().state() == ConsumerStatus.State.FAILED;
                            });
                    assertThat(running.failure()).hasRootCauseInstanceOf(OutOfMemoryError.class);
                }
            }
        }
        assertThat(database.number("select count(*) from tidemark.stored_offset where progress_epoch < owner_epoch"))
                .as("everything was given back in order")
                .isZero();
        long end = kafka.logEnds(topic, 2).get(new TopicPartition(topic, 1));
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> stored(1) == end);
        }
        assertThat(database.number("select count(*) from tidemark.partition_state where suspect_attempts > 0"))
                .isZero();
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    private void produceMore(KafkaProducer<String, String> producer) {
        for (int i = 0; i < 10; i++) {
            Servers.produceTo(
                    producer, new TopicPartition(topic, 1), Flights.sample().subList(0, 100));
        }
    }
}

package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.ConsumerStatus.State;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How a container runs a consumer: starts it without waiting, waits for it, stops it within its time. */
@Tag("exhaustive")
class ContainerIT {
    private static final Duration LONG = Duration.ofMinutes(2);

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("container"), 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);
    private final HikariDataSource pool = database.pool(3);

    @AfterEach
    void close() {
        pool.close();
    }

    private TidemarkBuilder<String, String> builder() {
        return Tidemark.consumer(kafka.consumerConfig(topic, "cooperative"))
                .deserializers(StringDeserializer::new, StringDeserializer::new)
                .topics(topic)
                .database(pool);
    }

    private void produce() throws Exception {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, flights);
        }
    }

    @Test
    void startReturnsAndTheEndIsWaitedFor() throws Exception {
        produce();
        try (TidemarkConsumer consumer = builder().untilEnd().handle(FlightEffects::foldOne)) {
            assertThat(consumer.awaitTermination(Duration.ZERO)).isFalse();
            consumer.start();
            assertThatThrownBy(consumer::start).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(consumer::run).isInstanceOf(IllegalStateException.class);
            assertThat(consumer.awaitTermination(LONG)).isTrue();
            assertThat(consumer.awaitTermination(Duration.ZERO)).isTrue();
            assertThat(consumer.status().state()).isEqualTo(State.STOPPED);
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 1), Flights.truth(flights));
    }

    @Test
    void whatTheRunThrewIsThrownByTheWait() throws Exception {
        produce();
        try (TidemarkConsumer consumer = builder().handle((record, tx) -> {
            throw new IllegalArgumentException("never");
        })) {
            consumer.start();
            assertThatThrownBy(() -> consumer.awaitTermination(LONG))
                    .isInstanceOfSatisfying(
                            RecordFailedException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.HANDLER_FAILED));
            assertThat(consumer.status().state()).isEqualTo(State.FAILED);
            assertThat(consumer.status().lastError().orElseThrow().code()).isEqualTo(ErrorCode.HANDLER_FAILED);
            assertThat(consumer.health().live()).isFalse();
        }
    }

    @Test
    void anInterruptOfTheWaitLeavesTheRunAlone() throws Exception {
        try (TidemarkConsumer consumer = builder().handle(FlightEffects::foldOne)) {
            consumer.start();
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> consumer.awaitTermination(LONG)).isInstanceOf(InterruptedException.class);
            produce();
            Awaitility.await().atMost(LONG).until(() -> ExactlyOnce.progress(database, topic) == flights.size());
            consumer.stop();
            assertThat(consumer.awaitTermination(LONG)).isTrue();
        }
    }

    @Test
    void aCloseDoesNotOutlastItsTimeout() throws Exception {
        produce();
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        AtomicBoolean first = new AtomicBoolean(true);
        try (TidemarkConsumer consumer = builder()
                .closeTimeout(Duration.ofMillis(300))
                .handle((record, tx) -> {
                    FlightEffects.foldOne(record, tx);
                    if (first.getAndSet(false)) {
                        entered.countDown();
                        // Not to be interrupted: a handler that does not know of the stop.
                        boolean unused =
                                Awaitility.await().atMost(LONG).until(() -> release.getCount() == 0, gone -> gone);
                    }
                })) {
            consumer.start();
            assertThat(entered.await(2, TimeUnit.MINUTES)).isTrue();
            consumer.close();
            assertThat(consumer.awaitTermination(Duration.ZERO))
                    .as("the unit outlasts the close")
                    .isFalse();
            release.countDown();
            assertThat(consumer.awaitTermination(LONG)).isTrue();
        }
        try (TidemarkConsumer next = builder().untilEnd().handle(FlightEffects::foldOne)) {
            next.run();
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 1), Flights.truth(flights));
    }
}

package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.tidemark.ConsumerStatus;
import dev.tidemark.FailureAction;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkListener;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A consumer may be closed by the code that it calls: it is asked to stop, and no thread waits for itself. */
@Tag("exhaustive")
class CloseFromWithinIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("within"), 2);
    private final AtomicReference<TidemarkConsumer> consumer = new AtomicReference<>();
    private final AtomicReference<ConsumerStatus.State> after = new AtomicReference<>();

    private void close() {
        TidemarkConsumer closed = consumer.get();
        if (closed != null && after.get() == null) {
            closed.close();
            after.set(closed.status().state());
        }
    }

    private TidemarkListener closingAt(String method) {
        return (TidemarkListener) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {TidemarkListener.class}, (proxy, called, args) -> {
                    if (called.getName().equals("started")) {
                        consumer.set((TidemarkConsumer) args[0]);
                    }
                    if (called.getName().equals(method)) {
                        close();
                    }
                    return null;
                });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "started",
                "stopped",
                "unitEnded",
                "retrying",
                "skipped",
                "parked",
                "halted",
                "claimed",
                "rebalanced",
                "handler",
                "policy",
                "deserializer"
            })
    void closeOnlyAsks(String place) {
        try (var producer = kafka.producer()) {
            for (int partition = 0; partition < 2; partition++) {
                Servers.produceTo(
                        producer,
                        new TopicPartition(topic, partition),
                        Flights.sample().subList(0, 20));
            }
        }
        try (LogCapture log = LogCapture.of(topic);
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .addListener(closingAt(place))
                                .deserializers(StringDeserializer::new, () -> new StringDeserializer() {
                                    @Override
                                    public String deserialize(String from, byte[] data) {
                                        if (place.equals("deserializer")) {
                                            CloseFromWithinIT.this.close();
                                        }
                                        return super.deserialize(from, data);
                                    }
                                })
                                .onFailure(failure -> {
                                    if (place.equals("policy")) {
                                        close();
                                    }
                                    return switch (place) {
                                        case "retrying" -> FailureAction.retryAfter(Duration.ofMillis(50));
                                        case "skipped" -> FailureAction.skip();
                                        case "parked" -> FailureAction.park();
                                        default -> FailureAction.halt();
                                    };
                                })
                                .handle((record, tx) -> {
                                    if (place.equals("handler")) {
                                        close();
                                    }
                                    boolean bad = List.of("retrying", "skipped", "parked", "halted", "policy")
                                            .contains(place);
                                    if (bad && record.partition() == 1 && record.offset() == 7) {
                                        throw new IllegalStateException("bad " + record);
                                    }
                                    FlightEffects.foldOne(record, tx);
                                }))) {
            if (place.equals("stopped")) {
                running.until("it runs", () -> running.consumer().health().ready());
                running.consumer().stop();
            }
            running.end();
            assertThat(after.get())
                    .as("close returned while the consumer still ran, or came to its end")
                    .isIn(ConsumerStatus.State.RUNNING, ConsumerStatus.State.STOPPING);
            assertThat(running.consumer().status().state()).isEqualTo(ConsumerStatus.State.STOPPED);
            assertThat(log.news())
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .as("it did not wait in vain")
                    .noneMatch(line -> line.startsWith("units outlast"));
        }
        if (!List.of("skipped", "parked").contains(place)) {
            ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        }
    }

    private TidemarkConsumer idle() {
        return Tidemark.consumer(kafka.consumerConfig(topic, "cooperative"))
                .topics(topic)
                .database(database.pool(3))
                .handle((record, tx) -> {});
    }

    @Test
    void aConsumerThatWasClosedBeforeItsRunCannotBeRun() {
        TidemarkConsumer closed = idle();
        closed.close();
        closed.close();
        assertThat(closed.status().state()).isEqualTo(ConsumerStatus.State.STOPPED);
        assertThatThrownBy(closed::run).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(closed::run).isInstanceOf(IllegalStateException.class);
        assertThat(closed.status().state()).isEqualTo(ConsumerStatus.State.STOPPED);
    }

    @Test
    void aConsumerThatWasStoppedBeforeItsRunEndsAtOnce() {
        TidemarkConsumer stopped = idle();
        stopped.stop();
        stopped.run();
        assertThat(stopped.status().state()).isEqualTo(ConsumerStatus.State.STOPPED);
        stopped.close();
    }

    @Test
    void manyCloseAtOnceAndAllSeeTheEnd() throws Exception {
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
            running.until("ready", () -> running.consumer().health().ready());
            CountDownLatch all = new CountDownLatch(4);
            CompletableFuture<?>[] closes = new CompletableFuture<?>[4];
            for (int i = 0; i < closes.length; i++) {
                closes[i] = CompletableFuture.supplyAsync(
                        () -> {
                            all.countDown();
                            running.consumer().close();
                            return running.consumer().status().state();
                        },
                        Threads.named("test"));
            }
            all.await();
            CompletableFuture.allOf(closes).get(3, TimeUnit.MINUTES);
            for (CompletableFuture<?> close : closes) {
                assertThat(close.join()).isEqualTo(ConsumerStatus.State.STOPPED);
            }
        }
    }
}

package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.Health;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Health distinguishes a process that a restart would fix from one that waits. */
class HealthIT {
    private final KafkaServer kafka = Servers.kafka();
    private final String topic = kafka.createTopic(Servers.unique("health"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    private Running start(TestDatabase database, Function<TidemarkBuilder<String, String>, TidemarkConsumer> special) {
        return start(database, "cooperative", special);
    }

    private Running start(
            TestDatabase database,
            String protocol,
            Function<TidemarkBuilder<String, String>, TidemarkConsumer> special) {
        return Running.start(database, kafka.consumerConfig(topic, protocol), b -> special.apply(b.topics(topic)));
    }

    private static void untilReady(Running running) {
        running.until("ready", () -> running.consumer().health().equals(new Health(true, true, List.of())));
    }

    /** Waits until health tells these problems; returns what it says at that moment. */
    private static Health untilTold(Running running, Predicate<List<String>> problems) {
        AtomicReference<Health> health = new AtomicReference<>();
        running.until("health tells", () -> {
            health.set(running.consumer().health());
            return problems.test(health.get().problems());
        });
        return health.get();
    }

    private static boolean isTold(List<String> problems, String what) {
        return problems.stream().anyMatch(problem -> problem.contains(what));
    }

    @Test
    void aHaltedPartitionIsNotReadyAndAlive() {
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        TidemarkConsumer consumer;
        try (var producer = kafka.producer();
                Running running = start(
                        database,
                        b -> b.handle((record, tx) -> {
                            if (record.partition() == 1) {
                                throw new IllegalStateException("bad " + record);
                            }
                        }))) {
            consumer = running.consumer();
            untilReady(running);
            Servers.produceTo(producer, new TopicPartition(topic, 1), flights);
            String halted = "partition " + topic + "-1 is HALTED: TM-502";
            Health health = untilTold(
                    running, problems -> problems.size() == 1 && problems.get(0).startsWith(halted));
            assertThat(health.live()).isTrue();
            assertThat(health.ready()).isFalse();
        }
        assertThat(consumer.health()).isEqualTo(new Health(true, false, List.of("the consumer is STOPPED")));
    }

    @Test
    void aConsumerThatFailedIsNotAlive() {
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        try (var producer = kafka.producer();
                Running running = start(
                        database,
                        b -> b.handle((record, tx) -> {
                            throw new IllegalStateException("bad " + record);
                        }))) {
            Servers.produceTo(producer, new TopicPartition(topic, 0), flights);
            Servers.produceTo(producer, new TopicPartition(topic, 1), flights);
            assertThat(running.failure()).hasMessageContaining("TM-502");
            Health health = running.consumer().health();
            assertThat(health.live()).isFalse();
            assertThat(health.ready()).isFalse();
            assertThat(health.problems()).first().asString().startsWith("TM-502");
        }
    }

    @Test
    void aHandlerThatIgnoresItsDeadlineIsNotReadyAndThenNotAliveUntilItReturns() {
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        CountDownLatch mayGoOn = new CountDownLatch(1);
        try (var producer = kafka.producer();
                Running running = start(
                        database,
                        b -> b.limits(UnitLimits.defaults().withDeadline(Duration.ofSeconds(2)))
                                .onFailure(FailurePolicy.retry(10, Duration.ofMillis(10))
                                        .thenHalt())
                                .handle((record, tx) -> {
                                    mayGoOn.await();
                                    FlightEffects.foldOne(record, tx);
                                }))) {
            untilReady(running);
            Servers.produceTo(producer, new TopicPartition(topic, 0), flights);
            Health beyond = untilTold(running, problems -> isTold(problems, "beyond its deadline"));
            assertThat(beyond.ready()).isFalse();
            Health beyondTwice = untilTold(running, problems -> isTold(problems, "does not return"));
            assertThat(beyondTwice.live()).isFalse();
            mayGoOn.countDown();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
            untilReady(running);
        }
    }

    /** What an orchestrator does that kills what is not alive: the next process reads what the handler never finished. */
    @Tag("exhaustive")
    @Test
    void aProcessThatIsNotAliveIsRestartedAndGoesOn() {
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        try (var producer = kafka.producer();
                ConsumerFleet fleet = new ConsumerFleet(
                        kafka.consumerConfig(topic, "cooperative"),
                        database,
                        topic,
                        Map.of("handler", "wait", "deadline", "2", "records", "10"))) {
            ChildJvm stuck = fleet.start();
            Servers.produceTo(producer, new TopicPartition(topic, 0), flights);
            // Its health's own check ends it, as a container's would; the unit that is open is never released in order.
            Awaitility.await("not alive any more, and ended for that").until(() -> !stuck.isAlive());
            assertThat(stuck.output())
                    .contains("UNIT OPEN")
                    .contains("NOT ALIVE")
                    .doesNotContain("UNIT GOES ON");
            assertThat(ExactlyOnce.progress(database, topic)).isZero();
            // On a busy machine, what is not stuck may last longer than what is stuck is given here.
            ChildJvm unused = fleet.start(Map.of("handler", "batch", "deadline", "120"));
            Awaitility.await("the next one reads it")
                    .until(() -> ExactlyOnce.progress(database, topic) == flights.size());
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Tag("exhaustive")
    @Test
    void aDatabaseThatIsAwayIsWaitedForAlive() {
        try (EmbeddedPostgresServer postgres = EmbeddedPostgresServer.start()) {
            TestDatabase database = Servers.flightDatabase(postgres);
            try (var producer = kafka.producer();
                    Running running = start(
                            database,
                            b -> b.limits(UnitLimits.defaults().withDeadline(Duration.ofSeconds(1)))
                                    .handleBatch(FlightEffects::foldBatch))) {
                TidemarkConsumer consumer = running.consumer();
                untilReady(running);
                Runnable startAgain = postgres.stopImmediately();
                Servers.produceTo(producer, new TopicPartition(topic, 0), flights);
                running.until(
                        "it waits",
                        () -> consumer.health().problems().stream()
                                .anyMatch(problem -> problem.contains("is RETRYING")));
                try (Running late = start(database, b -> b.handleBatch(FlightEffects::foldBatch))) {
                    Awaitility.await("alive all the time")
                            .during(Duration.ofSeconds(5))
                            .atMost(Duration.ofMinutes(3))
                            .until(() -> consumer.health().live()
                                    && late.consumer().health().live());
                    assertThat(late.consumer().health().ready()).isFalse();
                    assertThat(late.consumer().health().problems()).isNotEmpty();
                    startAgain.run();
                    late.until(
                            "both go on",
                            () -> late.consumer().health().ready()
                                    && consumer.health().ready());
                }
                running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
                untilReady(running);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"eager", "cooperative", "consumer"})
    void aMemberWithNothingToDoIsReady(String protocol) {
        TestDatabase database = Servers.flightDatabase(Servers.postgres());
        try (Running first = start(database, protocol, b -> b.handleBatch(FlightEffects::foldBatch));
                Running second = start(database, protocol, b -> b.handleBatch(FlightEffects::foldBatch));
                Running third = start(database, protocol, b -> b.handleBatch(FlightEffects::foldBatch))) {
            first.until(
                    "all three are ready",
                    () -> List.of(first, second, third).stream()
                            .allMatch(running -> running.consumer().health().ready()));
            assertThat(List.of(first, second, third).stream()
                            .mapToInt(running ->
                                    running.consumer().status().partitions().size())
                            .sum())
                    .isLessThanOrEqualTo(2);
        }
    }
}

package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkListener;
import dev.tidemark.TidemarkListener.Rebalance.Kind;
import dev.tidemark.errors.Problem;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How a consumer ends, and how it waits: for its own open unit, and for another's lock. */
class StopIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("stop"), 1);

    private final CountDownLatch open = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final AtomicBoolean interrupted = new AtomicBoolean();

    @BeforeEach
    void produce() {
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 100));
        }
    }

    private Running startWaiting(UnaryOperator<TidemarkBuilder<String, String>> limits) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> limits.apply(builder).topics(topic).handleBatch((records, tx) -> {
                    FlightEffects.foldBatch(records, tx);
                    open.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        interrupted.set(true);
                        throw e;
                    }
                }));
    }

    private static CompletableFuture<Void> closing(Running running) {
        return CompletableFuture.runAsync(running.consumer()::close, Threads.named("closing"));
    }

    @Test
    void anOpenUnitIsFinished() throws InterruptedException {
        Duration patience = Duration.ofMinutes(4);
        try (Running running = startWaiting(builder ->
                builder.transactionIdleTimeout(patience).drainTimeout(patience).closeTimeout(patience))) {
            open.await();
            CompletableFuture<Void> closed = closing(running);
            running.until("stopping", () -> running.consumer().status().state() == ConsumerStatus.State.STOPPING);
            assertThat(closed.isDone()).isFalse();
            goOn.countDown();
            closed.join();
            assertThat(running.consumer().status().state()).isEqualTo(ConsumerStatus.State.STOPPED);
        }
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(100);
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Tag("exhaustive")
    @Test
    void aUnitThatHangsIsGivenUpAndComesAgain() throws InterruptedException {
        try (Running running = startWaiting(builder -> builder)) {
            open.await();
            running.consumer().close();
            running.until("the handler is interrupted", interrupted::get);
        }
        assertThat(ExactlyOnce.progress(database, topic)).isZero();
        assertThat(database.number("select count(*) from applied")).isZero();
        try (Running next = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
            next.until("the next one reads it", () -> ExactlyOnce.progress(database, topic) == 100);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void aClaimUnderWayAtTheStopIsGivenBack() throws SQLException {
        try (Running first = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
            first.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
        }
        try (Connection other = database.owner().connect()) {
            other.setAutoCommit(false);
            try (var s = other.createStatement()) {
                s.execute("select 1 from tidemark.topic_binding for update");
            }
            try (Running second = Running.start(
                    database,
                    kafka.consumerConfig(topic, "cooperative"),
                    builder -> builder.topics(topic)
                            .closeTimeout(Duration.ofMinutes(3))
                            .handleBatch(FlightEffects::foldBatch))) {
                second.until(
                        "the claim waits for the binding",
                        () -> database.number("select count(*) from pg_locks join pg_stat_activity using (pid)"
                                        + " where datname = current_database() and not granted")
                                > 0);
                CompletableFuture<Void> closed = closing(second);
                second.until("the last task of the control thread is waited for", () -> isEnding(topic));
                other.rollback();
                closed.join();
            }
        }
        assertThat(database.query("select owner_name, owner_epoch from tidemark.stored_offset"
                        + " where owner_token is not null"))
                .as("claims that were not given back")
                .isEmpty();
        assertThat(database.number("select min(owner_epoch) from tidemark.stored_offset"))
                .as("both claimed")
                .isEqualTo(2);
    }

    /** News of a claim that reaches the poll thread when the partition has gone: it was assigned, and then all was closed. */
    @Test
    void aClaimThatTheConsumerHearsOfTooLateIsGivenBack() throws InterruptedException {
        HeldRebalance held = new HeldRebalance(Kind.ASSIGNED);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .closeTimeout(Duration.ofMinutes(3))
                        .addListener(held)
                        .handleBatch(FlightEffects::foldBatch))) {
            held.reached.await();
            running.until(
                    "it was claimed, and the poll thread does not know yet",
                    () -> database.number("select count(*) from tidemark.stored_offset where owner_token is not null")
                            == 1);
            Thread closing = new Thread(running.consumer()::close, "closing");
            closing.start();
            running.until(
                    "it has said so, and waits",
                    () -> closing.getState() != Thread.State.RUNNABLE && closing.getState() != Thread.State.NEW);
            held.goOn.countDown();
            closing.join();
        }
        assertThat(database.query(
                        "select owner_token, owner_epoch, progress_epoch, next_offset from tidemark.stored_offset"))
                .as("claimed once and given back in good order")
                .containsExactly("null|1|1|0");
    }

    /** Kicked out of the group, as after a pause that was too long: what it held is given back all the same. */
    @Test
    void whatIsLostIsGivenBack() throws InterruptedException {
        HeldRebalance held = new HeldRebalance(Kind.LOST);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).addListener(held).handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
            KafkaServer.get(kafka.admin()
                    .removeMembersFromConsumerGroup(topic, new RemoveMembersFromConsumerGroupOptions())
                    .all());
            held.reached.await();
            running.until(
                    "given back",
                    () -> database.query("select owner_token, owner_epoch, progress_epoch from tidemark.stored_offset")
                            .equals(List.of("null|1|1")));
            held.goOn.countDown();
            running.until(
                    "claimed again",
                    () -> database.query("select owner_epoch from tidemark.stored_offset where owner_token is not null")
                            .equals(List.of("2")));
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    /** Holds the poll thread in the first callback of one kind. */
    private static final class HeldRebalance implements TidemarkListener {
        private final Kind kind;
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch goOn = new CountDownLatch(1);

        HeldRebalance(Kind kind) {
            this.kind = kind;
        }

        @Override
        public void rebalanced(Rebalance rebalance) {
            if (rebalance.kind() == kind && !rebalance.partitions().isEmpty()) {
                reached.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    private static boolean isEnding(String group) {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(thread -> thread.getKey().getName().equals("tidemark-" + group + "-poll"))
                .flatMap(thread -> Arrays.stream(thread.getValue()))
                .anyMatch(frame -> frame.getClassName().endsWith(".ControlTasks"));
    }

    @Test
    void everyUnitTellsTheServerHowLongToWaitForIt() {
        AtomicReference<String> told = new AtomicReference<>("");
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .transactionIdleTimeout(Duration.ofSeconds(17))
                        .handleBatch((records, tx) -> {
                            told.set(tx.createQuery("select current_setting('idle_in_transaction_session_timeout')"
                                            + " || ' ' || current_setting('application_name')")
                                    .mapTo(String.class)
                                    .one());
                            FlightEffects.foldBatch(records, tx);
                        }))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
        }
        assertThat(told.get()).matches("17s tidemark/[0-9a-f]{8}/1 " + topic);
    }

    @Test
    void aLockedRowIsWaitedForAndNamed() throws SQLException {
        try (Running first = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
            first.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
        }
        try (Connection other = database.owner().connect()) {
            other.setAutoCommit(false);
            try (var s = other.createStatement()) {
                s.execute("select 1 from tidemark.stored_offset for update");
            }
            try (Running second = Running.start(
                    database,
                    kafka.consumerConfig(topic, "cooperative"),
                    builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch))) {
                second.until(
                        "the lock is named",
                        () -> second.consumer().status().partitions().stream()
                                .anyMatch(p -> p.lastError()
                                        .map(Problem::toString)
                                        .orElse("")
                                        .startsWith("TM-404")));
                assertThat(second.consumer().health().live()).isTrue();
                other.rollback();
                try (var producer = kafka.producer()) {
                    Servers.produce(producer, topic, Flights.sample().subList(0, 100));
                }
                second.until("goes on", () -> ExactlyOnce.progress(database, topic) == 200);
            }
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }
}

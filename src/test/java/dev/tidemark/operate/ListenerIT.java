package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.tidemark.ConsumerView;
import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RedriveResult;
import dev.tidemark.TidemarkListener;
import dev.tidemark.TidemarkListener.Rebalance.Kind;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** What a listener is called with, and that a bad one does no harm. */
class ListenerIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("listener"), 2);
    private final TopicPartition p0 = new TopicPartition(topic, 0);
    private final TopicPartition p1 = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    /** Notes everything. */
    private static final class Notes implements TidemarkListener {
        private final List<Object> all = new CopyOnWriteArrayList<>();
        private final List<String> threads = new CopyOnWriteArrayList<>();

        private void note(Object event) {
            all.add(event);
            threads.add(Thread.currentThread().getName());
        }

        private <T> List<T> of(Class<T> type) {
            return all.stream().filter(type::isInstance).map(type::cast).toList();
        }

        @Override
        public void started(ConsumerView consumer, Supplier<Map<MetricName, ? extends Metric>> kafkaMetrics) {
            assertThat(kafkaMetrics.get()).isNotEmpty();
            note("started " + consumer.groupId());
        }

        @Override
        public void stopped(ConsumerView consumer) {
            note("stopped " + consumer.groupId());
        }

        @Override
        public void unitEnded(Unit unit) {
            note(unit);
        }

        @Override
        public void retrying(Retry retry) {
            note(retry);
        }

        @Override
        public void parked(RecordsGivenUp records) {
            note(records);
        }

        @Override
        public void skipped(RecordsGivenUp records) {
            note(records);
        }

        @Override
        public void claimLost(ClaimLost lost) {
            note(lost);
        }

        @Override
        public void halted(Halt halt) {
            note(halt);
        }

        @Override
        public void claimed(Claimed claimed) {
            note(claimed);
        }

        @Override
        public void rebalanced(Rebalance rebalance) {
            note(rebalance);
        }
    }

    /** Throws at every call. */
    private static final class Bad implements TidemarkListener {
        private static AssertionError refusal() {
            return new AssertionError("a listener that throws");
        }

        @Override
        public void started(ConsumerView consumer, Supplier<Map<MetricName, ? extends Metric>> kafkaMetrics) {
            throw refusal();
        }

        @Override
        public void stopped(ConsumerView consumer) {
            throw refusal();
        }

        @Override
        public void unitEnded(Unit unit) {
            throw new IllegalStateException(unit.toString());
        }

        @Override
        public void retrying(Retry retry) {
            throw refusal();
        }

        @Override
        public void claimed(Claimed claimed) {
            throw refusal();
        }

        @Override
        public void rebalanced(Rebalance rebalance) {
            throw refusal();
        }
    }

    @Test
    void aListenerThatThrowsHarmsNobody() {
        Notes notes = new Notes();
        AtomicBoolean refused = new AtomicBoolean();
        try (LogCapture log = LogCapture.of(topic)) {
            try (var producer = kafka.producer();
                    Running running = Running.start(
                            database,
                            kafka.consumerConfig(topic, "cooperative"),
                            builder -> builder.topics(topic)
                                    .addListener(new Bad())
                                    .addListener(notes)
                                    .addListener(new Bad())
                                    .handleBatch((records, tx) -> {
                                        if (!refused.getAndSet(true)) {
                                            throw new SQLException("not now", "40001");
                                        }
                                        FlightEffects.foldBatch(records, tx);
                                    }))) {
                Servers.produce(producer, topic, flights);
                running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
            }
            assertThat(log.news().stream()
                            .map(ILoggingEvent::getFormattedMessage)
                            .filter(line -> line.startsWith("a listener failed")))
                    .as("once for its class")
                    .singleElement()
                    .asString()
                    .contains("listener=dev.tidemark.operate.ListenerIT$Bad");
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 2), Flights.truth(flights));
        assertThat(notes.of(TidemarkListener.Unit.class).stream()
                        .filter(unit -> unit.outcome() == TidemarkListener.Outcome.COMMITTED)
                        .mapToInt(TidemarkListener.Unit::size)
                        .sum())
                .isEqualTo(flights.size());
        assertThat(notes.of(TidemarkListener.Retry.class).stream()
                        .map(TidemarkListener.Retry::cause)
                        .filter(cause -> cause != TidemarkListener.RetryCause.TRANSIENT))
                .containsExactly(TidemarkListener.RetryCause.CONTENTION);
    }

    @Test
    void everyKindOfNewsIsToldInItsOrder() {
        Notes notes = new Notes();
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .addListener(notes)
                                .onFailure(failure -> switch ((int)
                                        failure.record().offset()) {
                                    case 10 -> FailureAction.park();
                                    case 20 -> FailureAction.skip();
                                    default -> FailureAction.halt();
                                })
                                .handle((record, tx) -> {
                                    if (record.partition() == 0
                                            && List.of(10L, 20L, 30L).contains(record.offset())) {
                                        throw new IllegalArgumentException("bad " + record);
                                    }
                                    FlightEffects.foldOne(record, tx);
                                }))) {
            Servers.produceTo(producer, p0, flights);
            Servers.produceTo(producer, p1, flights);
            running.until(
                    "one has halted, the other is read",
                    () -> !notes.of(TidemarkListener.Halt.class).isEmpty()
                            && ExactlyOnce.stored(database, topic, p1) == flights.size());
            database.owner().execute("update tidemark.stored_offset set next_offset = 90 where partition = 1");
            running.until(
                    "fenced, and claimed again",
                    () -> notes.of(TidemarkListener.Claimed.class).stream()
                            .anyMatch(claimed -> claimed.waited().keySet().equals(Set.of(p1))
                                    && !notes.of(TidemarkListener.ClaimLost.class)
                                            .isEmpty()));
        }
        assertThat(notes.all).startsWith("started " + topic).endsWith("stopped " + topic);
        assertThat(notes.of(TidemarkListener.RecordsGivenUp.class))
                .containsExactly(
                        new TidemarkListener.RecordsGivenUp(topic, p0, 10, 1, Optional.of(ErrorCode.HANDLER_FAILED)),
                        new TidemarkListener.RecordsGivenUp(topic, p0, 20, 1, Optional.of(ErrorCode.HANDLER_FAILED)));
        assertThat(notes.of(TidemarkListener.Halt.class))
                .containsExactly(new TidemarkListener.Halt(topic, p0, ErrorCode.HANDLER_FAILED));
        assertThat(notes.of(TidemarkListener.ClaimLost.class))
                .containsExactly(new TidemarkListener.ClaimLost(topic, p1, ErrorCode.OFFSET_MOVED));
        assertThat(notes.of(TidemarkListener.Rebalance.class))
                .first()
                .extracting(TidemarkListener.Rebalance::kind)
                .isEqualTo(Kind.ASSIGNED);
        assertThat(notes.of(TidemarkListener.Rebalance.class))
                .last()
                .isEqualTo(new TidemarkListener.Rebalance(topic, Kind.REVOKED, Set.of(p0, p1)));
        assertThat(notes.threads).allMatch(name -> name.startsWith("tidemark-" + topic));
        for (TidemarkListener.Unit unit : notes.of(TidemarkListener.Unit.class)) {
            if (unit.outcome() == TidemarkListener.Outcome.COMMITTED) {
                assertThat(unit.times().begin()).isPositive();
                assertThat(unit.times().handle()).isPositive();
                assertThat(unit.times().advance()).isPositive();
                assertThat(unit.times().commit()).isPositive();
            } else {
                assertThat(unit.times().commit()).isZero();
            }
        }
        for (Canary canary : Canary.values()) {
            assertThat(notes.all).noneMatch(event -> canary.isIn(event.toString()));
        }
    }

    @Test
    void aRedrivenDeadLetterIsAUnitToo() {
        Notes notes = new Notes();
        AtomicBoolean mended = new AtomicBoolean();
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .addListener(notes)
                                .onFailure(FailurePolicy.park())
                                .handle((record, tx) -> {
                                    if (record.partition() == 0 && record.offset() == 5 && !mended.get()) {
                                        throw new IllegalArgumentException("bad");
                                    }
                                    FlightEffects.foldOne(record, tx);
                                }))) {
            Servers.produceTo(producer, p0, flights);
            running.until("all read", () -> ExactlyOnce.stored(database, topic, p0) == flights.size());
            mended.set(true);
            long id = database.number("select id from tidemark.dead_letter");
            assertThat(running.consumer().redrive(List.of(id, id + 1_000_000)))
                    .extracting(RedriveResult::status)
                    .containsExactly(RedriveResult.Status.APPLIED, RedriveResult.Status.GONE);
        }
        assertThat(notes.of(TidemarkListener.Unit.class).stream()
                        .filter(unit -> unit.outcome() == TidemarkListener.Outcome.COMMITTED)
                        .mapToInt(TidemarkListener.Unit::size)
                        .sum())
                .isEqualTo(flights.size());
    }
}

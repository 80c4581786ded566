package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.FailureAction;
import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A record that cannot be applied halts its partition, right in front of it; the others continue. */
class FailingRecordIT {
    private static final int POISON = 1_234;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("failing"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, 2_000);

    /** Both partitions get the flights; the record at {@link #POISON} of partition 0 is the bad one. */
    private void produce() {
        try (var producer = kafka.producer()) {
            for (Flight flight : flights) {
                for (int partition = 0; partition < 2; partition++) {
                    var unused = producer.send(new ProducerRecord<>(topic, partition, flight.key(), flight.json()));
                }
            }
        }
        assertThat(kafka.logEnds(topic, 2).values()).containsOnly(2_000L);
    }

    private static boolean isPoison(ConsumerRecord<?, ?> record) {
        return record.partition() == 0 && record.offset() == POISON;
    }

    private void assertHaltedAtThePoison(Running running, ErrorCode code) {
        running.until(
                "partition 0 halts, partition 1 goes on",
                () -> stored(1) == 2_000
                        && running.consumer().status().partitions().stream()
                                .anyMatch(p -> p.state() == PartitionState.HALTED));
        assertThat(stored(0)).isEqualTo(POISON);
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        assertThat(running.consumer().health().ready()).isFalse();
        PartitionStatus halted = running.consumer().status().partitions().get(0);
        assertThat(halted.state()).isEqualTo(PartitionState.HALTED);
        assertThat(halted.lastError().map(Problem::toString).orElseThrow())
                .startsWith(code.code())
                .contains("topic " + topic + " partition 0 offset " + POISON)
                .doesNotContain(flights.get(POISON).json())
                .doesNotContain("secret");
    }

    private long stored(int partition) {
        return ExactlyOnce.stored(database, topic, new TopicPartition(topic, partition));
    }

    @Test
    void aHandlerOfSingleRecordsFails() {
        produce();
        AtomicInteger calls = new AtomicInteger();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handle((record, tx) -> {
                    FlightEffects.foldOne(record, tx);
                    if (isPoison(record)) {
                        calls.incrementAndGet();
                        throw new IllegalArgumentException("secret " + record.value());
                    }
                }))) {
            assertHaltedAtThePoison(running, ErrorCode.HANDLER_FAILED);
        }
        assertThat(calls.get()).as("once inside a unit, twice alone").isEqualTo(3);
    }

    @Test
    void aHandlerOfBatchesFails() {
        produce();
        AtomicInteger failures = new AtomicInteger();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch((records, tx) -> {
                    FlightEffects.foldBatch(records, tx);
                    if (records.stream().anyMatch(FailingRecordIT::isPoison)) {
                        failures.incrementAndGet();
                        // The database's own refusal, whose message carries the value.
                        tx.execute("insert into airport values ('secret', null, 1)");
                    }
                }))) {
            assertHaltedAtThePoison(running, ErrorCode.HANDLER_FAILED);
        }
        assertThat(failures.get()).as("found by halving").isBetween(2, 13);
    }

    /** Fails on values whose record says so. */
    private static final class BrokenIfMarked extends StringDeserializer {
        @Override
        public String deserialize(String name, Headers headers, byte[] bytes) {
            if (headers.lastHeader("broken") != null) {
                throw new SerializationException("secret " + deserialize(name, bytes));
            }
            return deserialize(name, bytes);
        }
    }

    @Test
    void aRecordCannotBeDecoded() {
        produce();
        String poison = flights.get(POISON).json();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .deserializers(StringDeserializer::new, BrokenIfMarked::new)
                        .handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> stored(0) == 2_000 && stored(1) == 2_000);
            try (var producer = kafka.producer()) {
                ProducerRecord<String, String> broken = new ProducerRecord<>(topic, 0, "X", poison);
                broken.headers().add("broken", new byte[0]);
                var unused = producer.send(broken);
                producer.flush();
                Servers.produce(producer, topic, flights.subList(0, 10));
            }
            running.until(
                    "partition 0 halts",
                    () -> running.consumer().status().partitions().stream()
                            .anyMatch(p -> p.state() == PartitionState.HALTED));
            PartitionStatus halted = running.consumer().status().partitions().get(0);
            assertThat(halted.lastError().map(Problem::toString).orElseThrow())
                    .startsWith("TM-503")
                    .contains("the value of the record at topic " + topic + " partition 0 offset 2000")
                    .doesNotContain("secret");
            assertThat(stored(0)).isEqualTo(2_000);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Tag("exhaustive")
    @Provokes(ErrorCode.DEADLINE_PASSED)
    @Test
    void aUnitOverItsDeadlineIsCancelledAndShown() {
        produce();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withDeadline(Duration.ofSeconds(2)))
                        .workers(2)
                        // What a busy machine makes late is tried again.
                        .onFailure(failure -> isPoison(failure.record())
                                ? FailureAction.halt()
                                : FailureAction.retryAfter(Duration.ofMillis(100)))
                        .handle((record, tx) -> {
                            FlightEffects.foldOne(record, tx);
                            if (isPoison(record)) {
                                tx.execute("select pg_sleep(3600)");
                            }
                        }))) {
            running.until(
                    "health turns false", () -> !running.consumer().health().ready());
            assertHaltedAtThePoison(running, ErrorCode.DEADLINE_PASSED);
        }
    }

    @Test
    void whenAllPartitionsHaveHaltedTheRunThrows() {
        produce();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.topics(topic).handle((record, tx) -> {
                    throw new IllegalStateException("no");
                }))) {
            assertThat(running.failure())
                    .isInstanceOf(RecordFailedException.class)
                    .hasMessageContaining("TM-502")
                    .hasRootCauseMessage("no");
            assertThat(running.consumer().status().state()).isEqualTo(ConsumerStatus.State.FAILED);
        }
        assertThat(ExactlyOnce.progress(database, topic)).isZero();
    }
}

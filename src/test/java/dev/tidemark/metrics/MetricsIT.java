package dev.tidemark.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.TidemarkListener;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the meters say is what was done. */
class MetricsIT {
    private static final int RECORDS = 300;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("metrics"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, RECORDS);
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final AtomicBoolean refused = new AtomicBoolean();

    private void produce() {
        try (var producer = kafka.producer()) {
            for (int partition = 0; partition < 2; partition++) {
                Servers.produceTo(producer, new TopicPartition(topic, partition), flights);
            }
        }
    }

    private void handle(List<ConsumerRecord<String, String>> records, Handle tx) throws SQLException {
        if (!refused.getAndSet(true)) {
            throw new SQLException("in each other's way", "40001");
        }
        FlightEffects.foldBatch(records, tx);
        if (records.stream().anyMatch(record -> record.offset() == 50)) {
            throw new IllegalStateException("bad " + records);
        }
    }

    /** Trials have none: they are rolled back. */
    private double unitsWithEffects() {
        return database.number("select count(distinct xmin::text) from applied");
    }

    private double counter(String name, String... tags) {
        return registry.get(name).tag("group", topic).tags(tags).counter().count();
    }

    /** None where nothing was counted yet. */
    private double recordsCounted() {
        return registry.find("tidemark.records").tag("topic", topic).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private double gauge(String name, String... tags) {
        return registry.get(name).tag("group", topic).tags(tags).gauge().value();
    }

    @Test
    void countsAreWhatWasDone() {
        produce();
        TidemarkMetrics metrics = TidemarkMetrics.to(registry);
        // Such as when a busy machine gave the process no time.
        AtomicInteger transients = new AtomicInteger();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .addListener(metrics)
                        .addListener(new TidemarkListener() {
                            @Override
                            public void retrying(Retry retry) {
                                if (retry.cause() == RetryCause.TRANSIENT) {
                                    transients.incrementAndGet();
                                }
                            }
                        })
                        .onFailure(FailurePolicy.retry(1, Duration.ofMillis(10)).thenPark())
                        .handleBatch(this::handle))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
            running.until("all counted", () -> recordsCounted() == 2 * RECORDS - 2);
            assertThat(counter("tidemark.parked", "topic", topic)).isEqualTo(2);
            assertThat(counter("tidemark.retries", "cause", "contention")).isEqualTo(1);
            // Once by the policy, and once more as failures of that kind might pass.
            assertThat(counter("tidemark.retries", "cause", "record")).isBetween(2.0, 4.0);
            assertThat(counter("tidemark.retries", "cause", "transient")).isEqualTo(transients.get());
            assertThat(counter("tidemark.units", "outcome", "contention")).isEqualTo(1);
            assertThat(counter("tidemark.units", "outcome", "failed")).isGreaterThanOrEqualTo(4);
            assertThat(counter("tidemark.units", "outcome", "committed")).isEqualTo(unitsWithEffects());
            assertThat(counter("tidemark.fences", "code", "TM-402")).isZero();

            // Ten records again, which the fence counts once.
            database.owner()
                    .execute("update tidemark.stored_offset set next_offset = 290 where group_id = '" + topic
                            + "' and partition = 0");
            running.until("followed", () -> recordsCounted() == 2 * RECORDS - 2 + 10);
            assertThat(counter("tidemark.fences", "code", "TM-402")).isEqualTo(1);
            assertThat(registry.get("tidemark.claim.wait").timer().count()).isEqualTo(3);

            assertThat(registry.get("tidemark.unit.size").summary().totalAmount())
                    .isEqualTo(2 * RECORDS - 2 + 10);
            assertThat(registry.get("tidemark.unit.size").summary().count()).isEqualTo((long) unitsWithEffects());
            for (String phase : List.of("begin", "handle", "advance", "commit")) {
                assertThat(registry.get("tidemark.unit.time")
                                .tag("phase", phase)
                                .timer()
                                .count())
                        .as(phase)
                        .isGreaterThanOrEqualTo((long) unitsWithEffects());
            }
            assertThat(registry.get("tidemark.unit.time")
                            .tag("phase", "commit")
                            .timer()
                            .count())
                    .as("only what was committed came to it")
                    .isEqualTo((long) unitsWithEffects());
            running.until(
                    "the lag is sampled",
                    () -> gauge("tidemark.lag", "topic", topic, "partition", "0") == 0
                            && gauge("tidemark.lag", "topic", topic, "partition", "1") == 0);
            running.until("both run", () -> gauge("tidemark.partitions", "state", "running") == 2);
            assertThat(gauge("tidemark.partitions", "state", "halted")).isZero();
            assertThat(gauge("tidemark.queue.records")).isZero();
            assertThat(gauge("tidemark.queue.bytes")).isZero();
            assertThat(gauge("tidemark.live")).isEqualTo(1);
            assertThat(gauge("tidemark.ready")).isEqualTo(1);
            assertThat(counter("tidemark.rebalances", "kind", "assigned")).isPositive();
            assertThat(registry.getMeters())
                    .as("Kafka's own")
                    .anyMatch(meter -> meter.getId().getName().startsWith("kafka.consumer.coordinator"));
            assertSilent();
        }
        assertThat(registry.getMeters()).as("left at the end").isEmpty();
    }

    @Tag("exhaustive")
    @Test
    void whatWaitsAndWhatHaltsIsSeen() {
        produce();
        CountDownLatch mayGoOn = new CountDownLatch(1);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.topics(topic)
                        .addListener(TidemarkMetrics.to(registry))
                        .limits(UnitLimits.defaults().withMaxRecords(100))
                        .handle((record, tx) -> {
                            mayGoOn.await();
                            if (record.partition() == 1) {
                                throw new IllegalStateException("bad " + record);
                            }
                            FlightEffects.foldOne(record, tx);
                        }))) {
            running.until(
                    "some wait",
                    () -> registry.find("tidemark.queue.records").gauge() != null
                            && gauge("tidemark.queue.records") >= 2 * RECORDS - 100
                            && gauge("tidemark.queue.records") < 2 * RECORDS
                            && gauge("tidemark.queue.bytes") > 100.0 * gauge("tidemark.queue.records"));
            mayGoOn.countDown();
            running.until("one has halted", () -> gauge("tidemark.partitions", "state", "halted") == 1);
            running.until("so it is not ready", () -> gauge("tidemark.ready") == 0);
            assertThat(gauge("tidemark.live")).isEqualTo(1);
            running.until("the other is read", () -> recordsCounted() == RECORDS);
            running.until(
                    "what the halted one lacks is lag",
                    () -> gauge("tidemark.lag", "topic", topic, "partition", "1") == RECORDS);
        }
        assertThat(registry.getMeters()).as("left at the end").isEmpty();
    }

    @Tag("exhaustive")
    @Test
    void twoConsumersOfAGroupShareItsMeters() {
        TidemarkMetrics metrics = TidemarkMetrics.to(registry);
        try (Running first = start(metrics)) {
            first.until("it has both", () -> lagGauges() == 2);
            try (Running second = start(metrics)) {
                second.until(
                        "each has one",
                        () -> first.consumer().status().partitions().size() == 1
                                && second.consumer().status().partitions().size() == 1);
                produce();
                second.until("all counted", () -> recordsCounted() == 2 * RECORDS);
                assertThat(lagGauges()).isEqualTo(2);
                second.until("both run", () -> gauge("tidemark.partitions", "state", "running") == 2);
            }
            assertThat(counter("tidemark.records", "topic", topic)).isEqualTo(2 * RECORDS);
            first.until(
                    "it has both again",
                    () -> lagGauges() == 2
                            && first.consumer().status().partitions().size() == 2);
        }
        assertThat(registry.getMeters()).as("left at the end").isEmpty();
    }

    private Running start(TidemarkMetrics metrics) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).addListener(metrics).handleBatch(FlightEffects::foldBatch));
    }

    private int lagGauges() {
        return registry.find("tidemark.lag").gauges().size();
    }

    private void assertSilent() {
        for (Meter meter : registry.getMeters()) {
            for (Canary canary : Canary.values()) {
                assertThat(canary.isIn(meter.getId().toString() + meter.getId().getDescription()))
                        .as(meter.getId().toString())
                        .isFalse();
            }
        }
    }
}

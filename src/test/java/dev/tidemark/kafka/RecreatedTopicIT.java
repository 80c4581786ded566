package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A topic is deleted and created again while its group runs, and soon holds more than the old one: every old position exists. */
class RecreatedTopicIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String topic = kafka.createTopic(Servers.unique("again"), 2);
    private final String before = kafka.topicId(topic);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 300);

    private final CountDownLatch open = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    /** Whether the record that the consumer stops at cannot be applied. */
    private boolean fails;

    @AfterEach
    void close() {
        goOn.countDown();
        producer.close();
    }

    /** A consumer that has read half of partition 1, and stops fetching until it may continue. */
    private Running start(UnaryOperator<TidemarkBuilder<String, String>> special) throws InterruptedException {
        Servers.produceTo(producer, one, flights.subList(0, 100));
        Map<String, Object> config = kafka.consumerConfig(topic, "consumer");
        config.put("max.poll.records", "10");
        Running running = Running.start(
                database,
                config,
                builder -> special.apply(builder)
                        .limits(UnitLimits.defaults().withMaxRecords(fails ? 1 : 10))
                        .handleBatch((records, tx) -> {
                            FlightEffects.foldBatch(records, tx);
                            if (records.stream().anyMatch(record -> record.offset() == 50)) {
                                open.countDown();
                                goOn.await();
                                if (fails) {
                                    throw new IllegalArgumentException("no");
                                }
                            }
                        }));
        open.await();
        return running;
    }

    private void createAgain() {
        kafka.createAgain(topic, 2);
        Servers.produceTo(producer, one, flights);
    }

    private void assertRefused(Throwable failure) {
        assertThat(failure)
                .isInstanceOf(LogMismatchException.class)
                .hasMessageContaining("TM-302")
                .hasMessageContaining(before)
                .hasMessageContaining(kafka.topicId(topic));
    }

    private void assertNothingAfterTheDeletion() {
        ExactlyOnce.assertApplied(database, zero, LongStream.empty());
        ExactlyOnce.assertApplied(database, one, LongStream.range(0, 50));
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(50);
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(flights.subList(0, 50)));
    }

    @Test
    void aRunningGroupIsRefused() throws InterruptedException {
        try (Running running = start(builder -> builder.topics(topic))) {
            createAgain();
            goOn.countDown();
            assertRefused(running.failure());
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    /** Assigned manually, so that no rebalance helps. */
    @Tag("exhaustive")
    @Test
    void strictlyNothingOfTheNewTopicTakesEffect() throws InterruptedException {
        try (Running running = start(builder -> builder.partitions(zero, one).strictTopicIdentity())) {
            createAgain();
            goOn.countDown();
            assertRefused(running.failure());
        }
        assertNothingAfterTheDeletion();
    }

    /** A record of the deleted topic that fails by itself would move the offset as well. */
    @Tag("exhaustive")
    @Test
    void strictlyNothingIsGivenUp() throws InterruptedException {
        fails = true;
        try (Running running = start(
                builder -> builder.partitions(zero, one).strictTopicIdentity().onFailure(FailurePolicy.skip()))) {
            createAgain();
            goOn.countDown();
            assertRefused(running.failure());
        }
        assertNothingAfterTheDeletion();
    }

    @Test
    void aRefusedClaimOfOnePartitionDoesNotMakeTheNewTopicGoodForTheOthers() throws InterruptedException {
        try (Running running = start(builder -> builder.partitions(zero, one).strictTopicIdentity())) {
            createAgain();
            // Fences the owner of the other partition, which claims it again.
            database.owner().execute("update tidemark.stored_offset set owner_token = null where partition = 0");
            Awaitility.await("the claim is refused")
                    .until(() -> !running.consumer().health().ready());
            goOn.countDown();
            assertRefused(running.failure());
        }
        assertNothingAfterTheDeletion();
    }

    /** The SQL of docs/errors.md, while the group runs; partition 0 was never read, so its offset is 0 before and after. */
    @Tag("exhaustive")
    @Test
    void boundAnewAsTheDocsSayItIsReadFromItsBeginning() throws Exception {
        String other = kafka.createTopic(Servers.unique("again-other"), 1);
        Servers.produceTo(producer, one, flights.subList(0, 100));
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic, other).handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
            createAgain();
            running.until(
                    "both halt",
                    () -> running.consumer().status().partitions().stream()
                                    .filter(p -> p.state() == PartitionState.HALTED)
                                    .count()
                            == 2);
            String page = Files.readString(Path.of("docs/errors.md"));
            String sql = page.substring(page.indexOf("begin;"), page.indexOf("commit;"));
            database.owner()
                    .execute(sql.replace("the id now", kafka.topicId(topic))
                                    .replace(
                                            "the cluster now",
                                            kafka.admin()
                                                    .describeCluster()
                                                    .clusterId()
                                                    .get())
                                    .replace("'flights-etl'", "'" + topic + "'")
                                    .replace("'flights'", "'" + topic + "'")
                            + "truncate applied, airport; commit");
            Servers.produceTo(producer, zero, flights);
            running.until("the new one is read", () -> ExactlyOnce.progress(database, topic) == 600);
            running.until("ready", () -> running.consumer().health().ready());
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(flights, 2));
    }
}

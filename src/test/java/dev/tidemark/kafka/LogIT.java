package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.StartPosition;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What Kafka's side does to a group: topics that vanish, grow, expire, and refuse. */
class LogIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("log"), 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    private Running start(String... topics) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.topics(topics).handleBatch(FlightEffects::foldBatch));
    }

    private void readOnce() {
        try (var producer = kafka.producer();
                Running running = start(topic)) {
            Servers.produce(producer, topic, flights);
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
        }
    }

    @Provokes(ErrorCode.OTHER_TOPIC)
    @Test
    void aTopicCreatedAgainIsRefusedWithBothIds() throws Exception {
        readOnce();
        kafka.admin().deleteTopics(List.of(topic)).all().get(3, TimeUnit.MINUTES);
        Awaitility.await().ignoreExceptions().until(() -> kafka.createTopic(topic, 1) != null);
        try (var producer = kafka.producer();
                Running running = start(topic)) {
            Servers.produce(producer, topic, flights);
            assertThat(running.failure())
                    .isInstanceOf(LogMismatchException.class)
                    .hasMessageContaining("TM-302");
        }
        assertThat(database.number("select count(*) from applied")).isEqualTo(100);
    }

    @Provokes(ErrorCode.OTHER_CLUSTER)
    @Test
    void anotherClusterIsRefused() {
        readOnce();
        database.owner().execute("update tidemark.topic_binding set cluster_id = 'elsewhere'");
        try (Running running = start(topic)) {
            assertThat(running.failure()).hasMessageContaining("TM-301").hasMessageContaining("elsewhere");
        }
    }

    @Provokes(ErrorCode.OFFSET_ROW_MISSING)
    @Test
    void aDeletedRowIsNotInvented() {
        readOnce();
        database.owner().execute("delete from tidemark.stored_offset");
        try (Running running = start(topic)) {
            assertThat(running.failure()).hasMessageContaining("TM-303");
        }
        assertThat(database.number("select count(*) from applied")).isEqualTo(100);
    }

    @Provokes(ErrorCode.OFFSET_BELOW_LOG)
    @Test
    void anExpiredOffsetNamesTheLostRange() throws Exception {
        readOnce();
        database.owner().execute("update tidemark.stored_offset set next_offset = 10");
        kafka.admin()
                .deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(50)))
                .all()
                .get(3, TimeUnit.MINUTES);
        try (Running running = start(topic)) {
            assertThat(running.failure()).hasMessageContaining("TM-304").hasMessageContaining("10 to 49");
        }
        assertThat(database.number("select count(*) from applied")).isEqualTo(100);
    }

    @Provokes(ErrorCode.OFFSET_BEYOND_LOG)
    @Test
    void anOffsetBeyondTheLogIsNamed() {
        readOnce();
        database.owner().execute("update tidemark.stored_offset set next_offset = 5000");
        try (Running running = start(topic)) {
            assertThat(running.failure()).hasMessageContaining("TM-305").hasMessageContaining("ends at 100");
        }
    }

    @Test
    void aHaltedPartitionGoesOnOnceItsOffsetWasMoved() {
        String other = kafka.createTopic(Servers.unique("log-other"), 1);
        readOnce();
        database.owner().execute("update tidemark.stored_offset set next_offset = 5000");
        try (var producer = kafka.producer();
                Running running = start(topic, other)) {
            running.until(
                    "halts",
                    () -> running.consumer().status().partitions().stream()
                            .anyMatch(p -> p.state() == PartitionState.HALTED));
            database.owner()
                    .execute("update tidemark.stored_offset set next_offset = 100 where topic = '" + topic + "'");
            Servers.produce(producer, topic, flights);
            running.until("goes on", () -> database.number("select count(*) from applied") == 200);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void addedPartitionsAreReadFromTheirFirstRecord() {
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .startAt(StartPosition.latest())
                                .handleBatch(FlightEffects::foldBatch))) {
            running.until("bound", () -> database.number("select count(*) from tidemark.stored_offset") == 1);
            kafka.addPartitions(topic, 3);
            for (int partition = 0; partition < 3; partition++) {
                Servers.produceTo(producer, new TopicPartition(topic, partition), flights);
            }
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 300);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void tombstonesAreNullAndOneHandlerServesSeveralTopics() throws Exception {
        String other = kafka.createTopic(Servers.unique("log-other"), 2);
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic, other)
                                .handle((record, tx) -> tx.execute(
                                        "insert into airport values (?, ?, 0)",
                                        record.topic() + record.key(),
                                        record.value() == null ? 1 : 0)))) {
            producer.send(new ProducerRecord<>(topic, 0, "a", "x")).get();
            producer.send(new ProducerRecord<>(topic, 0, "b", null)).get();
            producer.send(new ProducerRecord<>(other, 1, null, null)).get();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 3);
        }
        assertThat(database.query("select code, departures from airport order by 1"))
                .containsExactlyInAnyOrder(topic + "a|0", topic + "b|1", other + "null|1");
    }

    @Test
    void twoProcessesWithOneInstanceIdAreToldSo() {
        Map<String, Object> config = kafka.consumerConfig(topic, "cooperative");
        config.put("group.instance.id", "same");
        try (var producer = kafka.producer();
                Running first =
                        Running.start(database, config, b -> b.topics(topic).handleBatch(FlightEffects::foldBatch))) {
            Servers.produce(producer, topic, flights);
            first.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
            try (Running second =
                    Running.start(database, config, b -> b.topics(topic).handleBatch(FlightEffects::foldBatch))) {
                assertThat(first.failure())
                        .isInstanceOf(LogMismatchException.class)
                        .hasMessageContaining("TM-308")
                        .hasMessageContaining("group.instance.id");
                Servers.produce(producer, topic, flights);
                second.until("the second goes on", () -> ExactlyOnce.progress(database, topic) == 200);
            }
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void statusShowsWhereEveryPartitionStands() {
        try (var producer = kafka.producer();
                Running running = start(topic)) {
            Servers.produce(producer, topic, flights);
            running.until(
                    "all read and sampled",
                    () -> running.consumer().status().partitions().stream()
                            .anyMatch(p -> p.lag().isPresent()
                                    && p.lag().getAsLong() == 0
                                    && p.storedOffset().getAsLong() == 100));
            running.until("ready", () -> running.consumer().health().ready());
            ConsumerStatus status = running.consumer().status();
            assertThat(status.state()).isEqualTo(ConsumerStatus.State.RUNNING);
            PartitionStatus partition = status.partitions().get(0);
            assertThat(partition.state()).isEqualTo(PartitionState.RUNNING);
            assertThat(partition.logEndOffset()).hasValue(100);
            // The ends of the logs come to the status first.
            running.until(
                    "shown in SQL",
                    () -> database.query("select stored_offset, log_end_offset, lag, owner from tidemark.consumer_lag")
                            .equals(List.of("100|100|0|" + partition.owner())));
            assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
                    .contains(
                            "tidemark-" + topic + "-poll",
                            "tidemark-" + topic + "-control",
                            "tidemark-" + topic + "-worker-1");
        }
        assertThat(database.query("select owner from tidemark.consumer_lag")).containsExactly("null");
    }
}

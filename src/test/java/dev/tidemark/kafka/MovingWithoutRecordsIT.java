package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.CopiedLog;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The log moves on without records for a read_committed group: the stored offset follows to the end, and lag becomes 0. */
@Tag("exhaustive")
class MovingWithoutRecordsIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = Servers.unique("moving");
    private final TopicPartition partition = new TopicPartition(topic, 0);
    private final List<Flight> flights = Flights.sample();

    MovingWithoutRecordsIT() {
        CopiedLog.createTable(database);
    }

    private Running start(String protocol) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, protocol),
                builder -> builder.topics(topic).handle(CopiedLog::copy));
    }

    private void send(KafkaProducer<String, String> producer, int from, int to) {
        for (Flight flight : flights.subList(from, to)) {
            // A transaction's commit, and flush, tell of records that did not arrive.
            var unused = producer.send(new ProducerRecord<>(topic, 0, flight.key(), flight.json()));
        }
        producer.flush();
    }

    private void transaction(KafkaProducer<String, String> producer, int from, int to, boolean commit) {
        producer.beginTransaction();
        send(producer, from, to);
        if (commit) {
            producer.commitTransaction();
        } else {
            producer.abortTransaction();
        }
    }

    private void untilTheEnd(Running running) {
        long end = kafka.settledLogEnds(topic, 1).getOrDefault(partition, -1L);
        running.until(
                "the stored offset is the log end " + end, () -> ExactlyOnce.stored(database, topic, partition) == end);
        CopiedLog.assertComplete(database, kafka, topic, 1);
    }

    private void untilTheEndIsSeen(Running running) {
        untilTheEnd(running);
        long end = kafka.settledLogEnds(topic, 1).getOrDefault(partition, -1L);
        running.until(
                "lag is 0",
                () -> database.query("select log_end_offset, lag from tidemark.consumer_lag")
                        .equals(List.of(end + "|0")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"cooperative", "consumer"})
    void behindACommitMarkerAndAbortedData(String protocol) {
        kafka.createTopic(topic, 1);
        try (var producer = kafka.transactionalProducer(topic);
                Running running = start(protocol)) {
            transaction(producer, 0, 10, true);
            untilTheEnd(running);
            transaction(producer, 10, 30, false);
            untilTheEnd(running);
            transaction(producer, 30, 40, true);
            transaction(producer, 40, 50, false);
            transaction(producer, 50, 60, true);
            untilTheEndIsSeen(running);
        }
        assertThat(CopiedLog.rows(database)).as("the committed ones").hasSize(30);
        assertThat(kafka.logEnds(topic, 1)).as("records and markers").containsEntry(partition, 65L);
    }

    @Test
    void alongALogOfNothingButAbortedData() {
        kafka.createTopic(topic, 1);
        try (var producer = kafka.transactionalProducer(topic)) {
            transaction(producer, 0, 100, false);
        }
        try (Running running = start("cooperative")) {
            untilTheEnd(running);
        }
        assertThat(CopiedLog.rows(database)).isEmpty();
        try (Running again = start("consumer")) {
            untilTheEndIsSeen(again);
        }
    }

    @Test
    void onceAnOpenTransactionEnds() {
        kafka.createTopic(topic, 1);
        try (var open = kafka.transactionalProducer(topic);
                var producer = kafka.producer();
                Running running = start("consumer")) {
            send(producer, 0, 10);
            open.beginTransaction();
            send(open, 10, 20);
            send(producer, 20, 30);
            running.until("up to the open one", () -> ExactlyOnce.stored(database, topic, partition) == 10);
            assertThat(CopiedLog.rows(database)).hasSize(10);
            open.abortTransaction();
            untilTheEndIsSeen(running);
        }
        assertThat(CopiedLog.rows(database)).hasSize(20);
    }

    /** Segments follow the records' times, so that old records make closed segments at once, which compaction may touch. */
    @Test
    void overWhatCompactionHasRemoved() {
        kafka.createTopic(
                topic,
                1,
                Map.of(
                        "cleanup.policy", "compact",
                        "segment.ms", Long.toString(Duration.ofMinutes(10).toMillis()),
                        "min.cleanable.dirty.ratio", "0.001"));
        long old = System.currentTimeMillis() - Duration.ofHours(2).toMillis();
        try (var producer = kafka.producer();
                var transactional = kafka.transactionalProducer(topic)) {
            for (int i = 0; i < 200; i++) {
                var unused = producer.send(new ProducerRecord<>(
                        topic, 0, old, "key " + i % 5, flights.get(i).json()));
            }
            producer.flush();
            // What comes last, an abort, is of today, and so begins the segment that stays.
            transactional.beginTransaction();
            for (int i = 0; i < 50; i++) {
                var unused = transactional.send(new ProducerRecord<>(
                        topic, 0, old, "other " + i, flights.get(i).json()));
            }
            transactional.flush();
            transactional.abortTransaction();
        }
        Awaitility.await("compaction left one record of each key")
                .until(() -> CopiedLog.read(kafka, topic, 1).size() == 5);
        try (Running running = start("cooperative")) {
            untilTheEndIsSeen(running);
        }
        assertThat(CopiedLog.rows(database)).hasSize(5);
    }
}

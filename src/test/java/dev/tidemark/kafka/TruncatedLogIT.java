package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.PartitionState;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.Problem;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.CopiedLog;
import dev.tidemark.testkit.kafka.KafkaCluster;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A broker that missed records becomes leader: what the group has applied is no longer what the log holds. */
@Order(1) // its tests take longest
@Tag("exhaustive")
class TruncatedLogIT {
    /** Both brokers hold so many; one alone holds as many again, which are lost. */
    private static final int COMMON = 100;

    private final KafkaCluster kafka = KafkaCluster.start(Servers.directory("truncated-kafka"));
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic("truncated", 1);
    private final TopicPartition partition = new TopicPartition(topic, 0);
    private final List<Flight> flights = Flights.sample();
    private final int first = kafka.leader(partition);
    private final int second = 3 - first;

    @AfterEach
    void stop() {
        kafka.close();
    }

    private Running start() {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.topics(topic).handle(CopiedLog::copy));
    }

    private Running startBounded() {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.topics(topic).untilEnd().handle(CopiedLog::copy));
    }

    private void produce(int from, int to) throws Exception {
        try (var producer = kafka.producer()) {
            for (Flight flight : flights.subList(from, to)) {
                producer.send(new ProducerRecord<>(topic, 0, flight.key(), flight.json()))
                        .get();
            }
        }
    }

    @Provokes(ErrorCode.LOG_TRUNCATED)
    @Test
    void whatWasReadFromALostLogIsNoticedAndLeftToAPerson() throws Exception {
        CopiedLog.createTable(database);
        try (Running running = start()) {
            produce(0, COMMON);
            running.until("all read", () -> stored() == COMMON);
            kafka.kill(second);
            kafka.awaitReplicas(partition, first);
            produce(COMMON, 2 * COMMON);
            running.until("what one broker holds is read", () -> stored() == 2 * COMMON);
            kafka.kill(first);
            kafka.boot(second);
            kafka.awaitReplicas(partition, second);

            assertThat(running.failure())
                    .as("while the new log is shorter")
                    .isInstanceOf(LogMismatchException.class)
                    .hasMessageStartingWith("TM-305")
                    .hasMessageContaining("topic " + topic + " partition 0")
                    .hasMessageContaining("stored offset " + 2 * COMMON)
                    .hasMessageContaining("ends at " + COMMON);
        }
        List<String> before = CopiedLog.rows(database);
        assertThat(before).hasSize(2 * COMMON);

        produce(2 * COMMON, 4 * COMMON);
        try (Running running = start()) {
            assertThat(running.failure())
                    .as("once the new log is longer, which only the stored leader epoch can tell")
                    .isInstanceOf(LogMismatchException.class)
                    .hasMessageStartingWith("TM-306")
                    .hasMessageContaining("topic " + topic + " partition 0")
                    .hasMessageContaining("stored offset " + 2 * COMMON);
        }
        assertThat(CopiedLog.rows(database)).as("nothing of the new log").isEqualTo(before);
        assertThat(stored()).isEqualTo(2 * COMMON);

        database.owner()
                .execute("begin;"
                        + "delete from copied where record_offset >= " + COMMON + ";"
                        + "update tidemark.stored_offset set next_offset = " + COMMON + ";"
                        + "commit");
        try (Running running = start()) {
            running.until("goes on", () -> stored() == 3 * COMMON);
        }
        CopiedLog.assertComplete(database, kafka, topic, 1);
    }

    /** What it would have to wait for is no transaction, and it does not end before its end. */
    @Test
    void aBoundedRunWhoseEndIsLostSaysSo() throws Exception {
        CopiedLog.createTable(database);
        produce(0, COMMON);
        try (Running running = start()) {
            running.until("all read", () -> stored() == COMMON);
        }
        kafka.kill(second);
        kafka.awaitReplicas(partition, first);
        produce(COMMON, 2 * COMMON);
        database.execute("select tidemark.pause('" + topic + "')");
        try (Running running = startBounded()) {
            running.until(
                    "it has begun",
                    () -> running.consumer().status().partitions().stream()
                            .anyMatch(p -> p.state() == PartitionState.PAUSED));
            kafka.kill(first);
            kafka.boot(second);
            kafka.awaitReplicas(partition, second);
            database.execute("select tidemark.resume('" + topic + "')");
            running.until(
                    "it is told",
                    () -> running.consumer().status().partitions().stream()
                            .flatMap(p -> p.lastError().stream())
                            .map(Problem::toString)
                            .anyMatch(error -> error.contains("TM-306")
                                    && error.contains("ended at offset " + 2 * COMMON)
                                    && error.contains("ends at " + COMMON + " now")));
            produce(2 * COMMON, 3 * COMMON);
            running.end();
        }
        assertThat(stored()).isEqualTo(2 * COMMON);
        CopiedLog.assertComplete(database, kafka, topic, 1);
    }

    private long stored() {
        return ExactlyOnce.stored(database, topic, partition);
    }
}

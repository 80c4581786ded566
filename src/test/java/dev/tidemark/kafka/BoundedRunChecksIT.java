package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.GapPolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.Problem;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A bounded run that has nothing to read looks all the same whether its offsets mean the log that there is. */
@Tag("exhaustive")
class BoundedRunChecksIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String topic = kafka.createTopic(Servers.unique("checked"), 2);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    @BeforeEach
    void readAll() {
        Servers.produceTo(producer, zero, flights);
        Servers.produceTo(producer, one, flights);
        try (Running running = start(b -> b.topics(topic))) {
            running.end();
        }
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(200);
    }

    @AfterEach
    void close() {
        producer.close();
    }

    private Running start(UnaryOperator<TidemarkBuilder<String, String>> special) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> special.apply(builder.untilEnd()).handleBatch(FlightEffects::foldBatch));
    }

    private UnaryOperator<TidemarkBuilder<String, String>> reads(String how) {
        return switch (how) {
            case "topics" -> b -> b.topics(topic);
            case "strict" -> b -> b.topics(topic).strictTopicIdentity();
            case "pattern" -> b -> b.topicPattern(Pattern.compile(Pattern.quote(topic) + "(|-.*)"));
            case "partitions" -> b -> b.partitions(zero, one);
            default -> throw new IllegalArgumentException(how);
        };
    }

    private void assertFails(UnaryOperator<TidemarkBuilder<String, String>> special, String... words) {
        try (Running running = start(special)) {
            var failure = assertThat(running.failure()).isInstanceOf(LogMismatchException.class);
            for (String word : words) {
                failure.hasMessageContaining(word);
            }
            assertThat(running.consumer().status().state()).isEqualTo(ConsumerStatus.State.FAILED);
        }
        assertThat(database.number("select count(*) from applied"))
                .as("records that took effect")
                .isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"topics", "strict", "pattern", "partitions"})
    void aTopicThatWasCreatedAgainWithFewerRecords(String how) {
        kafka.createAgain(topic, 2);
        Servers.produceTo(producer, zero, flights.subList(0, 50));
        assertFails(reads(how), "TM-302", kafka.topicId(topic));
    }

    /** Everything is where it was, by the numbers. */
    @Test
    void aTopicThatWasCreatedAgainWithAsMany() {
        kafka.createAgain(topic, 2);
        Servers.produceTo(producer, zero, flights);
        Servers.produceTo(producer, one, flights);
        assertFails(reads("topics"), "TM-302");
    }

    @ParameterizedTest
    @ValueSource(strings = {"topics", "pattern", "partitions"})
    void anotherCluster(String how) {
        database.owner().execute("update tidemark.topic_binding set cluster_id = 'another-cluster'");
        assertFails(reads(how), "TM-301", "another-cluster");
    }

    /** To a pattern, a cluster without such topics looks like one where everything is read. */
    @ParameterizedTest
    @ValueSource(strings = {"topics", "pattern"})
    void anotherClusterWithoutTheTopic(String how) throws Exception {
        database.owner().execute("update tidemark.topic_binding set cluster_id = 'another-cluster'");
        kafka.admin().deleteTopics(List.of(topic)).all().get();
        assertFails(reads(how), "TM-301", "another-cluster");
    }

    /** The first that is found fails the run, but not before the others are found: here one is late, as its claim waits for a lock. */
    @Test
    void everyPartitionThatIsWrongIsRecorded() throws Exception {
        kafka.admin()
                .deleteRecords(Map.of(zero, RecordsToDelete.beforeOffset(50)))
                .all()
                .get();
        database.owner()
                .execute("update tidemark.stored_offset set next_offset = case partition when 0 then 0 else 1000 end");
        String halted =
                "select partition, error_code from tidemark.partition_state where halted_at is not null order by 1";
        try (Connection blocker = database.owner().connect()) {
            blocker.setAutoCommit(false);
            try (Statement s = blocker.createStatement()) {
                s.execute("select 1 from tidemark.stored_offset where partition = 1 for update");
            }
            try (Running running = start(b -> b.topics(topic))) {
                running.until(
                        "the first has halted", () -> database.query(halted).equals(List.of("0|TM-304")));
                blocker.rollback();
                assertThat(running.failure()).isInstanceOf(LogMismatchException.class);
            }
        }
        assertThat(database.query(halted)).containsExactly("0|TM-304", "1|TM-305");
    }

    /** A claim can be late: its binding is locked here; elsewhere the group takes its time. Until then nothing is finished. */
    @ParameterizedTest
    @ValueSource(strings = {"fewer records", "as many", "another cluster"})
    void whatIsWrongIsNotCalledFinishedBeforeItIsClaimed(String what) throws SQLException {
        if (what.equals("another cluster")) {
            database.owner().execute("update tidemark.topic_binding set cluster_id = 'another-cluster'");
        } else {
            kafka.createAgain(topic, 2);
            Servers.produceTo(producer, zero, flights.subList(0, what.equals("as many") ? 100 : 50));
            Servers.produceTo(producer, one, flights.subList(0, what.equals("as many") ? 100 : 0));
        }
        try (Connection person = database.owner().connect();
                Statement s = person.createStatement()) {
            person.setAutoCommit(false);
            s.execute("select * from tidemark.topic_binding for update");
            try (Running running = start(reads("topics"))) {
                running.until(
                        "its claims wait",
                        () -> running.consumer().status().partitions().stream()
                                .anyMatch(p -> p.lastError()
                                        .map(Problem::toString)
                                        .orElse("")
                                        .contains("TM-404")));
                Awaitility.await("it goes on")
                        .during(Duration.ofSeconds(2))
                        .until(() -> running.consumer().status().state() == ConsumerStatus.State.RUNNING);
                person.rollback();
                assertThat(running.failure())
                        .hasMessageContaining(what.equals("another cluster") ? "TM-301" : "TM-302");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {101, 5_000, Long.MAX_VALUE})
    void anOffsetBeyondTheLog(long offset) {
        database.owner().execute("update tidemark.stored_offset set next_offset = " + offset + " where partition = 1");
        assertFails(reads("topics"), "TM-305", "partition 1", Long.toString(offset));
        assertThat(database.query("select error_code from tidemark.partition_state where halted_at is not null"))
                .containsExactly("TM-305");
    }

    /** The others are read first, as with every halt. */
    @Test
    void oneBeyondTheLogAndOneToRead() {
        database.owner().execute("update tidemark.stored_offset set next_offset = 101 where partition = 1");
        Servers.produceTo(producer, zero, flights);
        try (Running running = start(reads("topics"))) {
            assertThat(running.failure()).hasMessageContaining("TM-305");
        }
        assertThat(ExactlyOnce.stored(database, topic, zero)).isEqualTo(200);
    }

    /** Nothing fetches there, so nothing else would notice. */
    @Test
    void anOffsetBeyondTheLogOfAPausedPartition() {
        database.owner().execute("update tidemark.stored_offset set next_offset = 101 where partition = 1");
        database.execute("select tidemark.pause('" + topic + "', '" + topic + "', 1, 'a test')");
        assertFails(reads("topics"), "TM-305", "partition 1");
    }

    @Test
    void aRowThatIsMissing() {
        database.owner().execute("delete from tidemark.stored_offset where partition = 1");
        assertFails(reads("topics"), "TM-303", "partition 1");
    }

    @Test
    void anOffsetBelowTheLogWithNothingElseToRead() {
        database.owner().execute("update tidemark.stored_offset set next_offset = 20 where partition = 1");
        kafka.expire(one, 100);
        assertFails(reads("topics"), "TM-304", "partition 1");
        try (Running running = start(b -> b.topics(topic).onGap(GapPolicy.resumeAtEarliest()))) {
            running.end();
        }
        assertThat(ExactlyOnce.stored(database, topic, one)).isEqualTo(100);
        assertThat(database.number("select count(*) from tidemark.audit_log where action = 'gap'"))
                .isEqualTo(1);
    }

    @Test
    void partitionsThatWereAddedAreBoundAndRead() {
        kafka.addPartitions(topic, 4);
        TopicPartition three = new TopicPartition(topic, 3);
        Servers.produceTo(producer, three, flights.subList(0, 1));
        try (Running running = start(reads("topics"))) {
            running.end();
        }
        assertThat(ExactlyOnce.stored(database, topic, three)).isPositive();
        assertThat(database.number("select count(*) from tidemark.stored_offset"))
                .isEqualTo(4);
    }

    @Test
    void allProcessesOfARunFail() {
        database.owner().execute("update tidemark.stored_offset set next_offset = 101 where partition = 1");
        try (Running first = start(reads("topics"));
                Running second = start(reads("topics"))) {
            assertThat(first.failure()).hasMessageContaining("TM-");
            assertThat(second.failure()).hasMessageContaining("TM-");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aTopicThatGoesDuringTheRun(boolean again) throws Exception {
        Servers.produceTo(producer, zero, flights);
        CountDownLatch open = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.topics(topic)
                        .untilEnd()
                        .limits(UnitLimits.defaults().withMaxRecords(10))
                        .handleBatch((records, tx) -> {
                            FlightEffects.foldBatch(records, tx);
                            open.countDown();
                            goOn.await();
                        }))) {
            open.await();
            if (again) {
                kafka.createAgain(topic, 2);
                Servers.produceTo(producer, zero, flights);
            } else {
                kafka.admin().deleteTopics(List.of(topic)).all().get();
            }
            goOn.countDown();
            assertThat(running.failure()).hasMessageContaining(again ? "TM-302" : "TM-307");
        } finally {
            goOn.countDown();
        }
    }

    /** What halted before a bounded run began, in a process that continues, is never read by it; the other keeps partition 0. */
    @Test
    void aPartitionThatStandsStillInAnotherProcess() {
        Servers.produceTo(producer, zero, flights);
        try (Running other = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handle(this::failOnZero))) {
            other.until(
                    "one has halted",
                    () -> other.consumer().status().partitions().stream()
                            .anyMatch(p -> p.state() == PartitionState.HALTED));
            Servers.produceTo(producer, one, flights);
            try (Running running = Running.start(
                    database,
                    kafka.consumerConfig(topic, "cooperative"),
                    builder -> builder.topics(topic).untilEnd().handle(this::failOnZero))) {
                assertThat(running.failure()).isInstanceOf(RecordFailedException.class);
            }
        }
        assertThat(ExactlyOnce.stored(database, topic, one)).isEqualTo(200);
    }

    private void failOnZero(ConsumerRecord<String, String> record, Handle tx) {
        if (record.partition() == 0) {
            throw new IllegalStateException("none of these");
        }
        FlightEffects.foldOne(record, tx);
    }
}

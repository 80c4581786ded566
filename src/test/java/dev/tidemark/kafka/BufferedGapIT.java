package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.tidemark.GapPolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
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

/** Kafka deletes what follows, while what was read before waits in memory: no other place has it. */
@Tag("exhaustive")
class BufferedGapIT {
    private static final int PARTITIONS = 4;

    /** How many records each partition holds, all of which are fetched by the first poll. */
    private static final int READ = 16;

    /** Where the handler stops. */
    private static final int STOP = 8;

    /** Where the logs begin then. */
    private static final int BEGINS = 20;

    private static final String WAITS = "waiting until what was read before has taken effect";
    private static final String HALTED = "code=TM-304";

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String topic = kafka.createTopic(Servers.unique("buffered-gap"), PARTITIONS);
    private final List<Flight> flights = Flights.sample().subList(0, READ + 10);

    private final Set<Integer> stopped = ConcurrentHashMap.newKeySet();
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final AtomicBoolean failing = new AtomicBoolean(true);

    @BeforeEach
    void produce() {
        for (TopicPartition partition : partitions()) {
            Servers.produceTo(producer, partition, flights.subList(0, READ));
        }
    }

    @AfterEach
    void close() {
        goOn.countDown();
        producer.close();
    }

    private List<TopicPartition> partitions() {
        List<TopicPartition> partitions = new ArrayList<>();
        for (int p = 0; p < PARTITIONS; p++) {
            partitions.add(new TopicPartition(topic, p));
        }
        return partitions;
    }

    private interface Stop {
        void at(ConsumerRecord<String, String> record, Handle tx) throws Exception;
    }

    /** One record a unit, and more workers than partitions: none stops because another does, and none is paused. */
    private Running start(String protocol, GapPolicy policy, Stop stop) {
        return Running.start(
                database.pool(PARTITIONS + 2),
                kafka.consumerConfig(topic, protocol),
                builder -> builder.topics(topic)
                        .onGap(policy)
                        .workers(PARTITIONS + 1)
                        .limits(UnitLimits.defaults().withMaxRecords(1))
                        .handle((record, tx) -> {
                            if (record.offset() == STOP) {
                                stopped.add(record.partition());
                                stop.at(record, tx);
                            }
                            FlightEffects.foldOne(record, tx);
                        }));
    }

    /** Consumers wait at the first record of an open transaction, and the logs then begin behind it. */
    private void expireWhatFollows() {
        try (KafkaProducer<String, String> transactions = kafka.transactionalProducer(topic)) {
            transactions.beginTransaction();
            for (TopicPartition partition : partitions()) {
                Servers.produceTo(transactions, partition, flights.subList(READ, flights.size()));
                kafka.expire(partition, BEGINS);
            }
            transactions.commitTransaction();
        }
    }

    private long stored(TopicPartition partition) {
        return ExactlyOnce.stored(database, topic, partition);
    }

    private static long halted(Running running) {
        return running.consumer().status().partitions().stream()
                .filter(p -> p.state() == PartitionState.HALTED)
                .count();
    }

    private static String gone(long stored) {
        return "records " + stored + " to " + (BEGINS - 1) + " are gone";
    }

    /** Whether a line has all these words. */
    private static boolean isLogged(LogCapture log, String... words) {
        return log.news().stream()
                .map(ILoggingEvent::getFormattedMessage)
                .anyMatch(line -> Arrays.stream(words).allMatch(line::contains));
    }

    private void stopEachInItsWay(ConsumerRecord<String, String> record, Handle tx) throws Exception {
        switch (record.partition()) {
            case 0 -> goOn.await();
            case 1 -> {
                if (failing.get()) {
                    throw new SQLTransientException("not yet");
                }
            }
            case 2 -> tx.execute("lock table locked in share mode");
            default -> {}
        }
    }

    /** However long it takes; with the policy that halts it was given up after ten seconds. */
    @Test
    void whatIsBufferedTakesEffectBeforeThePartitionHalts() throws SQLException {
        database.owner().execute("create table locked ()", "grant all on locked to public");
        try (LogCapture log = LogCapture.of(topic);
                Connection holder = database.owner().connect()) {
            holder.setAutoCommit(false);
            holder.createStatement().execute("lock table locked in access exclusive mode");
            try (Running running = start("consumer", GapPolicy.halt(), this::stopEachInItsWay)) {
                running.until(
                        "three have stopped, the fourth is read",
                        () -> stopped.containsAll(Set.of(0, 1, 2))
                                && stored(partitions().get(3)) == READ);
                expireWhatFollows();
                running.until(
                        "the one that has nothing buffered halts",
                        () -> running.consumer().status().partitions().get(3).state() == PartitionState.HALTED);
                running.until(
                        "the others are waited for",
                        () -> partitions().subList(0, 3).stream()
                                .allMatch(
                                        partition -> isLogged(log, WAITS, partition + "@" + STOP + "-" + (READ - 1))));
                Awaitility.await("longer than they were waited for")
                        .during(Duration.ofSeconds(15))
                        .until(() -> halted(running) == 1);
                failing.set(false);
                goOn.countDown();
                holder.rollback();
                assertThat(running.failure())
                        .isInstanceOf(LogMismatchException.class)
                        .hasMessageStartingWith("TM-304");
            }
        }
        for (TopicPartition partition : partitions()) {
            ExactlyOnce.assertApplied(database, partition, LongStream.range(0, READ));
            assertThat(database.query("select error_code, error_text from tidemark.partition_state where partition = "
                            + partition.partition()))
                    .singleElement()
                    .asString()
                    .startsWith("TM-304|")
                    .contains(gone(READ));
        }
        try (Running running = start("consumer", GapPolicy.resumeAtEarliest(), (record, tx) -> {})) {
            running.until(
                    "what is left is read",
                    () -> partitions().stream().allMatch(partition -> stored(partition) == flights.size() + 1));
        }
        for (TopicPartition partition : partitions()) {
            ExactlyOnce.assertApplied(
                    database,
                    partition,
                    LongStream.concat(LongStream.range(0, READ), LongStream.range(BEGINS, flights.size())));
        }
        assertThat(database.query("select partition, from_offset, to_offset from tidemark.audit_log"
                        + " where action = 'gap' order by partition"))
                .containsExactly("0|16|20", "1|16|20", "2|16|20", "3|16|20");
    }

    /** Each of these ends the buffer, which is said, and what is left of the log is not read over it. */
    @ParameterizedTest
    @ValueSource(strings = {"pause", "fence", "restart", "eager", "cooperative", "consumer"})
    void whatIsGivenUpOfABufferIsNamedAtTheNextClaim(String event) {
        String protocol = Set.of("eager", "cooperative").contains(event) ? event : "consumer";
        List<Running> members = new ArrayList<>();
        try (LogCapture log = LogCapture.of(topic)) {
            Running first = start(protocol, GapPolicy.halt(), (record, tx) -> goOn.await());
            members.add(first);
            first.until("all have stopped", () -> stopped.size() == PARTITIONS);
            expireWhatFollows();
            first.until("they are waited for", () -> isLogged(log, WAITS, topic));
            switch (event) {
                case "pause" -> {
                    database.execute("select tidemark.pause('" + topic + "')");
                    first.until(
                            "paused",
                            () -> first.consumer().status().partitions().stream()
                                    .allMatch(p -> p.state() == PartitionState.PAUSED));
                    goOn.countDown();
                    database.execute("select tidemark.resume('" + topic + "')");
                }
                case "fence" -> {
                    database.owner().execute("update tidemark.stored_offset set next_offset = next_offset");
                    goOn.countDown();
                }
                case "restart" -> {
                    goOn.countDown();
                    first.close();
                    members.set(0, start(protocol, GapPolicy.halt(), (record, tx) -> {}));
                }
                default -> {
                    members.add(start(protocol, GapPolicy.halt(), (record, tx) -> {}));
                    first.until(
                            "some are taken away",
                            () -> first.consumer().status().partitions().size() < PARTITIONS);
                    goOn.countDown();
                }
            }
            Awaitility.await("all are told")
                    .until(() -> partitions().stream()
                            .allMatch(partition -> isLogged(log, HALTED, " partition=" + partition + " ")));
            for (TopicPartition partition : partitions()) {
                long stored = stored(partition);
                ExactlyOnce.assertApplied(database, partition, LongStream.range(0, stored));
                assertThat(isLogged(log, HALTED, " partition=" + partition + " ", gone(stored)))
                        .as(partition + " at " + stored)
                        .isTrue();
            }
        } finally {
            goOn.countDown();
            members.forEach(Running::close);
        }
    }
}

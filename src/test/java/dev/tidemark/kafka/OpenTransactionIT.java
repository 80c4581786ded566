package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Records that were committed behind an open transaction are in the log, and nobody may read them: that is told, and waited for. */
@Tag("exhaustive")
class OpenTransactionIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String topic = kafka.createTopic(Servers.unique("open"), 3);
    private final KafkaProducer<String, String> open = kafka.transactionalProducer(topic);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);
    private final TopicPartition two = new TopicPartition(topic, 2);
    private final List<Flight> flights = Flights.sample();
    private final LogCapture log = LogCapture.of(topic);

    @AfterEach
    void close() {
        log.close();
        open.close();
        producer.close();
    }

    private Running start(String protocol, UnaryOperator<TidemarkBuilder<String, String>> special) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, protocol),
                builder -> special.apply(builder.topics(topic)).handleBatch(FlightEffects::foldBatch));
    }

    /** Offsets 0 to 4 of partition 0 can be read; 5 to 24 and those of partition 1 are in the transaction, 25 to 34 behind it. */
    private void leaveOpen() {
        Servers.produceTo(producer, zero, flights.subList(0, 5));
        open.beginTransaction();
        Servers.produceTo(open, zero, flights.subList(0, 20));
        Servers.produceTo(open, one, flights.subList(0, 20));
        Servers.produceTo(producer, zero, flights.subList(0, 10));
    }

    private void finish(boolean commit) {
        if (commit) {
            open.commitTransaction();
        } else {
            open.abortTransaction();
        }
    }

    private void assertApplied(boolean commit) {
        LongStream plain = LongStream.concat(LongStream.range(0, 5), LongStream.range(25, 35));
        ExactlyOnce.assertApplied(database, zero, commit ? LongStream.range(0, 35) : plain);
        ExactlyOnce.assertApplied(database, one, commit ? LongStream.range(0, 20) : LongStream.empty());
    }

    /** In the log, the status, the health and the database. */
    private void isTold(Running running) {
        running.until(
                "the log tells",
                () -> isLogged(Level.WARN, "waiting", zero, 5) && isLogged(Level.WARN, "waiting", one, 0));
        running.until(
                "the status tells",
                () -> running.consumer().status().partitions().stream()
                                .filter(p -> p.lastError()
                                        .filter(error -> error.code() == ErrorCode.OPEN_TRANSACTION
                                                && error.message().contains("find-hanging"))
                                        .isPresent())
                                .filter(p -> p.errorSince().isPresent())
                                .count()
                        == 2);
        running.until(
                "the view tells",
                () -> database.query("select partition, state, error_code, waiting_since < clock_timestamp()"
                                + " from tidemark.consumer_lag where state <> 'owned' order by partition")
                        .equals(List.of("0|waiting|TM-312|t", "1|waiting|TM-312|t")));
        running.until(
                "the health tells, and that it is not the consumer's fault",
                () -> running.consumer().health().ready()
                        && running.consumer().health().live()
                        && running.consumer().health().problems().stream()
                                .anyMatch(problem -> problem.contains("TM-312") && problem.contains(" since ")));
    }

    private boolean isLogged(Level level, String event, TopicPartition partition, long offset) {
        return log.news().stream()
                .filter(line -> line.getLevel() == level)
                .map(ILoggingEvent::getFormattedMessage)
                .anyMatch(
                        line -> line.startsWith(event + " group=" + topic + " partition=" + partition + " code=TM-312 ")
                                && line.contains(" waits at offset " + offset + " "));
    }

    @Provokes(ErrorCode.OPEN_TRANSACTION)
    @ParameterizedTest
    @CsvSource({"eager, true", "cooperative, false", "consumer, true", "consumer, false"})
    void aBoundedRunWaitsForIt(String protocol, boolean commit) {
        leaveOpen();
        try (Running running = start(protocol, TidemarkBuilder::untilEnd)) {
            isTold(running);
            finish(commit);
            running.end();
        }
        assertThat(ExactlyOnce.stored(database, topic, zero)).isGreaterThanOrEqualTo(35);
        assertThat(ExactlyOnce.stored(database, topic, one)).isGreaterThanOrEqualTo(20);
        assertApplied(commit);
    }

    /** A consumer that does not end has one of the partitions at least, and so has the run. */
    @Test
    void aBoundedRunWaitsForThoseThatAnotherProcessHolds() {
        List<TopicPartition> all = List.of(zero, one, two);
        open.beginTransaction();
        all.forEach(partition -> Servers.produceTo(open, partition, flights.subList(0, 10)));
        try (Running other = start("cooperative", builder -> builder)) {
            other.until(
                    "the other has all",
                    () -> database.number("select count(*) from tidemark.consumer_lag where owner is not null") == 3);
            try (Running running = start("cooperative", TidemarkBuilder::untilEnd)) {
                running.until(
                        "it tells of one that it does not hold",
                        () -> all.stream().anyMatch(partition -> isLogged(Level.INFO, "waiting", partition, 0)));
                open.commitTransaction();
                running.end();
            }
        }
        all.forEach(partition -> ExactlyOnce.assertApplied(database, partition, LongStream.range(0, 10)));
    }

    @Test
    void whoReadsUncommittedRecordsWaitsForNoTransaction() {
        leaveOpen();
        Map<String, Object> config = new HashMap<>(kafka.consumerConfig(topic, "consumer"));
        config.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
        try (Running running = Running.start(
                database, config, builder -> builder.topics(topic).untilEnd().handleBatch(FlightEffects::foldBatch))) {
            running.end();
        }
        assertApplied(true);
        open.abortTransaction();
    }

    /** Transactions last; one that lasts for a minute may be one that nobody ends. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aConsumerTellsOfOneThatLasts(boolean commit) {
        leaveOpen();
        try (Running running = start(commit ? "cooperative" : "consumer", builder -> builder)) {
            isTold(running);
            finish(commit);
            long end = kafka.settledLogEnds(topic, 3).getOrDefault(zero, -1L);
            running.until("read on", () -> ExactlyOnce.stored(database, topic, zero) == end);
            running.until(
                    "nothing is wrong any more",
                    () -> running.consumer().health().problems().isEmpty()
                            && database.query("select distinct state, error_code from tidemark.consumer_lag")
                                    .equals(List.of("owned|null")));
            running.until(
                    "the log tells that too",
                    () -> log.news().stream()
                                    .filter(line -> line.getLevel() == Level.INFO)
                                    .map(ILoggingEvent::getFormattedMessage)
                                    .filter(line -> line.startsWith("continuing "))
                                    .filter(line -> line.contains(zero.toString()) || line.contains(one.toString()))
                                    .count()
                            >= 1);
        }
        assertApplied(commit);
    }
}

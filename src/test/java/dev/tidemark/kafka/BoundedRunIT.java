package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import dev.tidemark.ConsumerStatus;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.RecordFailedException;
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
import dev.tidemark.testkit.process.ChildJvm;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.sql.SQLTransientException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that ends at the end of the logs: not before, not never, and not in silence. */
class BoundedRunIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String topic = kafka.createTopic(Servers.unique("bounded"), 3);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 1_000);

    @AfterEach
    void close() {
        producer.close();
    }

    private Running start(String protocol, UnaryOperator<TidemarkBuilder<String, String>> reads) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, protocol),
                builder -> reads.apply(builder)
                        .untilEnd()
                        .limits(UnitLimits.defaults().withMaxRecords(100))
                        .handleBatch(FlightEffects::foldBatch));
    }

    private void assertEndsComplete(int times) {
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 3), Flights.truth(flights, times));
    }

    /** Partition 2 and another topic hold nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"eager", "cooperative", "consumer"})
    void endsOnceEverythingIsRead(String protocol) {
        String empty = kafka.createTopic(topic + "-empty", 2);
        Servers.produceTo(producer, zero, flights);
        Servers.produceTo(producer, one, flights);
        try (Running running = start(protocol, builder -> builder.topics(topic, empty))) {
            running.end();
            assertThat(running.consumer().status().state()).isEqualTo(ConsumerStatus.State.STOPPED);
        }
        assertEndsComplete(2);
    }

    @Test
    void endsBehindTransactionMarkers() {
        try (KafkaProducer<String, String> transactions =
                kafka.producer(Map.of(ProducerConfig.TRANSACTIONAL_ID_CONFIG, topic))) {
            transactions.initTransactions();
            transact(transactions, zero, true);
            transact(transactions, zero, false);
            transact(transactions, one, false);
            transact(transactions, new TopicPartition(topic, 2), true);
        }
        try (Running running = start("consumer", builder -> builder.topics(topic))) {
            running.end();
        }
        kafka.logEnds(topic, 3)
                .forEach((partition, end) -> assertThat(ExactlyOnce.stored(database, topic, partition))
                        .as("stored offset of " + partition)
                        .isEqualTo(end));
        ExactlyOnce.assertApplied(database, zero, LongStream.range(0, 1_000));
        ExactlyOnce.assertApplied(database, one, LongStream.empty());
        ExactlyOnce.assertApplied(database, new TopicPartition(topic, 2), LongStream.range(0, 1_000));
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(flights, 2));
    }

    private void transact(KafkaProducer<String, String> transactions, TopicPartition partition, boolean commit) {
        transactions.beginTransaction();
        Servers.produceTo(transactions, partition, flights);
        if (commit) {
            transactions.commitTransaction();
        } else {
            transactions.abortTransaction();
        }
    }

    /** Each unit makes more than it takes, so the log has no end but the one at the start. */
    @Test
    void endsThoughRecordsKeepComing() {
        Servers.produceTo(producer, zero, flights);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .untilEnd()
                        .limits(UnitLimits.defaults().withMaxRecords(100))
                        .handleBatch((records, tx) -> {
                            FlightEffects.foldBatch(records, tx);
                            Servers.produceTo(producer, zero, flights.subList(0, 200));
                        }))) {
            running.end();
        }
        assertThat(ExactlyOnce.stored(database, topic, zero))
                .isBetween(1_000L, kafka.logEnds(topic, 3).getOrDefault(zero, 0L) - 1);
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Tag("exhaustive")
    @Test
    void whoIsLeftFinishesForTheOneThatWasKilled() {
        Servers.produceTo(producer, zero, flights);
        Servers.produceTo(producer, one, flights);
        try (ConsumerFleet fleet = new ConsumerFleet(
                kafka.consumerConfig(topic, "consumer"), database, topic, Map.of("untilEnd", "true"))) {
            // It never gets beyond its first unit.
            ChildJvm victim = fleet.start(Map.of("handler", "wait"));
            Awaitility.await("a unit is open").until(() -> victim.output().contains("UNIT OPEN"));
            ChildJvm survivor = fleet.start();
            Awaitility.await("the other runs").until(() -> survivor.output().contains("running group"));
            victim.kill();
            assertThat(survivor.await(180)).as(survivor.output()).isZero();
        }
        assertEndsComplete(2);
    }

    @Provokes(ErrorCode.HANDLER_FAILED)
    @Test
    void throwsWhatHaltedAPartitionOnceTheOthersAreDone() {
        Servers.produceTo(producer, zero, flights);
        Servers.produceTo(producer, one, flights);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.topics(topic)
                        .untilEnd()
                        .limits(UnitLimits.defaults().withMaxRecords(10))
                        .handle((record, tx) -> {
                            FlightEffects.foldOne(record, tx);
                            if (record.partition() == 0 && record.offset() == 5) {
                                throw new IllegalStateException("no");
                            }
                        }))) {
            assertThat(running.failure())
                    .isInstanceOf(RecordFailedException.class)
                    .hasMessageContaining("TM-502")
                    .hasMessageContaining("topic " + topic + " partition 0 offset 5")
                    .hasRootCauseMessage("no");
        }
        assertThat(ExactlyOnce.stored(database, topic, zero)).isEqualTo(5);
        assertThat(ExactlyOnce.stored(database, topic, one)).isEqualTo(1_000);
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    /** Each process holds one of two partitions that halt: neither may wait for the other forever. */
    @Test
    void partitionsThatHaltedInSeveralProcessesEndThemAll() {
        String four = kafka.createTopic(topic + "-four", 4);
        for (int partition = 0; partition < 4; partition++) {
            Servers.produceTo(producer, new TopicPartition(four, partition), flights);
        }
        AtomicBoolean shared = new AtomicBoolean();
        AtomicInteger firsts = new AtomicInteger(-1);
        AtomicInteger seconds = new AtomicInteger(-1);
        try (Running first = startHaltingOne(four, shared, firsts);
                Running second = startHaltingOne(four, shared, seconds)) {
            for (Running running : List.of(first, second)) {
                running.until(
                        "two partitions each",
                        () -> running.consumer().status().partitions().size() == 2);
            }
            shared.set(true);
            assertThat(first.failure()).hasMessageContaining("TM-502");
            assertThat(second.failure()).hasMessageContaining("TM-502");
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        // Where one process halted, the other may still go on if it gets that partition before it ends.
        for (int partition = 0; partition < 4; partition++) {
            long stored = ExactlyOnce.stored(database, topic, new TopicPartition(four, partition));
            assertThat(stored == 1_000 || (stored == 0 && (partition == firsts.get() || partition == seconds.get())))
                    .as("partition %d at %d, halted %s and %s", partition, stored, firsts, seconds)
                    .isTrue();
        }
    }

    /** Fails on the first partition it meets once the partitions are shared out, and on no other; notes which that is. */
    private Running startHaltingOne(String four, AtomicBoolean shared, AtomicInteger halting) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(four).untilEnd().handle((record, tx) -> {
                    if (!shared.get()) {
                        throw new SQLTransientException("not yet");
                    }
                    halting.compareAndSet(-1, record.partition());
                    FlightEffects.foldOne(record, tx);
                    if (record.partition() == halting.get()) {
                        throw new IllegalStateException("not this one");
                    }
                }));
    }

    @Provokes(ErrorCode.TOPIC_MISSING)
    @Test
    void aMissingTopicIsRefused() {
        String missing = topic + "-missing";
        Servers.produceTo(producer, zero, flights);
        try (Running running = start("consumer", builder -> builder.topics(topic, missing))) {
            assertThat(running.failure())
                    .isInstanceOf(LogMismatchException.class)
                    .hasMessageContaining("TM-307")
                    .hasMessageContaining("topics [" + missing + "] do not exist");
        }
        assertThat(database.query("select * from applied")).isEmpty();
    }

    @Test
    void aPatternThatMatchesNothingIsAtItsEndAndSaysSo() {
        try (LogCapture log = LogCapture.of(topic);
                Running running =
                        start("consumer", builder -> builder.topicPattern(Pattern.compile(topic + "-nothing")))) {
            running.end();
            assertThat(log.news())
                    .anyMatch(e -> e.getLevel() == Level.WARN
                            && e.getFormattedMessage().startsWith("no topic that this user may see matches")
                            && e.getFormattedMessage().contains(topic + "-nothing"));
        }
        assertThat(database.query("select * from tidemark.topic_binding")).isEmpty();
    }

    @Test
    void namedPartitionsAreReadToTheirEnd() {
        Servers.produceTo(producer, zero, flights);
        Servers.produceTo(producer, one, flights);
        TopicPartition empty = new TopicPartition(topic, 2);
        try (Running running = start("cooperative", builder -> builder.partitions(zero, empty))) {
            running.end();
        }
        assertThat(ExactlyOnce.stored(database, topic, zero)).isEqualTo(1_000);
        assertThat(ExactlyOnce.stored(database, topic, one)).isZero();
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        try (Running running =
                start("cooperative", builder -> builder.partitions(zero, new TopicPartition(topic, 7)))) {
            assertThat(running.failure()).hasMessageContaining("TM-307").hasMessageContaining("partitions 0 to 2");
        }
    }
}

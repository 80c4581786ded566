package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An operator pauses a group, a topic or a partition: running consumers follow, keep their assignment, and lose nothing. */
@Order(1) // its tests take longest
class PauseIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String topic = kafka.createTopic(Servers.unique("pause"), 2);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    private final CountDownLatch open = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);

    @AfterEach
    void close() {
        goOn.countDown();
        producer.close();
    }

    private Running start(String protocol, UnaryOperator<TidemarkBuilder<String, String>> reads) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, protocol),
                builder -> reads.apply(builder).handleBatch(FlightEffects::foldBatch));
    }

    private Running start(String protocol) {
        return start(protocol, builder -> builder.topics(topic));
    }

    private void produceToBoth() {
        Servers.produceTo(producer, zero, flights);
        Servers.produceTo(producer, one, flights);
    }

    private void call(String function) {
        database.execute("select tidemark." + function);
    }

    /** False as well before the partition is assigned. */
    private static boolean is(Running running, TopicPartition partition, PartitionState state) {
        return running.consumer().status().partitions().stream()
                .anyMatch(p -> p.partition().equals(partition) && p.state() == state);
    }

    private static PartitionState state(Running running, TopicPartition partition) {
        return status(running, partition).state();
    }

    private static PartitionStatus status(Running running, TopicPartition partition) {
        return running.consumer().status().partitions().stream()
                .filter(p -> p.partition().equals(partition))
                .findFirst()
                .orElseThrow();
    }

    private static void follows(String what, Callable<Boolean> holds) {
        Awaitility.await(what).pollInterval(Duration.ofMillis(50)).until(holds);
    }

    private long stored(TopicPartition partition) {
        return ExactlyOnce.stored(database, topic, partition);
    }

    /** Waits until the owner has seen the end of the log at this offset, so that it has had the time to read as well. */
    private void sees(Running running, TopicPartition partition, long end) {
        running.until(
                "the owner sees the end of " + partition,
                () -> status(running, partition).logEndOffset().orElse(0) == end);
    }

    private List<MemberDescription> members() {
        return List.copyOf(KafkaServer.get(kafka.admin()
                        .describeConsumerGroups(List.of(topic))
                        .describedGroups()
                        .get(topic))
                .members());
    }

    private long claims() {
        return database.number("select sum(owner_epoch) from tidemark.stored_offset");
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(strings = {"eager", "cooperative", "consumer"})
    void aRunningGroupFollowsAndKeepsItsAssignment(String protocol) {
        produceToBoth();
        try (Running running = start(protocol)) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 200);
            List<MemberDescription> members = members();
            long claims = claims();
            call("pause('" + topic + "')");
            follows(
                    "both pause",
                    () -> is(running, zero, PartitionState.PAUSED) && is(running, one, PartitionState.PAUSED));
            produceToBoth();
            sees(running, zero, 200);
            sees(running, one, 200);
            assertThat(stored(zero)).isEqualTo(100);
            assertThat(stored(one)).isEqualTo(100);
            running.until("ready", () -> running.consumer().health().ready());
            assertThat(status(running, zero).storedOffset()).hasValue(100);
            assertThat(status(running, zero).lag()).hasValue(100);
            // The status is told of a sample before it is written.
            running.until(
                    "the view tells it",
                    () -> database.query("select distinct state, owner is not null, lag from tidemark.consumer_lag")
                            .equals(List.of("paused|t|100")));
            assertThat(claims()).as("claims while paused").isEqualTo(claims);

            call("resume('" + topic + "')");
            follows(
                    "both go on",
                    () -> is(running, zero, PartitionState.RUNNING) && is(running, one, PartitionState.RUNNING));
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 400);
            assertThat(claims()).as("one claim each, to go on").isEqualTo(claims + 2);
            assertThat(members()).isEqualTo(members);
            assertThat(status(running, zero).fences()).isZero();
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        assertThat(FlightEffects.airports(database)).isEqualTo(Flights.truth(flights, 4));
    }

    @Tag("exhaustive")
    @Test
    void aTopicStandsStillWhileAnotherGoesOn() {
        TopicPartition other = new TopicPartition(kafka.createTopic(topic + "-other", 1), 0);
        produceToBoth();
        try (Running running = start("cooperative", builder -> builder.topics(topic, other.topic()))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 200);
            call("pause('" + topic + "', '" + topic + "')");
            follows("both pause", () -> is(running, one, PartitionState.PAUSED));
            assertThat(state(running, zero)).isEqualTo(PartitionState.PAUSED);
            produceToBoth();
            Servers.produceTo(producer, other, flights);
            running.until("the other is read", () -> stored(other) == 100);
            sees(running, zero, 200);
            assertThat(stored(zero) + stored(one)).isEqualTo(200);
            call("resume('" + topic + "', '" + topic + "')");
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 500);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void aPartitionStandsStillUntilTheLastPauseOverItEnds() {
        produceToBoth();
        try (Running running = start("consumer")) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 200);
            call("pause('" + topic + "', '" + topic + "', 1)");
            follows("it pauses", () -> is(running, one, PartitionState.PAUSED));
            produceToBoth();
            running.until("its neighbour is read", () -> stored(zero) == 200);
            call("pause('" + topic + "')");
            follows("its neighbour pauses", () -> is(running, zero, PartitionState.PAUSED));
            call("resume('" + topic + "', '" + topic + "', 1)");
            sees(running, one, 200);
            assertThat(state(running, one)).as("the group is still paused").isEqualTo(PartitionState.PAUSED);
            call("resume('" + topic + "')");
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 400);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Tag("exhaustive")
    @Test
    void whatIsPausedBeforeTheStartIsClaimedAndNotRead() {
        call("bind_topic('" + topic + "', '" + topic + "', '"
                + KafkaServer.get(kafka.admin().describeCluster().clusterId()) + "', '" + kafka.topicId(topic)
                + "', array[0, 20])");
        call("pause('" + topic + "', '" + topic + "', 1)");
        produceToBoth();
        try (Running running = start("cooperative")) {
            running.until("one is read", () -> stored(zero) == 100);
            running.until("the other is paused", () -> is(running, one, PartitionState.PAUSED));
            sees(running, one, 100);
            assertThat(stored(one)).isEqualTo(20);
            assertThat(status(running, one).storedOffset()).hasValue(20);
            assertThat(database.query("select partition, state from tidemark.consumer_lag order by 1"))
                    .containsExactly("0|owned", "1|paused");
            call("resume('" + topic + "', '" + topic + "', 1)");
            running.until("both are read", () -> stored(one) == 100);
        }
        assertThat(database.query(
                        "select min(record_offset), max(record_offset), count(*) from applied where partition = 1"))
                .containsExactly("20|99|80");
    }

    @Tag("exhaustive")
    @Test
    void aResetWhilePausedIsFollowed() {
        produceToBoth();
        try (Running running = start("cooperative")) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 200);
            call("pause('" + topic + "')");
            follows("it pauses", () -> is(running, zero, PartitionState.PAUSED));
            database.execute("begin; select tidemark.reset_offset('" + topic + "', '" + topic + "', 0, 30);"
                    + " delete from applied where partition = 0 and record_offset >= 30; commit");
            follows(
                    "it knows where it stands",
                    () -> is(running, zero, PartitionState.PAUSED)
                            && status(running, zero).storedOffset().orElse(-1) == 30);
            assertThat(status(running, zero).lastFence())
                    .hasValueSatisfying(why -> assertThat(why.code()).isEqualTo(ErrorCode.OFFSET_MOVED));
            assertThat(stored(zero)).isEqualTo(30);
            call("resume('" + topic + "')");
            running.until("read again", () -> ExactlyOnce.progress(database, topic) == 200);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Tag("exhaustive")
    @Test
    void aUnitUnderWayIsFinished() throws InterruptedException {
        Servers.produceTo(producer, zero, flights);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(10))
                        // The unit stays open until the pause has been noticed.
                        .transactionIdleTimeout(Duration.ofMinutes(4))
                        .handleBatch((records, tx) -> {
                            FlightEffects.foldBatch(records, tx);
                            if (records.stream().anyMatch(record -> record.offset() == 50)) {
                                open.countDown();
                                goOn.await();
                            }
                        }))) {
            open.await();
            long before = stored(zero);
            call("pause('" + topic + "')");
            follows("it pauses", () -> is(running, zero, PartitionState.PAUSED));
            goOn.countDown();
            running.until("what was open is done", () -> stored(zero) > before);
            long after = stored(zero);
            running.until(
                    "the status knows",
                    () -> status(running, zero).storedOffset().orElse(-1) == after);
            assertThat(after).isBetween(51L, before + 10);
            call("resume('" + topic + "')");
            running.until("all read", () -> stored(zero) == 100);
            assertThat(status(running, zero).fences()).isZero();
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Tag("exhaustive")
    @Test
    void resumedWhileItsUnitIsStillOpenItGoesOnBehindIt() throws InterruptedException {
        Servers.produceTo(producer, zero, flights);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(10))
                        // The unit stays open until the pause has been noticed.
                        .transactionIdleTimeout(Duration.ofMinutes(4))
                        .handleBatch((records, tx) -> {
                            FlightEffects.foldBatch(records, tx);
                            if (records.stream().anyMatch(record -> record.offset() == 50)) {
                                open.countDown();
                                goOn.await();
                            }
                        }))) {
            open.await();
            call("pause('" + topic + "')");
            follows("it pauses", () -> is(running, zero, PartitionState.PAUSED));
            call("resume('" + topic + "')");
            follows("it waits for its unit", () -> is(running, zero, PartitionState.DRAINING));
            goOn.countDown();
            running.until("all read", () -> stored(zero) == 100);
            assertThat(status(running, zero).fences()).isZero();
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Tag("exhaustive")
    @Test
    void whatHaltedStaysHalted() {
        produceToBoth();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handle((record, tx) -> {
                    if (record.partition() == 0 && record.offset() == 40) {
                        throw new IllegalStateException("bad");
                    }
                    FlightEffects.foldOne(record, tx);
                }))) {
            running.until("it halts", () -> is(running, zero, PartitionState.HALTED));
            call("pause('" + topic + "')");
            follows("the other pauses", () -> is(running, one, PartitionState.PAUSED));
            assertThat(state(running, zero)).isEqualTo(PartitionState.HALTED);
            call("resume('" + topic + "')");
            follows("the other goes on", () -> is(running, one, PartitionState.RUNNING));
            assertThat(state(running, zero)).isEqualTo(PartitionState.HALTED);
            call("pause('" + topic + "')");
            follows("the other pauses again", () -> is(running, one, PartitionState.PAUSED));
            call("reset_offset('" + topic + "', '" + topic + "', 0, 41)");
            follows("what was set going is paused as well", () -> is(running, zero, PartitionState.PAUSED));
            call("resume('" + topic + "')");
            running.until("all read", () -> stored(zero) == 100 && stored(one) == 100);
        }
        assertThat(database.query("select count(*), count(distinct record_offset) from applied where partition = 0"))
                .containsExactly("99|99");
    }

    @Tag("exhaustive")
    @Test
    void aBoundedRunWaits() {
        produceToBoth();
        call("bind_topic('" + topic + "', '" + topic + "', '"
                + KafkaServer.get(kafka.admin().describeCluster().clusterId()) + "', '" + kafka.topicId(topic)
                + "', array[0, 0])");
        call("pause('" + topic + "', '" + topic + "', 1)");
        try (Running running =
                start("cooperative", builder -> builder.topics(topic).untilEnd())) {
            running.until("one is read", () -> stored(zero) == 100);
            running.until("the other is paused", () -> is(running, one, PartitionState.PAUSED));
            sees(running, one, 100);
            call("resume('" + topic + "')");
            running.end();
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        assertThat(stored(one)).isEqualTo(100);
    }

    @Tag("exhaustive")
    @Test
    void repeatedPausesMakeNoRecordSuspect() {
        produceToBoth();
        try (Running running = start("cooperative")) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 200);
            for (int i = 0; i < 4; i++) {
                call("pause('" + topic + "')");
                follows("it pauses", () -> is(running, zero, PartitionState.PAUSED));
                call("resume('" + topic + "')");
                follows("it goes on", () -> is(running, zero, PartitionState.RUNNING));
            }
            assertThat(database.number("select max(owner_epoch - progress_epoch) from tidemark.stored_offset"))
                    .as("claims without progress")
                    .isEqualTo(1);
        }
    }
}

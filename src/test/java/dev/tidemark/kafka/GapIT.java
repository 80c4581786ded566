package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.GapPolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.Problem;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.OffsetStore;
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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Records that Kafka deleted before they were read: the partition halts, or continues and leaves a trace, as the policy says. */
class GapIT {
    private static final String GAPS =
            "select action, partition, from_offset, to_offset from tidemark.audit_log where action = 'gap'";

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    // One record to a batch, so that a fetch can be smaller than the log.
    private final KafkaProducer<String, String> producer = kafka.producer(Map.of("batch.size", "0"));
    private final String topic = kafka.createTopic(Servers.unique("gap"), 2);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    /** Both partitions hold 100 records, of which the group has read 20. */
    @BeforeEach
    void readTwenty() {
        Servers.produceTo(producer, zero, flights.subList(0, 20));
        Servers.produceTo(producer, one, flights.subList(0, 20));
        try (Running running = start(GapPolicy.halt())) {
            running.until("twenty read", () -> stored(zero) == 20 && stored(one) == 20);
        }
        Servers.produceTo(producer, zero, flights.subList(20, 100));
        Servers.produceTo(producer, one, flights.subList(20, 100));
    }

    @AfterEach
    void close() {
        producer.close();
    }

    private Running start(GapPolicy policy) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onGap(policy).handleBatch(FlightEffects::foldBatch));
    }

    private long stored(TopicPartition partition) {
        return ExactlyOnce.stored(database, topic, partition);
    }

    private void assertAllButTheGap(long from, long to) {
        ExactlyOnce.assertApplied(
                database, zero, LongStream.concat(LongStream.range(0, from), LongStream.range(to, 100)));
        ExactlyOnce.assertApplied(database, one, LongStream.range(0, 100));
    }

    @Tag("exhaustive")
    @Test
    void goesOnAtTheLogStartAndSaysSo() {
        kafka.expire(zero, 50);
        try (Running running = start(GapPolicy.resumeAtEarliest())) {
            running.until("all read", () -> stored(zero) == 100 && stored(one) == 100);
            running.until("ready", () -> running.consumer().health().ready());
        }
        assertThat(database.query(GAPS)).containsExactly("gap|0|20|50");
        assertThat(database.query("select reason from tidemark.audit_log where action = 'gap'"))
                .singleElement()
                .asString()
                .startsWith("TM-304")
                .contains("20 to 49");
        assertAllButTheGap(20, 50);
    }

    /** All that was read before Kafka said so, and not one record less. */
    @Tag("exhaustive")
    @Test
    void whatIsBufferedTakesEffectBeforeTheGap() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        CountDownLatch finish = new CountDownLatch(1);
        AtomicLong lastRead = new AtomicLong(Long.MAX_VALUE);
        AtomicInteger inUnit = new AtomicInteger();
        Map<String, Object> config = kafka.consumerConfig(topic, "cooperative");
        config.put("max.poll.records", "5");
        // One batch to a fetch, which is one record: so many may lie in the client when the partition is paused.
        config.put("max.partition.fetch.bytes", "1");
        try (Running running = Running.start(
                database,
                config,
                builder -> builder.partitions(zero)
                        .onGap(GapPolicy.resumeAtEarliest())
                        .workers(1)
                        .limits(UnitLimits.defaults().withMaxRecords(5))
                        .handleBatch((records, tx) -> {
                            FlightEffects.foldBatch(records, tx);
                            inUnit.compareAndSet(0, records.size());
                            goOn.await();
                            if (records.get(records.size() - 1).offset() >= lastRead.get()) {
                                finish.await();
                            }
                        }))) {
            AtomicLong waiting = new AtomicLong();
            // A partition is paused when four units per worker wait, and no record is added from then on.
            Awaitility.await("the queue is full and the partition paused").until(() -> {
                if (inUnit.get() > 0) {
                    waiting.set(running.consumer().status().queue().records());
                }
                return waiting.get() >= 20;
            });
            kafka.expire(zero, 80);
            assertThat(stored(zero)).isEqualTo(20);
            long read = 20 + inUnit.get() + waiting.get();
            lastRead.set(read - 1);
            goOn.countDown();
            Awaitility.await(
                            "Kafka has said so, and what was read is waited for, longer than a gap that halts would be")
                    .during(Duration.ofSeconds(12))
                    .until(() -> stored(zero) > 20 && database.query(GAPS).isEmpty());
            finish.countDown();
            running.until("all read", () -> stored(zero) == 100);

            long from = database.number("select from_offset from tidemark.audit_log where action = 'gap'");
            assertThat(from).as("where the gap begins").isBetween(read, read + 1);
            assertThat(database.query(GAPS)).containsExactly("gap|0|" + from + "|80");
            ExactlyOnce.assertApplied(
                    database, zero, LongStream.concat(LongStream.range(0, from), LongStream.range(80, 100)));
        }
    }

    @Test
    void theMoveAndItsTraceAreOneTransaction() {
        kafka.expire(zero, 50);
        // A sequence counts attempts even where the transaction is rolled back.
        database.owner()
                .execute(
                        "create sequence attempts",
                        "create function refuse() returns trigger language plpgsql as $$ begin perform nextval('attempts');"
                                + " raise exception 'not now' using errcode = '40001'; end $$",
                        "create trigger refuse before insert on tidemark.audit_log for each row execute function refuse()");
        try (Running running = start(GapPolicy.resumeAtEarliest())) {
            running.until(
                    "tried in vain, again and again",
                    () -> stored(one) == 100
                            && database.number("select case when is_called then last_value end from attempts") >= 2);
            assertThat(stored(zero)).isEqualTo(20);
            assertThat(database.query(GAPS)).isEmpty();
            database.owner().execute("drop trigger refuse on tidemark.audit_log");
            running.until("goes on", () -> stored(zero) == 100);
        }
        assertThat(database.query(GAPS)).containsExactly("gap|0|20|50");
        assertAllButTheGap(20, 50);
    }

    private static Claim only(Map<TopicPartition, Claim> claims) {
        return claims.values().iterator().next();
    }

    @Test
    void aFencedOwnerPassesOverNothing() throws SQLException {
        OffsetStore store = OffsetStore.of(topic);
        ClaimStore inner = new ClaimStore(new Schema("tidemark"), topic);
        try (Connection c = database.connect()) {
            Claim old = only(store.claim(c, Set.of(zero)));
            Claim present = only(store.claim(c, Set.of(zero)));
            assertThat(inner.passOver(c, old, 50, "in vain")).isFalse();
            assertThat(stored(zero)).isEqualTo(20);
            assertThat(database.query(GAPS)).isEmpty();
            assertThat(inner.passOver(c, present, 50, "in time")).isTrue();
        }
        assertThat(stored(zero)).isEqualTo(50);
        assertThat(database.query(GAPS)).containsExactly("gap|0|20|50");
        ExactlyOnce.assertApplied(database, zero, LongStream.range(0, 20));
    }

    @Test
    void byDefaultThePartitionHaltsAndTheOthersGoOn() {
        kafka.expire(zero, 50);
        try (Running running = start(GapPolicy.halt())) {
            running.until(
                    "one halts, the other is read, and the halt is written down",
                    () -> stored(one) == 100 && haltWrittenDown().equals(List.of("0|TM-304|true")));
            PartitionStatus halted = running.consumer().status().partitions().get(0);
            assertThat(halted.state()).isEqualTo(PartitionState.HALTED);
            assertThat(halted.lastError().map(Problem::toString).orElseThrow())
                    .startsWith("TM-304")
                    .contains("topic " + topic + " partition 0")
                    .contains("records 20 to 49 are gone")
                    .contains("Update next_offset to 50")
                    .contains("GapPolicy.resumeAtEarliest()");
            assertThat(running.consumer().health().ready()).isFalse();
            assertThat(stored(zero)).isEqualTo(20);

            database.owner().execute("update tidemark.stored_offset set next_offset = 50 where partition = 0");
            running.until("goes on", () -> stored(zero) == 100);
            running.until("ready", () -> running.consumer().health().ready());
            running.until("written down", () -> haltWrittenDown().equals(List.of("0|null|false")));
        }
        assertThat(database.query(GAPS)).isEmpty();
        assertAllButTheGap(20, 50);
    }

    private List<String> haltWrittenDown() {
        return database.query("select partition, error_code, case when halted_at is null then 'false' else 'true' end"
                + " from tidemark.partition_state where group_id = '" + topic + "'");
    }

    @Test
    void anOffsetBeyondTheLogHaltsWhateverThePolicy() {
        database.owner().execute("update tidemark.stored_offset set next_offset = 5000 where partition = 0");
        try (Running running = start(GapPolicy.resumeAtEarliest())) {
            running.until(
                    "one halts, the other is read",
                    () -> stored(one) == 100
                            && running.consumer().status().partitions().get(0).state() == PartitionState.HALTED);
            assertThat(running.consumer()
                            .status()
                            .partitions()
                            .get(0)
                            .lastError()
                            .map(Problem::toString)
                            .orElseThrow())
                    .startsWith("TM-305")
                    .contains("stored offset 5000")
                    .contains("ends at 100");
        }
        assertThat(stored(zero)).isEqualTo(5_000);
        assertThat(database.query(GAPS)).isEmpty();
        ExactlyOnce.assertApplied(database, zero, LongStream.range(0, 20));
        ExactlyOnce.assertApplied(database, one, LongStream.range(0, 100));
    }
}

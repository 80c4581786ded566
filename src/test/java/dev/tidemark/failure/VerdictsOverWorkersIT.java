package dev.tidemark.failure;

import static dev.tidemark.failure.NamedPolicies.policy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.BatchHandler;
import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.RecordHandler;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkListener;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.Verdict;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Records that fail at the same time, in several workers and partitions. */
@Tag("exhaustive")
class VerdictsOverWorkersIT extends FailureCase {
    private static final int PARTITIONS = 8;

    /** One more partition rests, since a run ends where all have halted. */
    private final String eight = kafka.createTopic(Servers.unique("eight"), PARTITIONS + 1);

    private final AtomicBoolean away = new AtomicBoolean();

    @BeforeEach
    void tableWithAConstraint() {
        database.owner().execute("create table only_one (n bigint primary key)");
    }

    private static TidemarkConsumer handling(
            TidemarkBuilder<String, String> builder, boolean inBatches, RecordHandler<String, String> handler) {
        BatchHandler<String, String> each = (records, tx) -> {
            for (var record : records) {
                handler.handle(record, tx);
            }
        };
        return inBatches ? builder.handleBatch(each) : builder.handle(handler);
    }

    private static long halted(Running running) {
        return running.consumer().status().partitions().stream()
                .filter(p -> p.state() == PartitionState.HALTED)
                .count();
    }

    private static void send(KafkaProducer<String, String> producer, String topic, int partition, String... values) {
        for (String value : values) {
            var unused = producer.send(new ProducerRecord<>(topic, partition, "key of " + value, value));
        }
        producer.flush();
    }

    /** Each worker has one that fails, and none knows yet what the others do with theirs. */
    @ParameterizedTest
    @CsvSource({"park, false", "skip, false", "park key, false", "park, true", "skip, true"})
    void atMostThreeInARowAreGivenUpByAllWorkersTogether(String policy, boolean inBatches) {
        try (Running running = Running.start(
                        database.pool(PARTITIONS + 6),
                        kafka.consumerConfig(eight, "cooperative"),
                        builder -> handling(
                                builder.topics(eight).workers(PARTITIONS).onFailure(policy(policy)),
                                inBatches,
                                (record, tx) -> {
                                    if (away.get() || record.value().equals("bad")) {
                                        // So that all of them fail before the first is given up.
                                        tx.execute("select pg_sleep(0.3)");
                                        throw new IllegalStateException("no licence");
                                    }
                                    tx.execute("insert into done values (?)", record.partition());
                                }));
                KafkaProducer<String, String> producer = kafka.producer()) {
            running.until(
                    "assigned", () -> running.consumer().status().partitions().size() == PARTITIONS + 1);
            send(producer, eight, 0, "bad", "good");
            running.until("one is given up", () -> ExactlyOnce.progress(database, eight) == 2);
            assertThat(givenUp()).hasSize(1);
            away.set(true);
            for (int p = 0; p < PARTITIONS; p++) {
                send(producer, eight, p, "good");
            }
            running.until(
                    "each halts or is given up",
                    () -> halted(running) + givenUp().size() == PARTITIONS + 1);
        }
        assertThat(givenUp()).hasSizeLessThanOrEqualTo(1 + Verdict.MOST_WITHOUT_EVIDENCE);
    }

    /** One worker takes a record of each partition in one unit, in which none succeeds. */
    @ParameterizedTest
    @CsvSource({
        "undecodable, park, false",
        "undecodable, skip, false",
        "undecodable, park key, true",
        "22012, park, false",
        "22012, skip, true",
        "23505, park key, false"
    })
    void theRecordsOfOneUnitAreCompared(String how, String policy, boolean inBatches) {
        try (Running running = oneUnit(how, policy, inBatches, p -> "healthy")) {
            running.until(
                    "each halts or is given up",
                    () -> halted(running) + givenUp().size() == PARTITIONS);
        }
        assertThat(givenUp()).isEmpty();
    }

    /** As many as it takes to doubt them, if none succeeded; but there are others that do. */
    @ParameterizedTest
    @CsvSource({"undecodable, park, false", "undecodable, skip, true", "22012, park, false"})
    void aFewBadOnesInOneUnitAreGivenUp(String how, String policy, boolean inBatches) {
        try (Running running = oneUnit(how, policy, inBatches, p -> p < 3 ? "bad" : "good")) {
            running.until(
                    "read, or halted",
                    () -> ExactlyOnce.progress(database, eight) == 1 + PARTITIONS || halted(running) > 0);
            assertThat(halted(running)).isZero();
        }
        assertThat(givenUp()).hasSize(3);
    }

    /** Runs until one unit has taken a record of each partition; "healthy" ones fail while something is away, "bad" ones always. */
    private Running oneUnit(String how, String policy, boolean inBatches, IntFunction<String> value) {
        Semaphore gate = new Semaphore(0);
        AtomicInteger units = new AtomicInteger();
        TidemarkListener counting = new TidemarkListener() {
            @Override
            public void unitEnded(Unit unit) {
                if (units.incrementAndGet() == 1) {
                    gate.acquireUninterruptibly();
                }
            }
        };
        Deserializer<String> decoding = (name, bytes) -> {
            String text = new String(bytes, StandardCharsets.UTF_8);
            if (how.equals("undecodable") && fails(text)) {
                throw new SerializationException("503");
            }
            return text;
        };
        Running running = Running.start(
                database,
                kafka.consumerConfig(eight, "cooperative"),
                builder -> handling(
                        builder.topics(eight)
                                .workers(1)
                                // The next unit may hold many records, however long the first takes.
                                .limits(UnitLimits.defaults().withMaxDuration(Duration.ofMinutes(5)))
                                .deserializers(StringDeserializer::new, () -> decoding)
                                .addListener(counting)
                                .onFailure(policy(policy)),
                        inBatches,
                        (record, tx) -> {
                            tx.execute("insert into done values (?)", record.partition());
                            if (fails(record.value())) {
                                tx.execute(
                                        how.equals("22012") ? "select 1 / 0" : "insert into only_one values (1), (1)");
                            }
                        }));
        try (KafkaProducer<String, String> producer = kafka.producer()) {
            send(producer, eight, PARTITIONS, "first");
            Awaitility.await("it waits").until(gate::hasQueuedThreads);
            away.set(true);
            for (int p = 0; p < PARTITIONS; p++) {
                send(producer, eight, p, value.apply(p));
            }
            Awaitility.await("queued")
                    .until(() -> running.consumer().status().queue().records() == PARTITIONS);
        } finally {
            gate.release();
        }
        return running;
    }

    private boolean fails(String text) {
        return text.equals("bad") || (away.get() && text.equals("healthy"));
    }

    /** Records that follow a parked one of their key wait in other partitions, and fail as it did. */
    @ParameterizedTest
    @CsvSource({"1, false", "1, true", "2, false"})
    void followersInOtherPartitionsAreNoEvidence(int partitions, boolean inBatches) {
        Semaphore gate = new Semaphore(0);
        try (Running running = Running.start(
                        database,
                        kafka.consumerConfig(eight, "cooperative"),
                        builder -> handling(
                                builder.topics(eight)
                                        .workers(1)
                                        .limits(UnitLimits.defaults().withMaxRecords(1))
                                        .onFailure(FailurePolicy.parkKey()),
                                inBatches,
                                (record, tx) -> {
                                    if (record.value().equals("wait")) {
                                        gate.acquire();
                                    }
                                    if (record.value().equals("bad")) {
                                        throw new IllegalStateException();
                                    }
                                    tx.execute("insert into done values (?)", record.offset());
                                }));
                KafkaProducer<String, String> producer = kafka.producer()) {
            for (int p = 1; p <= partitions; p++) {
                sendKeyed(producer, p, "held " + p, "bad");
                int end = p;
                running.until("parked", () -> ExactlyOnce.progress(database, eight) == end);
            }
            sendKeyed(producer, PARTITIONS, "none", "wait");
            Awaitility.await("it has that one").until(gate::hasQueuedThreads);
            sendKeyed(producer, 0, "another", "bad");
            awaitQueued(running, 1);
            for (int p = 1; p <= partitions; p++) {
                sendKeyed(producer, p, "held " + p, "bad");
                awaitQueued(running, 1 + p);
            }
            gate.release();
            int all = 2 * partitions + 2;
            running.until("read, or halted", () -> ExactlyOnce.progress(database, eight) == all || halted(running) > 0);
            assertThat(halted(running)).isZero();
        }
        assertThat(givenUp()).hasSize(2 * partitions + 1);
    }

    /** Those of other keys behind the followers still are. */
    @Test
    void whatWaitsBehindAFollowerIsEvidence() {
        Semaphore gate = new Semaphore(0);
        try (Running running = Running.start(
                        database,
                        kafka.consumerConfig(eight, "cooperative"),
                        builder -> builder.topics(eight)
                                .workers(1)
                                .limits(UnitLimits.defaults().withMaxRecords(1))
                                .onFailure(FailurePolicy.parkKey())
                                .handle((record, tx) -> {
                                    if (record.value().equals("wait")) {
                                        gate.acquire();
                                    }
                                    if (record.value().equals("bad") || away.get()) {
                                        throw new IllegalStateException();
                                    }
                                    tx.execute("insert into done values (?)", record.offset());
                                }));
                KafkaProducer<String, String> producer = kafka.producer()) {
            sendKeyed(producer, 1, "held", "bad");
            running.until("parked", () -> ExactlyOnce.progress(database, eight) == 1);
            sendKeyed(producer, PARTITIONS, "none", "wait");
            Awaitility.await("it has that one").until(gate::hasQueuedThreads);
            sendKeyed(producer, 0, "another", "good");
            awaitQueued(running, 1);
            sendKeyed(producer, 1, "held", "follower");
            sendKeyed(producer, 1, "free", "good");
            awaitQueued(running, 3);
            away.set(true);
            gate.release(1_000);
            running.until("all halt", () -> halted(running) == 3 || givenUp().size() > 2);
        }
        assertThat(givenUp()).containsExactly("0", "1");
    }

    private void sendKeyed(KafkaProducer<String, String> producer, int partition, String key, String value) {
        var unused = producer.send(new ProducerRecord<>(eight, partition, key, value));
        producer.flush();
    }

    private static void awaitQueued(Running running, int records) {
        Awaitility.await("queued")
                .until(() -> running.consumer().status().queue().records() >= records);
    }
}

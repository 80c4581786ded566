package dev.tidemark.failure;

import static dev.tidemark.failure.NamedPolicies.policy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.RecordHandler;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.UnitLimits;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Verdicts where records are tried one by one, since one of them may have killed the partition's last owners. */
@Tag("exhaustive")
class SuspectedVerdictsIT extends FailureCase {
    /** The last one rests, since a run ends where all have halted. */
    private final String four = kafka.createTopic(Servers.unique("four"), 4);

    private final Semaphore gate = new Semaphore(0);
    private final AtomicBoolean away = new AtomicBoolean();

    private Running start(String policy, boolean inBatches, String how) {
        Deserializer<String> decoding = (name, bytes) -> {
            String text = new String(bytes, StandardCharsets.UTF_8);
            if (how.equals("undecodable") && text.equals("bad")) {
                throw new SerializationException("bad");
            }
            return text;
        };
        RecordHandler<String, String> handler = (record, tx) -> {
            if (record.value().equals("wait")) {
                gate.acquire();
            }
            if (record.value().equals("slow")) {
                tx.execute("select pg_sleep(0.05)");
            }
            if (record.value().equals("bad") || away.get()) {
                if (!how.equals("exception")) {
                    tx.execute("select 1 / 0");
                }
                throw new IllegalStateException();
            }
            tx.execute("insert into done values (?)", record.offset());
        };
        return Running.start(database, kafka.consumerConfig(four, "cooperative"), builder -> {
            TidemarkBuilder<String, String> each = builder.topics(four)
                    .workers(1)
                    .limits(UnitLimits.defaults().withMaxRecords(4))
                    .deserializers(StringDeserializer::new, () -> decoding)
                    .onFailure(policy(policy));
            return inBatches
                    ? each.handleBatch((records, tx) -> {
                        for (var record : records) {
                            handler.handle(record, tx);
                        }
                    })
                    : each.handle(handler);
        });
    }

    private void send(int partition, String... values) {
        try (KafkaProducer<String, String> producer = kafka.producer()) {
            for (String value : values) {
                var unused = producer.send(new ProducerRecord<>(four, partition, null, value));
            }
        }
    }

    /** As if owners had been killed. */
    private void claimedWithoutProgress() throws SQLException {
        send(0, "good");
        try (Running running = start("park", false, "exception")) {
            running.until("all read", () -> progress() == 1);
        }
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            for (int i = 0; i < 4; i++) {
                OffsetStore.of(four).claim(c, List.of(new TopicPartition(four, 0)));
                c.commit();
            }
        }
    }

    private long progress() {
        return ExactlyOnce.progress(database, four);
    }

    /** Those behind are not tried: they come singly. */
    @ParameterizedTest
    @CsvSource({"park, false", "skip, false", "park key, true"})
    void anOutageIsLaidToAtMostThreeRecords(String policy, boolean inBatches) throws SQLException {
        claimedWithoutProgress();
        away.set(true);
        send(0, "good", "good", "good", "good", "good", "good");
        try (Running running = start(policy, inBatches, "exception")) {
            running.until("read, or halted", () -> progress() == 7 || isHalted(running));
            assertThat(isHalted(running)).isTrue();
        }
        assertThat(givenUp()).containsExactly("1", "2", "3");
    }

    @ParameterizedTest
    @CsvSource({"undecodable, park, false", "22012, skip, false", "22012, park key, true"})
    void whatSpeaksForItselfIsGivenUp(String how, String policy, boolean inBatches) throws SQLException {
        claimedWithoutProgress();
        send(0, "bad", "good", "good");
        try (Running running = start(policy, inBatches, how)) {
            running.until("read, or halted", () -> progress() == 4 || isHalted(running));
            assertThat(isHalted(running)).isFalse();
        }
        assertThat(givenUp()).containsExactly("1");
    }

    /** What killed its owners may be gone, and a bad record must not need a person. */
    @ParameterizedTest
    @CsvSource({"park, false", "skip, true"})
    void aBadOneIsGivenUpThoughOthersAreBehindIt(String policy, boolean inBatches) throws SQLException {
        claimedWithoutProgress();
        send(0, "good", "bad", "good", "good", "bad", "good");
        try (Running running = start(policy, inBatches, "exception")) {
            running.until("read, or halted", () -> progress() == 7 || isHalted(running));
            assertThat(isHalted(running)).isFalse();
        }
        assertThat(givenUp()).containsExactly("2", "5");
    }

    @Test
    void theOnlyOneIsGivenUp() throws SQLException {
        claimedWithoutProgress();
        send(0, "bad");
        try (Running running = start("park", false, "exception")) {
            running.until("read, or halted", () -> progress() == 2 || isHalted(running));
            assertThat(isHalted(running)).isFalse();
        }
        assertThat(givenUp()).containsExactly("1");
    }

    /** Those of other partitions may be tried, and show whose failure it is. */
    @ParameterizedTest
    @CsvSource({"park, false, false", "skip, true, false", "park, false, true"})
    void recordsOfOtherPartitionsAreTried(String policy, boolean inBatches, boolean outage) throws SQLException {
        claimedWithoutProgress();
        try (Running running = start(policy, inBatches, "exception")) {
            send(2, "wait");
            Awaitility.await("it has that one").until(gate::hasQueuedThreads);
            // So that some of them wait in each of its rounds.
            send(1, Collections.nCopies(40, "slow").toArray(String[]::new));
            send(0, outage ? "good" : "bad", "good");
            Awaitility.await("queued")
                    .until(() -> running.consumer().status().queue().records() == 42);
            away.set(outage);
            gate.release(1_000);
            running.until("read, or halted", () -> progress() == 44 || isHalted(running));
            assertThat(isHalted(running)).isEqualTo(outage);
        }
        assertThat(givenUp()).hasSize(outage ? 0 : 1);
    }

    /** One that is bad, too, does not show that all fail: the ones behind it are tried. */
    @ParameterizedTest
    @CsvSource({"park, false", "skip, true", "park key, false"})
    void theFirstOnesOfOtherPartitionsMayBeBadToo(String policy, boolean inBatches) throws SQLException {
        claimedWithoutProgress();
        try (Running running = start(policy, inBatches, "exception")) {
            send(2, "wait");
            Awaitility.await("it has that one").until(gate::hasQueuedThreads);
            send(
                    1,
                    IntStream.range(0, 40)
                            .mapToObj(i -> i % 2 == 0 ? "bad" : "slow")
                            .toArray(String[]::new));
            send(0, "bad", "good");
            Awaitility.await("queued")
                    .until(() -> running.consumer().status().queue().records() == 42);
            gate.release(1_000);
            running.until("read, or halted", () -> progress() == 44 || isHalted(running));
            assertThat(isHalted(running)).isFalse();
        }
        assertThat(givenUp()).hasSize(21);
    }
}

package dev.tidemark.failure;

import static dev.tidemark.failure.NamedPolicies.policy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Verdicts that depend on what came before: other topics, held keys, sessions, rounds. */
class VerdictSequencesIT extends FailureCase {
    private final String other = kafka.createTopic(Servers.unique("other"), 1);

    private void sendKeyed(String name, String key, String... values) {
        try (var producer = kafka.batchingProducer()) {
            for (String value : values) {
                var unused = producer.send(new ProducerRecord<>(name, 0, key, value));
            }
        }
    }

    private static void awaitQueued(Running running, int records) {
        Awaitility.await("queued")
                .until(() -> running.consumer().status().queue().records() >= records);
    }

    @ParameterizedTest
    @ValueSource(strings = {"57014", "25P04", "25P03"})
    void aTimeLimitBehindADeserializerIsAskedAboutOnce(String state) {
        AtomicInteger asked = new AtomicInteger();
        Deserializer<String> lookup = (name, bytes) -> {
            String value = new String(bytes, StandardCharsets.UTF_8);
            if (value.equals("bad")) {
                throw new SerializationException(new SQLException("late", state));
            }
            return value;
        };
        sendTo(topic, "bad", "good");
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(failure -> {
                            asked.incrementAndGet();
                            return FailureAction.park();
                        })
                        .deserializers(StringDeserializer::new, () -> lookup)
                        .handle((record, tx) -> tx.execute("insert into done values (?)", record.offset())))) {
            running.until("all read", () -> stored() == 2);
        }
        assertThat(givenUp()).containsExactly("0");
        assertThat(asked.get()).isLessThan(10);
    }

    /** Records that arrive one at a time do not reset that others have failed in the same way. */
    @ParameterizedTest
    @ValueSource(strings = {"park", "skip", "park key"})
    void whatHaltedOnePartitionIsLaidToNoRecordOfAnother(String policy) {
        // One that rests, since a run ends where all have halted.
        String two = kafka.createTopic(Servers.unique("two"), 3);
        AtomicBoolean licence = new AtomicBoolean();
        Supplier<Running> start = () -> Running.start(
                database,
                kafka.consumerConfig(two, "cooperative"),
                builder -> builder.topics(two).onFailure(policy(policy)).handle((record, tx) -> {
                    if (!licence.get()) {
                        throw new IllegalStateException("no licence");
                    }
                    tx.execute("insert into done values (?)", record.partition());
                }));
        try (Running running = start.get();
                KafkaProducer<String, String> producer = kafka.batchingProducer()) {
            for (int n = 0; n < 4; n++) {
                var unused = producer.send(new ProducerRecord<>(two, 0, "key " + n, "value"));
            }
            producer.flush();
            running.until("one halts", () -> halted(running) == 1);
            var unused = producer.send(new ProducerRecord<>(two, 1, "key", "value"));
            producer.flush();
            running.until(
                    "the other too", () -> halted(running) == 2 || !givenUp().isEmpty());
        }
        assertThat(givenUp()).isEmpty();
        licence.set(true);
        try (Running running = start.get()) {
            running.until("all read", () -> ExactlyOnce.progress(database, two) == 5);
        }
        assertThat(database.query("select n, count(*) from done group by n order by n"))
                .containsExactly("0|4", "1|1");
    }

    private static long halted(Running running) {
        return running.consumer().status().partitions().stream()
                .filter(p -> p.state() == PartitionState.HALTED)
                .count();
    }

    /** A topic that never rests keeps no other one out, of which a record was given up. */
    @Test
    void aBusyTopicDoesNotKeepOutAnother() {
        Semaphore gate = new Semaphore(0);
        AtomicBoolean good = new AtomicBoolean();
        AtomicBoolean feed = new AtomicBoolean(true);
        try (KafkaProducer<String, String> producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic, other)
                                .workers(1)
                                .onFailure(FailurePolicy.park())
                                .handle((record, tx) -> {
                                    if (record.topic().equals(other)) {
                                        tx.execute("insert into done values (?)", record.offset());
                                        if (feed.get()) {
                                            sendAnother(producer);
                                        }
                                        return;
                                    }
                                    switch (record.value()) {
                                        case "bad" -> throw new IllegalArgumentException();
                                        case "idle" -> gate.acquire();
                                        default -> {
                                            tx.execute("insert into done values (?)", record.offset());
                                            good.set(record.value().equals("good"));
                                        }
                                    }
                                }))) {
            sendTo(topic, "first", "bad");
            running.until("parked", () -> stored() == 2);
            sendTo(topic, "idle");
            Awaitility.await("it has that one").until(gate::hasQueuedThreads);
            sendTo(other, "first");
            sendTo(topic, "good");
            awaitQueued(running, 2);
            gate.release();
            running.until("handled", good::get);
            feed.set(false);
        }
    }

    private void sendAnother(KafkaProducer<String, String> producer) throws InterruptedException, ExecutionException {
        var unused = producer.send(new ProducerRecord<>(other, 0, null, "next")).get();
    }

    /** Whether its records shared a unit with those of a topic that writes, or not. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void badRecordsFarApartAreParkedWhereTheTopicWritesNothing(boolean shared) {
        Semaphore gate = new Semaphore(0);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic, other)
                        .workers(1)
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> {
                            if (record.topic().equals(other)) {
                                tx.execute("insert into done values (?)", record.offset());
                                if (record.value().equals("wait")) {
                                    gate.acquire();
                                }
                            } else if (record.value().equals("bad")) {
                                throw new IllegalArgumentException();
                            }
                        }))) {
            sendTo(other, "wait");
            Awaitility.await("it has that one").until(gate::hasQueuedThreads);
            sendTo(other, "next");
            // As many as it takes until it is known that they write nothing.
            String[] fine = Collections.nCopies(100, "fine").toArray(String[]::new);
            if (shared) {
                sendTo(topic, fine);
            }
            awaitQueued(running, shared ? 101 : 1);
            gate.release();
            if (!shared) {
                running.until("the other topic", () -> stored() == 2);
                sendTo(topic, fine);
            }
            running.until("those", () -> stored() == 102);
            for (int i = 1; i <= 5; i++) {
                sendTo(topic, "bad", "fine", "fine");
                long end = 102 + 3L * i;
                running.until("read, or halted", () -> stored() == end || isHalted(running));
            }
            assertThat(isHalted(running)).isFalse();
        }
        assertThat(givenUp()).hasSize(5);
    }

    /** Followers fail as the parked one of their key did, and say nothing about another key. */
    @Test
    void recordsOfHeldKeysAreNoEvidence() {
        Semaphore gate = new Semaphore(0);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .workers(1)
                        .onFailure(FailurePolicy.retry(1, Duration.ofMillis(20)).thenParkKey())
                        .handle((record, tx) -> {
                            if (record.value().equals("wait")) {
                                gate.acquire();
                            }
                            if (record.value().startsWith("bad")) {
                                throw new IllegalStateException();
                            }
                            tx.execute("insert into done values (?)", record.offset());
                        }))) {
            sendKeyed(topic, "a", "bad");
            running.until("parked", () -> stored() == 1);
            sendKeyed(topic, "c", "wait");
            Awaitility.await("it has that one").until(gate::hasQueuedThreads);
            sendKeyed(topic, "b", "bad b");
            sendKeyed(topic, "a", "bad follower");
            awaitQueued(running, 2);
            gate.release();
            running.until("read, or halted", () -> stored() == 4 || isHalted(running));
        }
        assertThat(givenUp()).containsExactly("0", "2", "3");
    }

    /** A statement that SQL prepares outlasts the rollback, and is in the way of the next try. */
    @Test
    void whatAFailedTryLeftInTheSessionIsNoEvidence() {
        sendTo(topic, "1", "2", "x", "4", "5", "6");
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    tx.execute("prepare up as insert into done values ($1)");
                    tx.execute("execute up('" + record.value() + "')");
                    tx.execute("deallocate up");
                }))) {
            running.until("read, or halted", () -> stored() == 6 || isHalted(running));
        }
        assertThat(givenUp()).containsExactly("2");
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(strings = {"end", "commit", "rollback", "abort"})
    void aWordThatIsQuotedIsNoCommand(String word) {
        sendTo(topic, word);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handle((record, tx) -> {
                    try (var s = tx.getConnection().createStatement()) {
                        s.setCursorName(record.value());
                        s.execute("insert into done select length(" + s.enquoteLiteral(record.value()) + ")");
                    }
                }))) {
            running.until("read, or halted", () -> stored() == 1 || isHalted(running));
        }
        assertThat(database.query("select n from done")).containsExactly(Integer.toString(word.length()));
    }
}

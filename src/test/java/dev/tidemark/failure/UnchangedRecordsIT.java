package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.DeadLetter;
import dev.tidemark.DeadLetters;
import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RedriveResult;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever deserializers, handlers and policies do to a record, its next try and its dead letter see what Kafka delivered. */
@Tag("exhaustive")
class UnchangedRecordsIT {
    private static final int RECORDS = 60;
    private static final int BAD = 20;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("unchanged"), 1);
    private final AtomicBoolean troubled = new AtomicBoolean();
    private volatile boolean isBad;

    /** Who changes what it gets. */
    enum Meddler {
        /** As Spring Kafka's JsonDeserializer does by default. */
        DESERIALIZER_REMOVES_HEADER,
        KEY_DESERIALIZER_REMOVES_HEADER,
        DESERIALIZER_ADDS_HEADER,
        /** As one that decrypts in place. */
        DESERIALIZER_OVERWRITES_VALUE,
        KEY_DESERIALIZER_OVERWRITES_KEY,
        DESERIALIZER_OVERWRITES_HEADER,
        HANDLER_OVERWRITES_VALUE,
        HANDLER_OVERWRITES_KEY,
        HANDLER_REMOVES_HEADER,
        POLICY_OVERWRITES_ALL;

        private boolean is(Meddler other) {
            return this == other;
        }
    }

    @BeforeEach
    void produce() {
        database.owner().execute("create table seen (n int, key text, value text, type text)");
        try (var producer = kafka.producer()) {
            for (int i = 0; i < RECORDS; i++) {
                ProducerRecord<String, String> record = new ProducerRecord<>(topic, 0, "key " + i, "value " + i);
                record.headers().add("type", ("type " + i).getBytes(StandardCharsets.UTF_8));
                var unused = producer.send(record);
            }
        }
    }

    private static Deserializer<byte[]> deserializer(Meddler meddler, boolean key) {
        return new Deserializer<>() {
            @Override
            public byte[] deserialize(String name, byte[] data) {
                throw new UnsupportedOperationException();
            }

            @Override
            public byte[] deserialize(String name, Headers headers, byte[] data) {
                if (headers.lastHeader("type") == null && !key) {
                    boolean own = meddler.is(Meddler.KEY_DESERIALIZER_REMOVES_HEADER);
                    if (!own) {
                        throw new SerializationException("no type header");
                    }
                }
                if (headers.lastHeader("type") == null && key) {
                    throw new SerializationException("no type header");
                }
                if (headers.lastHeader("decoded") != null) {
                    throw new SerializationException("decoded twice");
                }
                byte[] result = data.clone();
                boolean removes = key
                        ? meddler.is(Meddler.KEY_DESERIALIZER_REMOVES_HEADER)
                        : meddler.is(Meddler.DESERIALIZER_REMOVES_HEADER);
                if (removes) {
                    headers.remove("type");
                }
                if (!key && meddler.is(Meddler.DESERIALIZER_ADDS_HEADER)) {
                    headers.add("decoded", new byte[] {1});
                }
                if (!key && meddler.is(Meddler.DESERIALIZER_OVERWRITES_HEADER)) {
                    zero(headers.lastHeader("type").value());
                }
                if (key
                        ? meddler.is(Meddler.KEY_DESERIALIZER_OVERWRITES_KEY)
                        : meddler.is(Meddler.DESERIALIZER_OVERWRITES_VALUE)) {
                    zero(data);
                }
                return result;
            }
        };
    }

    private static void zero(byte[] bytes) {
        Arrays.fill(bytes, (byte) '0');
    }

    private void handle(Meddler meddler, ConsumerRecord<byte[], byte[]> record, Handle tx) {
        tx.execute(
                "insert into seen values (?, ?, ?, ?)",
                record.offset(),
                new String(record.key(), StandardCharsets.UTF_8),
                new String(record.value(), StandardCharsets.UTF_8),
                String.valueOf(record.offset()));
        if (meddler.is(Meddler.HANDLER_OVERWRITES_VALUE)) {
            zero(record.value());
        }
        if (meddler.is(Meddler.HANDLER_OVERWRITES_KEY)) {
            zero(record.key());
        }
        if (meddler.is(Meddler.HANDLER_REMOVES_HEADER)) {
            assertThat(record.headers().lastHeader("type")).isNotNull();
            record.headers().remove("type");
        }
        if (record.offset() == RECORDS / 2 && troubled.compareAndSet(false, true)) {
            tx.execute("do $$ begin raise exception using errcode = '40P01'; end $$");
        }
        if (isBad && record.offset() == BAD) {
            tx.execute("select 1 / 0");
        }
    }

    private FailurePolicy meddling(Meddler meddler, FailurePolicy policy) {
        return failure -> {
            if (meddler.is(Meddler.POLICY_OVERWRITES_ALL)) {
                assertThat(new String(failure.record().value(), StandardCharsets.UTF_8))
                        .startsWith("value ");
                zero(failure.record().key());
                zero(failure.record().value());
                failure.record().headers().remove("type");
            }
            return policy.decide(failure);
        };
    }

    private Running start(Meddler meddler, FailurePolicy policy, boolean batch) {
        return Running.start(database, kafka.consumerConfig(topic, "cooperative"), builder -> {
            TidemarkBuilder<byte[], byte[]> b = builder.topics(topic)
                    .onFailure(meddling(meddler, policy))
                    .deserializers(() -> deserializer(meddler, true), () -> deserializer(meddler, false));
            return batch
                    ? b.handleBatch((records, tx) -> records.forEach(record -> handle(meddler, record, tx)))
                    : b.handle((record, tx) -> handle(meddler, record, tx));
        });
    }

    private void assertSeen(Set<Integer> without) {
        Set<String> expected = new TreeSet<>();
        IntStream.range(0, RECORDS)
                .filter(i -> !without.contains(i))
                .forEach(i -> expected.add(i + "|key " + i + "|value " + i));
        List<String> seen = database.query("select n, key, value from seen");
        assertThat(seen).hasSize(expected.size());
        assertThat(new TreeSet<>(seen)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource
    void aTryAfterTroubleSeesIt(Meddler meddler) {
        try (Running running = start(meddler, FailurePolicy.skip(), false)) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertSeen(Set.of());
        assertThat(database.number("select count(*) from tidemark.audit_log where action = 'skip'"))
                .isZero();
    }

    @ParameterizedTest
    @EnumSource
    void theSearchForABadRecordAndItsDeadLetterSeeIt(Meddler meddler) throws SQLException {
        isBad = true;
        FailurePolicy policy = failure ->
                failure.attempt() < 3 ? FailureAction.retryAfter(Duration.ofMillis(1)) : FailureAction.park();
        try (Running running = start(meddler, policy, true)) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
            assertSeen(Set.of(BAD));
            DeadLetter letter;
            try (Connection c = database.connect()) {
                letter = DeadLetters.of(topic).list(c, 0, 10).get(0);
            }
            assertThat(letter.record().offset()).isEqualTo(BAD);
            assertThat(letter.record().key()).asString(StandardCharsets.UTF_8).isEqualTo("key " + BAD);
            assertThat(letter.record().value()).asString(StandardCharsets.UTF_8).isEqualTo("value " + BAD);
            assertThat(letter.record().headers().toArray()).hasSize(1);
            assertThat(letter.record().headers().lastHeader("type").value())
                    .asString(StandardCharsets.UTF_8)
                    .isEqualTo("type " + BAD);
            isBad = false;
            assertThat(running.consumer().redrive(List.of(letter.id())))
                    .extracting(RedriveResult::status)
                    .containsExactly(RedriveResult.Status.APPLIED);
        }
        assertSeen(Set.of());
    }
}

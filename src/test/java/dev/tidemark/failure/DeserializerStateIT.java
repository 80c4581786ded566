package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.RedriveResult;
import dev.tidemark.RedriveResult.Status;
import dev.tidemark.testkit.Running;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A deserializer that reuses objects may be unusable after a bad record: those behind that record are healthy all the same. */
@Tag("exhaustive")
class DeserializerStateIT extends FailureCase {
    /** A record that cannot be decoded, and what it breaks. */
    enum Reused {
        INFLATER,
        BUFFER,
        NOTHING_AFTER_AN_ERROR;

        private Deserializer<String> make() {
            return switch (this) {
                case INFLATER -> new Inflating();
                case BUFFER -> new Buffering();
                case NOTHING_AFTER_AN_ERROR -> new Latching();
            };
        }
    }

    private static String text(byte[] data) {
        return new String(data, StandardCharsets.UTF_8);
    }

    /** A header that is wrong once makes zlib refuse all input until a reset, which only a success reaches. */
    private static final class Inflating implements Deserializer<String> {
        private static final byte[] HEADER = {0x78, (byte) 0x9c};

        private final Inflater inflater = new Inflater();

        @Override
        public String deserialize(String topic, byte[] data) {
            try {
                inflater.setInput(text(data).equals("bad") ? data : HEADER);
                inflater.inflate(new byte[1]);
            } catch (DataFormatException e) {
                throw new IllegalArgumentException(e);
            }
            inflater.reset();
            return text(data);
        }
    }

    /** What it has read of a bad record precedes the next one, which is decoded without an error, and wrongly. */
    private static final class Buffering implements Deserializer<String> {
        private final ByteArrayOutputStream buffer = new ByteArrayOutputStream();

        @Override
        public String deserialize(String topic, byte[] data) {
            buffer.writeBytes(data);
            if (text(data).equals("bad")) {
                throw new IllegalArgumentException("incomplete");
            }
            String decoded = text(buffer.toByteArray());
            buffer.reset();
            return decoded;
        }
    }

    private static final class Latching implements Deserializer<String> {
        private boolean failed;

        @Override
        public String deserialize(String topic, byte[] data) {
            failed |= text(data).equals("bad");
            if (failed) {
                throw new IllegalStateException("the parser has failed");
            }
            return text(data);
        }
    }

    private Running start(Supplier<Deserializer<String>> key, Supplier<Deserializer<String>> value) {
        database.owner().execute("create table if not exists heard (n bigint, key text, value text)");
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .workers(1)
                        .deserializers(key, value)
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> tx.execute(
                                "insert into public.heard values (?, ?, ?)",
                                record.offset(),
                                record.key(),
                                record.value())));
    }

    private void send(String key, String value) {
        try (var producer = kafka.producer()) {
            var unused = producer.send(new ProducerRecord<>(topic, 0, key, value));
        }
    }

    @ParameterizedTest
    @EnumSource(Reused.class)
    void recordsThatComeSinglyAfterABadOneAreDecoded(Reused reused) {
        try (Running running = start(StringDeserializer::new, reused::make)) {
            for (int n = 0; n < 6; n++) {
                int end = n + 1;
                send("key", n == 1 ? "bad" : "good");
                running.until("read", () -> stored() == end);
            }
        }
        assertThat(givenUp()).containsExactly("1");
        assertThat(database.query("select distinct value from heard")).containsExactly("good");
    }

    @ParameterizedTest
    @EnumSource(Reused.class)
    void soAreThoseOfOneUnitWhoseKeysComeAfterABadKey(Reused reused) {
        for (int n = 0; n < 9; n++) {
            send(n % 4 == 1 ? "bad" : "good", "value");
        }
        try (Running running = start(reused::make, StringDeserializer::new)) {
            running.until("read", () -> stored() == 9);
        }
        assertThat(givenUp()).containsExactly("1", "5");
        assertThat(database.query("select distinct key from heard")).containsExactly("good");
    }

    /** How a supplier refuses to replace a deserializer that has failed. */
    enum Refusal {
        THROWS,
        THROWS_AN_ERROR,
        LOGIN_REFUSED,
        TOO_LATE,
        RETURNS_NULL;

        @SuppressWarnings("NullAway")
        private Deserializer<String> refuse() {
            return switch (this) {
                case THROWS -> throw new IllegalStateException("the file of secrets is being replaced");
                case THROWS_AN_ERROR -> throw new AssertionError("no registry");
                case LOGIN_REFUSED -> throw new IllegalStateException(new SQLException("schemas", "28P01"));
                case TOO_LATE -> throw new IllegalStateException(new SQLException("schemas", "57014"));
                case RETURNS_NULL -> null;
            };
        }
    }

    /** Neither is what the one that has failed makes of a record evidence, nor may it be applied. */
    @ParameterizedTest
    @MethodSource("refusals")
    void recordsWaitWhileOneThatHasFailedCannotBeReplaced(Reused reused, Refusal refusal) {
        AtomicBoolean away = new AtomicBoolean();
        Supplier<Deserializer<String>> supplier = () -> away.get() ? refusal.refuse() : reused.make();
        try (Running running = start(StringDeserializer::new, supplier)) {
            send("key", "good");
            running.until("read", () -> stored() == 1);
            away.set(true);
            send("key", "bad");
            for (int n = 0; n < 6; n++) {
                send("key", "good");
            }
            running.until(
                    "waits",
                    () -> stored() == 8
                            || !running.consumer().health().problems().isEmpty());
            away.set(false);
            running.until("all read", () -> stored() == 8);
        }
        assertThat(givenUp()).containsExactly("1");
        assertThat(database.query("select distinct value from heard")).containsExactly("good");
    }

    static Stream<Arguments> refusals() {
        return Stream.of(Reused.values())
                .flatMap(reused -> Stream.of(Refusal.values()).map(refusal -> Arguments.of(reused, refusal)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aDeadLetterThatCannotBeDecodedStopsNoOtherFromBeingRedriven(boolean badFirst) {
        List<String> values = badFirst ? List.of("bad", "late") : List.of("late", "bad");
        values.forEach(value -> send("key", value));
        boolean[] known = {false};
        Supplier<Deserializer<String>> knowing = () -> new Deserializer<>() {
            private final Latching inner = new Latching();

            @Override
            public String deserialize(String topic, byte[] data) {
                if (text(data).equals("late") && !known[0]) {
                    throw new IllegalStateException("an unknown schema");
                }
                return inner.deserialize(topic, data);
            }
        };
        try (Running running = start(StringDeserializer::new, knowing)) {
            running.until("parked", () -> stored() == 2);
            known[0] = true;
            List<Long> ids = database.query("select id from tidemark.dead_letter").stream()
                    .map(Long::valueOf)
                    .toList();
            assertThat(running.consumer().redrive(ids))
                    .extracting(RedriveResult::status)
                    .containsExactlyInAnyOrder(Status.APPLIED, Status.FAILED);
        }
    }

    /** With its cache, a deserializer decodes what it knows already while its registry is away. */
    @Test
    void whatIsCachedOutlastsAnOutage() {
        boolean[] away = {false};
        Supplier<Deserializer<String>> caching = () -> new Deserializer<>() {
            private boolean cached;

            @Override
            public String deserialize(String topic, byte[] data) {
                if (away[0] && (!cached || text(data).equals("new"))) {
                    throw new org.apache.kafka.common.errors.TimeoutException("no registry");
                }
                cached = true;
                return text(data);
            }
        };
        String other = kafka.createTopic(topic + "-other", 1);
        database.owner().execute("create table heard (n bigint, key text, value text)");
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic, other)
                        .workers(1)
                        .deserializers(StringDeserializer::new, caching)
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> tx.execute("insert into done values (?)", record.offset())))) {
            send("key", "old");
            running.until("read", () -> stored() == 1);
            away[0] = true;
            send("key", "new");
            running.until("waits", () -> !running.consumer().health().problems().isEmpty());
            sendTo(other, "old");
            running.until("the other one is read", () -> database.number("select count(*) from done") == 2);
            away[0] = false;
            running.until("all read", () -> stored() == 3);
        }
        assertThat(givenUp()).isEmpty();
    }
}

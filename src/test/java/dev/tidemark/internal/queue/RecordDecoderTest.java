package dev.tidemark.internal.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.tidemark.internal.queue.RecordDecoder.UndecodableException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;

class RecordDecoderTest {
    private final List<Recording> made = new ArrayList<>();
    private boolean available = true;

    private final RecordDecoder<String, String> decoder =
            new RecordDecoder<>(StringDeserializer::new, this::make, TimeoutException.class::isInstance);

    /** Fails after a bad record until it is replaced. */
    private static final class Recording implements Deserializer<String> {
        private boolean broken;
        private int closed;

        @Override
        public String deserialize(String topic, byte[] data) {
            String text = new String(data, java.nio.charset.StandardCharsets.UTF_8);
            if (text.equals("away")) {
                throw new TimeoutException("no registry");
            }
            broken |= text.equals("bad");
            if (broken) {
                throw new IllegalArgumentException(text);
            }
            return text;
        }

        @Override
        public void close() {
            closed++;
            throw new IllegalStateException("already closed");
        }
    }

    private Deserializer<String> make() {
        if (!available) {
            throw new IllegalStateException("no registry");
        }
        made.add(new Recording());
        return made.get(made.size() - 1);
    }

    private String decode(String value) throws UndecodableException {
        return decoder.decode(
                        new ConsumerRecord<>("t", 0, 0, null, value.getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .value();
    }

    private void fails(String value) {
        assertThat(catchThrowableOfType(UndecodableException.class, () -> decode(value)))
                .isNotNull();
    }

    @Test
    void aDeserializerThatHasFailedIsReplaced() throws UndecodableException {
        fails("bad");
        assertThat(decode("good")).isEqualTo("good");
        assertThat(decode("good")).isEqualTo("good");
        assertThat(made).hasSize(2);
    }

    /** Both may use the same client of a schema registry, which either closes. */
    @Test
    void oneThatWasReplacedIsClosedAtTheEnd() throws UndecodableException {
        fails("bad");
        fails("bad");
        assertThat(decode("good")).isEqualTo("good");
        assertThat(made).extracting(one -> one.closed).containsExactly(0, 0, 0);
        assertThatThrownBy(decoder::close).hasMessage("already closed");
        assertThat(made).extracting(one -> one.closed).containsExactly(1, 1, 1);
    }

    @Test
    void oneThatAllShareIsClosedOnceAtTheEnd() throws UndecodableException {
        Recording shared = new Recording();
        try (RecordDecoder<String, String> own =
                new RecordDecoder<>(StringDeserializer::new, () -> shared, TimeoutException.class::isInstance)) {
            for (int i = 0; i < 3; i++) {
                assertThat(catchThrowableOfType(
                                UndecodableException.class,
                                () -> own.decode(new ConsumerRecord<>("t", 0, 0, null, new byte[] {'b', 'a', 'd'}))))
                        .isNotNull();
            }
            assertThat(shared.closed).isZero();
        } catch (IllegalStateException closed) {
            assertThat(closed).hasMessage("already closed");
        }
        assertThat(shared.closed).isEqualTo(1);
    }

    @Test
    void aLongRunOfFailuresKeepsFewOfThem() {
        for (int i = 0; i < 1_000; i++) {
            fails("bad");
        }
        assertThatThrownBy(decoder::close).hasMessage("already closed");
        assertThat(made).hasSize(1_000);
        assertThat(made.stream().filter(one -> one.closed == 1)).hasSize(65);
    }

    @Test
    void afterATransientFailureItKeepsWhatItHasCached() throws UndecodableException {
        fails("away");
        assertThat(decode("good")).isEqualTo("good");
        assertThat(made).hasSize(1);
    }

    @Test
    void aTransientFailureAfterOneThatWasNotIsNoReasonToKeepIt() throws UndecodableException {
        available = false;
        fails("bad");
        fails("away");
        available = true;
        assertThat(decode("good")).isEqualTo("good");
    }

    @Test
    void whatWasCreatedIsClosedIfTheNextCannotBe() {
        List<Recording> keys = new ArrayList<>();
        Supplier<RecordDecoder<String, String>> supplier = () -> new RecordDecoder<>(
                () -> {
                    keys.add(new Recording());
                    return keys.get(keys.size() - 1);
                },
                () -> {
                    if (made.size() == 3) {
                        throw new IllegalStateException("no registry");
                    }
                    return make();
                },
                failure -> false);
        made.clear();
        assertThatThrownBy(() -> RecordDecoder.several(5, supplier))
                .hasMessage("no registry")
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(4));
        assertThat(keys).extracting(one -> one.closed).containsExactly(1, 1, 1, 1);
        assertThat(made).extracting(one -> one.closed).containsExactly(1, 1, 1);
    }

    /** What it makes of a record would be wrong, or a failure that is not the record's. */
    @Test
    void oneThatHasFailedDecodesNothingUntilItCanBeReplaced() throws UndecodableException {
        fails("bad");
        available = false;
        for (String value : List.of("good", "bad")) {
            assertThatThrownBy(() -> decode(value)).hasCauseInstanceOf(RetriableException.class);
        }
        assertThat(made).extracting(one -> one.closed).containsExactly(0);
        available = true;
        assertThat(decode("good")).isEqualTo("good");
    }

    /** No wait makes a class appear. */
    @Test
    void aClassThatIsMissingIsReportedAsSuch() {
        boolean[] missing = {false};
        try (RecordDecoder<String, String> own = new RecordDecoder<>(
                StringDeserializer::new,
                () -> {
                    if (missing[0]) {
                        throw new NoClassDefFoundError("Parser");
                    }
                    return (topic, data) -> {
                        throw new IllegalArgumentException();
                    };
                },
                TimeoutException.class::isInstance)) {
            var record = new ConsumerRecord<byte[], byte[]>("t", 0, 0, null, new byte[] {1});
            assertThatThrownBy(() -> own.decode(record)).hasCauseInstanceOf(IllegalArgumentException.class);
            missing[0] = true;
            assertThatThrownBy(() -> own.decode(record)).hasCauseInstanceOf(NoClassDefFoundError.class);
        }
    }

    /** Some values are null, such as the JSON literal: a handler can tell them from a tombstone. */
    @Test
    void aDeserializerMayReturnNullForBytes() throws UndecodableException {
        try (RecordDecoder<String, String> nothing =
                new RecordDecoder<>(StringDeserializer::new, () -> (topic, data) -> null, e -> false)) {
            for (byte[] value : new byte[][] {{}, {'n', 'u', 'l', 'l'}, null}) {
                int size = value == null ? ConsumerRecord.NULL_SIZE : value.length;
                ConsumerRecord<String, String> decoded = nothing.decode(new ConsumerRecord<>(
                        "t",
                        0,
                        0,
                        0,
                        TimestampType.CREATE_TIME,
                        ConsumerRecord.NULL_SIZE,
                        size,
                        null,
                        value,
                        new RecordHeaders(),
                        Optional.empty()));
                assertThat(decoded.value()).isNull();
                assertThat(decoded.serializedValueSize()).isEqualTo(size);
            }
        }
    }
}

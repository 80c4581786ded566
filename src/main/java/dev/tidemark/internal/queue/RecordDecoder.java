package dev.tidemark.internal.queue;

import dev.tidemark.internal.plan.Fatal;
import dev.tidemark.internal.thread.OwnThread;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;

/** Turns bytes into keys and values with deserializers of its own. Used by one worker thread. */
public final class RecordDecoder<K, V> implements AutoCloseable {
    private final RenewedDeserializer<K> keys;
    private final RenewedDeserializer<V> values;

    /**
     * @param isTransient whether a failure to decode will go away by itself; after any other, deserializers are replaced
     */
    public RecordDecoder(
            Supplier<? extends Deserializer<K>> keys,
            Supplier<? extends Deserializer<V>> values,
            Predicate<Throwable> isTransient) {
        this.keys = new RenewedDeserializer<>(keys, isTransient);
        try {
            this.values = new RenewedDeserializer<>(values, isTransient);
        } catch (Throwable e) {
            closeAfter(e, List.of(this.keys));
            throw e;
        }
    }

    /**
     * Creates several with the same supplier. If one cannot be created, those before it are closed and the supplier's exception is
     * thrown.
     */
    public static <K, V> List<RecordDecoder<K, V>> several(int count, Supplier<RecordDecoder<K, V>> supplier) {
        List<RecordDecoder<K, V>> made = new ArrayList<>();
        try {
            while (made.size() < count) {
                made.add(supplier.get());
            }
            return made;
        } catch (Throwable e) {
            closeAfter(e, made);
            throw e;
        }
    }

    private static void closeAfter(Throwable failure, Collection<? extends AutoCloseable> made) {
        for (AutoCloseable one : made) {
            try {
                one.close();
            } catch (Throwable e) {
                failure.addSuppressed(e);
            }
        }
    }

    /** Which side of a record a deserializer failed on. */
    public static final class UndecodableException extends Exception {
        private static final long serialVersionUID = 1L;

        private final String side;

        UndecodableException(String side, Throwable cause) {
            super(side, cause);
            this.side = side;
        }

        /** Which side: key or value. */
        public String side() {
            return side;
        }
    }

    /**
     * Decodes a record from copies of its key, value and headers: whatever deserializers and handlers do to what they get, the raw
     * record stays as Kafka delivered it. Null bytes stay null, without calling the deserializer, as in KafkaConsumer.
     */
    public ConsumerRecord<K, V> decode(ConsumerRecord<byte[], byte[]> raw) throws UndecodableException {
        Headers headers = RawRecords.copy(raw.headers());
        return new ConsumerRecord<>(
                raw.topic(),
                raw.partition(),
                raw.offset(),
                raw.timestamp(),
                raw.timestampType(),
                raw.serializedKeySize(),
                raw.serializedValueSize(),
                side("key", keys, raw.topic(), headers, raw.key()),
                side("value", values, raw.topic(), headers, raw.value()),
                headers,
                raw.leaderEpoch(),
                Optional.empty());
    }

    // A tombstone's value is null; ConsumerRecord does not declare so.
    @SuppressWarnings("NullAway")
    private static <T> T side(
            String side, RenewedDeserializer<T> deserializer, String topic, Headers headers, byte @Nullable [] bytes)
            throws UndecodableException {
        if (bytes == null) {
            return null;
        }
        try {
            T decoded = deserializer.deserialize(topic, headers, bytes.clone());
            if (OwnThread.isToldToStop()) {
                throw new InterruptedException("the thread was interrupted while it decoded");
            }
            return decoded;
        } catch (Throwable e) {
            Fatal.rethrow(e);
            throw new UndecodableException(side, e);
        }
    }

    @Override
    public void close() {
        try {
            keys.close();
        } finally {
            values.close();
        }
    }
}

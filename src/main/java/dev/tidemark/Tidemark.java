package dev.tidemark;

import dev.tidemark.offsets.ClaimingConsumerBuilder;
import java.util.Map;
import java.util.Properties;

/**
 * The entry point: moves the records of Kafka topics into PostgreSQL so that each takes effect exactly once.
 *
 * <p>Kafka settings are {@code bootstrap.servers} and {@code group.id} at least. Security, {@code client.rack}, {@code
 * group.instance.id}, {@code group.protocol} and everything else are passed to Kafka's clients unchanged. Settings that Tidemark reads
 * itself are parsed as Kafka parses them: {@code config.providers} are resolved when the consumer is built. By default {@code
 * isolation.level} is {@code read_committed} and {@code allow.auto.create.topics} is {@code false}. The settings are copied.
 *
 * <p>{@code key.deserializer} and {@code value.deserializer} apply unless the builder is given deserializers; without either, keys and
 * values stay {@code byte[]}. As with {@code new KafkaConsumer<>(settings)}, the compiler cannot check that {@code K} and {@code V} are
 * what those deserializers return.
 */
public final class Tidemark {
    private Tidemark() {}

    /**
     * Starts building a consumer that runs by itself: a handler per record or per batch, workers, failure policies, time limits.
     *
     * @param <K> the key, as its deserializer returns it; {@code byte[]} without one
     * @param <V> the value, as its deserializer returns it; {@code byte[]} without one
     */
    public static <K, V> TidemarkBuilder<K, V> consumer(Map<String, ?> kafkaSettings) {
        return TidemarkBuilder.from(kafkaSettings);
    }

    /** As {@link #consumer(Map)}, including defaults of the properties. */
    public static <K, V> TidemarkBuilder<K, V> consumer(Properties kafkaSettings) {
        return TidemarkBuilder.from(KafkaConfig.of(kafkaSettings));
    }

    /**
     * Starts building a consumer for your own poll loop and transactions.
     *
     * @param <K> the key, as its deserializer returns it; {@code byte[]} without one
     * @param <V> the value, as its deserializer returns it; {@code byte[]} without one
     */
    public static <K, V> ClaimingConsumerBuilder<K, V> claimingConsumer(Map<String, ?> kafkaSettings) {
        return ClaimingConsumerBuilder.of(kafkaSettings);
    }

    /** As {@link #claimingConsumer(Map)}, including defaults of the properties. */
    public static <K, V> ClaimingConsumerBuilder<K, V> claimingConsumer(Properties kafkaSettings) {
        return ClaimingConsumerBuilder.of(KafkaConfig.of(kafkaSettings));
    }
}

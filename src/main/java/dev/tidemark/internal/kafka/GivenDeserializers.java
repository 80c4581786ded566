package dev.tidemark.internal.kafka;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.utils.Utils;

/**
 * The deserializers that {@code key.deserializer} and {@code value.deserializer} name, as Kafka's consumer would create them: a new
 * one each time, configured with all settings. Bytes if they name none.
 */
public final class GivenDeserializers {
    private final Class<?> key;
    private final Class<?> value;
    private final Map<String, Object> settings;

    private GivenDeserializers(Class<?> key, Class<?> value, Map<String, Object> settings) {
        this.key = key;
        this.value = value;
        this.settings = settings;
    }

    /** Refuses a class that is not a deserializer (TM-103). */
    static GivenDeserializers of(ClientSettings given) {
        return new GivenDeserializers(
                named(given, ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG),
                named(given, ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG),
                given.all());
    }

    private static Class<?> named(ClientSettings given, String name) {
        if (!given.isGiven(name) || !(given.consumer(name) instanceof Class<?> named)) {
            return ByteArrayDeserializer.class;
        }
        if (!Deserializer.class.isAssignableFrom(named)) {
            throw ClientSettings.invalid(name + "=" + named.getName() + " is not a " + Deserializer.class.getName());
        }
        return named;
    }

    /** A deserializer of keys; what it throws while it is created is TM-103. */
    public Deserializer<?> key() {
        return made(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, key, true);
    }

    /** A deserializer of values; what it throws while it is created is TM-103. */
    public Deserializer<?> value() {
        return made(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, value, false);
    }

    private Deserializer<?> made(String name, Class<?> type, boolean isKey) {
        Deserializer<?> made = null;
        try {
            made = (Deserializer<?>) Utils.newInstance(type);
            made.configure(settings, isKey);
            return made;
        } catch (RuntimeException | LinkageError e) {
            // It may have opened a client of a registry before it failed.
            Utils.closeQuietly(made, name);
            // Its message may contain a secret from the settings.
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    name + "=" + type.getName() + " cannot be created: "
                            + e.getClass().getSimpleName(),
                    e);
        }
    }
}

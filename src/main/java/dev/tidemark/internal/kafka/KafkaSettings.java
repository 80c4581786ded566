package dev.tidemark.internal.kafka;

import dev.tidemark.ErrorCode;
import dev.tidemark.InvalidConfigurationException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * The user's Kafka settings, with those forced that exactly-once needs. Whatever contradicts one is refused by name; everything
 * else goes to consumer and Admin as it is.
 */
public final class KafkaSettings {
    /** Kafka's own default of 500 makes a busy poll thread spend its time in bookkeeping; users may set what they like. */
    private static final int MAX_POLL_RECORDS = 5_000;

    private static final Map<String, String> FORCED = Map.of(
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
            "false",
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            "none",
            ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
            ByteArrayDeserializer.class.getName(),
            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
            ByteArrayDeserializer.class.getName());

    private static final Map<String, String> WHY = Map.of(
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "the offsets live in the database",
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "a lost position must be an error; choose a StartPosition instead",
            ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
                    "pass deserializers to the builder, which decodes in the workers",
            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
                    "pass deserializers to the builder, which decodes in the workers");

    private final Map<String, Object> consumer;
    private final Map<String, Object> admin;

    private KafkaSettings(Map<String, Object> consumer, Map<String, Object> admin) {
        this.consumer = consumer;
        this.admin = admin;
    }

    /** Refuses contradictions (TM-101) and what is missing (TM-103). */
    public static KafkaSettings of(Map<String, ?> user) {
        FORCED.forEach((key, forced) -> refuseOther(key, user.get(key), forced));
        require(user, ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG);
        require(user, ConsumerConfig.GROUP_ID_CONFIG);

        Map<String, Object> consumer = new HashMap<>(user);
        consumer.values().removeIf(Objects::isNull);
        consumer.putAll(FORCED);
        consumer.putIfAbsent(
                ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                IsolationLevel.READ_COMMITTED.toString().toLowerCase(Locale.ROOT));
        consumer.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MAX_POLL_RECORDS);

        Map<String, Object> admin = new HashMap<>(user);
        admin.values().removeIf(Objects::isNull);
        Set<String> adminKeys = AdminClientConfig.configNames();
        admin.keySet().removeIf(key -> ConsumerConfig.configNames().contains(key) && !adminKeys.contains(key));
        return new KafkaSettings(Map.copyOf(consumer), Map.copyOf(admin));
    }

    /** For the KafkaConsumer. */
    public Map<String, Object> consumer() {
        return consumer;
    }

    /** For the Admin client: everything but what only a consumer knows. */
    public Map<String, Object> admin() {
        return admin;
    }

    /** {@code group.id}. */
    public String groupId() {
        return String.valueOf(consumer.get(ConsumerConfig.GROUP_ID_CONFIG)).strip();
    }

    /** {@code max.poll.interval.ms}; 5 minutes is Kafka's default. */
    public Duration maxPollInterval() {
        return millis(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG, 300_000);
    }

    /** {@code session.timeout.ms}; 45 s is Kafka's default, and under the consumer protocol the brokers' default too. */
    public Duration sessionTimeout() {
        return millis(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, 45_000);
    }

    /** {@code isolation.level}. */
    public IsolationLevel isolationLevel() {
        String level = String.valueOf(consumer.get(ConsumerConfig.ISOLATION_LEVEL_CONFIG));
        return level.equalsIgnoreCase("read_uncommitted")
                ? IsolationLevel.READ_UNCOMMITTED
                : IsolationLevel.READ_COMMITTED;
    }

    private Duration millis(String key, long otherwise) {
        Object value = consumer.get(key);
        if (value == null) {
            return Duration.ofMillis(otherwise);
        }
        try {
            return Duration.ofMillis(Long.parseLong(String.valueOf(value).strip()));
        } catch (NumberFormatException e) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING, "Kafka setting " + key + " must be a number of milliseconds", e);
        }
    }

    private static void refuseOther(String key, @Nullable Object given, String forced) {
        String text = given instanceof Class<?> c
                ? c.getName()
                : String.valueOf(given).strip();
        if (given != null && !text.equalsIgnoreCase(forced)) {
            throw new InvalidConfigurationException(
                    ErrorCode.CONFLICTING_KAFKA_SETTING,
                    "Kafka setting " + key + "=" + text + " cannot be: " + WHY.get(key) + "; leave " + key + " out",
                    null);
        }
    }

    private static void require(Map<String, ?> user, String key) {
        Object value = user.get(key);
        if (value == null || String.valueOf(value).isBlank()) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING, "Kafka setting " + key + " is missing or blank", null);
        }
    }
}

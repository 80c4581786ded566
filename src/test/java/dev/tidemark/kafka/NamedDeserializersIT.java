package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.offsets.ClaimingConsumer;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.assertj.core.api.Assertions;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Deserializers that the Kafka settings name are made and configured as Kafka's consumer does it. */
@Tag("exhaustive")
class NamedDeserializersIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("named"), 1);

    /** Configured: upper case for keys, lower case for values, behind a prefix of the settings. */
    public static final class Cased implements Deserializer<String> {
        private boolean isKey;
        private String prefix = "not configured ";

        @Override
        public void configure(Map<String, ?> settings, boolean key) {
            isKey = key;
            prefix = String.valueOf(settings.get("my.prefix"));
        }

        @Override
        public String deserialize(String name, byte[] data) {
            String text = new String(data, StandardCharsets.UTF_8);
            return prefix + (isKey ? text.toUpperCase(Locale.ROOT) : text.toLowerCase(Locale.ROOT));
        }
    }

    /** Cannot be made. */
    public static final class Broken implements Deserializer<String> {
        public Broken() {
            throw new IllegalStateException("a secret of the settings");
        }

        @Override
        public String deserialize(String name, byte[] data) {
            return "";
        }
    }

    /** Opens something, and closes it; fails in {@code configure} as value. */
    public static final class Opening implements Deserializer<String> {
        private static final AtomicInteger OPEN = new AtomicInteger();

        public Opening() {
            OPEN.incrementAndGet();
        }

        @Override
        public void configure(Map<String, ?> settings, boolean key) {
            if (!key) {
                throw new IllegalStateException("no registry");
            }
        }

        @Override
        public String deserialize(String name, byte[] data) {
            return "";
        }

        @Override
        public void close() {
            OPEN.decrementAndGet();
        }
    }

    @BeforeEach
    void produce() throws Exception {
        try (var producer = kafka.producer()) {
            var unused =
                    producer.send(new ProducerRecord<>(topic, "Key", "Value")).get();
        }
    }

    private Map<String, Object> settings(Object key, Object value) {
        Map<String, Object> settings = new HashMap<>(kafka.consumerConfig(topic, "cooperative"));
        settings.put("key.deserializer", key);
        settings.put("value.deserializer", value);
        settings.put("my.prefix", "my ");
        return settings;
    }

    private <K, V> List<String> read(Map<String, Object> settings) {
        List<String> seen = new CopyOnWriteArrayList<>();
        try (HikariDataSource pool = database.pool(3);
                TidemarkConsumer consumer = Tidemark.<K, V>consumer(settings)
                        .topics(topic)
                        .database(pool)
                        .untilEnd()
                        .handle((record, tx) -> seen.add(record.key() + "=" + record.value()))) {
            consumer.run();
        }
        return seen;
    }

    @Test
    void byClassAndByName() {
        assertThat(this.<String, String>read(settings(Cased.class, Cased.class.getName())))
                .containsExactly("my KEY=my value");
    }

    @Test
    void ofOneSideOnly() {
        Map<String, Object> settings = settings(StringDeserializer.class, Cased.class);
        settings.remove("value.deserializer");
        List<String> seen = new CopyOnWriteArrayList<>();
        try (HikariDataSource pool = database.pool(3);
                TidemarkConsumer consumer = Tidemark.<String, byte[]>consumer(settings)
                        .topics(topic)
                        .database(pool)
                        .untilEnd()
                        .handle((record, tx) -> seen.add(record.key() + record.value().length))) {
            consumer.run();
        }
        assertThat(seen).containsExactly("Key5");
    }

    @Test
    void theBuildersComeFirst() {
        List<String> seen = new CopyOnWriteArrayList<>();
        try (HikariDataSource pool = database.pool(3);
                TidemarkConsumer consumer = Tidemark.consumer(settings(LongDeserializer.class, LongDeserializer.class))
                        .deserializers(StringDeserializer::new, StringDeserializer::new)
                        .topics(topic)
                        .database(pool)
                        .untilEnd()
                        .handle((record, tx) -> seen.add(record.key() + "=" + record.value()))) {
            consumer.run();
        }
        assertThat(seen).containsExactly("Key=Value");
    }

    @Test
    void inALoopOfOnesOwn() throws Exception {
        try (HikariDataSource pool = database.pool(3);
                ClaimingConsumer<String, String> consumer = Tidemark.<String, String>claimingConsumer(
                                settings(Cased.class, Cased.class))
                        .topics(topic)
                        .database(pool)
                        .open()) {
            List<String> seen = new CopyOnWriteArrayList<>();
            Awaitility.await().until(() -> {
                ClaimedRecords<String, String> records = consumer.poll(Duration.ofSeconds(1));
                records.forEach(record -> seen.add(record.key() + "=" + record.value()));
                try (Connection c = pool.getConnection()) {
                    c.setAutoCommit(false);
                    records.advance(c);
                    c.commit();
                }
                records.confirm();
                return !seen.isEmpty();
            });
            assertThat(seen).containsExactly("my KEY=my value");
        }
    }

    @Test
    void whatTheyHaveOpenedIsClosedIfOneCannotBeMade() {
        Assertions.assertThatThrownBy(() -> this.<String, String>read(settings(Opening.class, Opening.class)))
                .isInstanceOf(InvalidConfigurationException.class);
        assertThat(Opening.OPEN).hasValue(0);
    }

    @Test
    void oneThatCannotBeMadeEndsTheRunWithItsName() {
        Assertions.assertThatThrownBy(() -> this.<String, String>read(settings(Broken.class, Cased.class)))
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SETTING))
                .hasMessageContaining("key.deserializer")
                .hasMessageContaining(Broken.class.getName())
                .hasMessageNotContaining("secret");
    }
}

package dev.tidemark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.doctor.Doctor;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.kafka.KafkaSettings;
import dev.tidemark.testkit.Provokes;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.ds.PGSimpleDataSource;

/** What is refused before anything is contacted. */
class BuilderTest {
    private static final Map<String, Object> KAFKA =
            Map.of("bootstrap.servers", "localhost:9", "group.id", "etl", "max.poll.interval.ms", "60000");

    private static void assertRefused(
            Map<String, Object> kafka,
            UnaryOperator<TidemarkBuilder<byte[], byte[]>> change,
            ErrorCode code,
            String... words) {
        var thrown = assertThatThrownBy(() -> change.apply(Tidemark.<byte[], byte[]>consumer(kafka)
                        .topics("flights")
                        .database(new PGSimpleDataSource()))
                .handle((record, tx) -> {}));
        thrown.isInstanceOfSatisfying(
                InvalidConfigurationException.class, e -> assertThat(e.code()).isEqualTo(code));
        for (String word : words) {
            thrown.hasMessageContaining(word);
        }
    }

    private static Map<String, Object> kafka(String key, Object value) {
        Map<String, Object> config = new HashMap<>(KAFKA);
        config.put(key, value);
        return config;
    }

    @Provokes(ErrorCode.CONFLICTING_KAFKA_SETTING)
    @ParameterizedTest
    @CsvSource({"enable.auto.commit, true", "auto.offset.reset, earliest", "auto.offset.reset, latest"})
    void kafkaSettingsThatContradict(String key, String value) {
        assertRefused(kafka(key, value), b -> b, ErrorCode.CONFLICTING_KAFKA_SETTING, "TM-101", key, value);
    }

    @Provokes(ErrorCode.INVALID_SETTING)
    @Test
    void whatIsMissingOrImpossible() {
        assertRefused(kafka("group.id", " "), b -> b, ErrorCode.INVALID_SETTING, "group.id");
        assertRefused(
                kafka("group.id", "\u00e4".repeat(1_001)),
                b -> b,
                ErrorCode.INVALID_SETTING,
                "group.id has 2002 bytes");
        assertRefused(
                kafka("client.id", "x".repeat(32_768)), b -> b, ErrorCode.INVALID_SETTING, "client.id has 32768 bytes");
        assertRefused(
                kafka("client.rack", "x".repeat(32_768)),
                b -> b,
                ErrorCode.INVALID_SETTING,
                "client.rack has 32768 bytes");
        assertRefused(KAFKA, b -> b.topics("x".repeat(250)), ErrorCode.INVALID_SETTING, "250 characters");
        assertRefused(KAFKA, b -> b.topicPattern(Pattern.compile("")), ErrorCode.INVALID_SETTING, "pattern is empty");
        assertRefused(kafka("bootstrap.servers", ""), b -> b, ErrorCode.INVALID_SETTING, "bootstrap.servers");
        assertRefused(kafka("bootstrap.servers", ","), b -> b, ErrorCode.INVALID_SETTING, "a list of host:port");
        assertRefused(kafka("max.poll.interval.ms", "soon"), b -> b, ErrorCode.INVALID_SETTING, "max.poll.interval.ms");
        assertRefused(KAFKA, b -> b.topics(), ErrorCode.INVALID_SETTING, "topics");
        assertRefused(KAFKA, b -> b.topics("a", " "), ErrorCode.INVALID_SETTING, "blank");
        assertRefused(KAFKA, b -> b.schema("No; drop"), ErrorCode.INVALID_SETTING, "identifier");
        assertRefused(KAFKA, b -> b.workers(0), ErrorCode.INVALID_SETTING, "workers");
        assertRefused(KAFKA, b -> b.bufferBytes(-1), ErrorCode.INVALID_SETTING, "bufferBytes");
        assertRefused(
                KAFKA,
                b -> b.transactionIdleTimeout(Duration.ZERO),
                ErrorCode.INVALID_SETTING,
                "transactionIdleTimeout");
        for (Duration wrong : List.of(
                Duration.ZERO, Duration.ofNanos(999_999), Duration.ofSeconds(-1), Duration.ofSeconds(Long.MAX_VALUE))) {
            assertRefused(KAFKA, b -> b.networkTimeout(wrong), ErrorCode.INVALID_SETTING, "networkTimeout");
            assertRefused(KAFKA, b -> b.closeTimeout(wrong), ErrorCode.INVALID_SETTING, "closeTimeout");
            assertRefused(KAFKA, b -> b.drainTimeout(wrong), ErrorCode.INVALID_SETTING, "drainTimeout");
        }
        assertRefused(
                KAFKA,
                b -> b.limits(UnitLimits.defaults().withMaxRecords(0)),
                ErrorCode.INVALID_SETTING,
                "maxRecords",
                "0");
        assertRefused(
                KAFKA, b -> b.startAt(StartPosition.ago(Duration.ofHours(-1))), ErrorCode.INVALID_SETTING, "future");
        for (String side : List.of("key.deserializer", "value.deserializer")) {
            assertRefused(kafka(side, "java.lang.String"), b -> b, ErrorCode.INVALID_SETTING, side, "java.lang.String");
            assertRefused(kafka(side, "no.such.Class"), b -> b, ErrorCode.INVALID_SETTING, side, "no.such.Class");
        }
        assertThatThrownBy(() -> Tidemark.consumer(KAFKA).topics("a").handle((record, tx) -> {}))
                .hasMessageContaining("database(...)");
    }

    /** From callers that no compiler checks for null. */
    @ParameterizedTest
    @MethodSource
    void nullIsRefusedByName(String method, UnaryOperator<TidemarkBuilder<byte[], byte[]>> change) {
        assertRefused(KAFKA, change, ErrorCode.INVALID_SETTING, "TM-103", method, "null");
    }

    @SuppressWarnings({"NullAway", "DataFlowIssue"})
    static Stream<Arguments> nullIsRefusedByName() {
        Map<String, UnaryOperator<TidemarkBuilder<byte[], byte[]>>> changes = new TreeMap<>();
        changes.put("topics", b -> b.topics("a", null));
        changes.put("topicPattern", b -> b.topicPattern(null));
        changes.put("partitions", b -> b.partitions((TopicPartition) null));
        changes.put("deserializers", b -> b.deserializers(ByteArrayDeserializer::new, null));
        changes.put("database", b -> b.database(null));
        changes.put("schema", b -> b.schema(null));
        changes.put("startAt", b -> b.startAt(null));
        changes.put("StartPosition.at", b -> b.startAt(StartPosition.at(null)));
        changes.put("StartPosition.ago", b -> b.startAt(StartPosition.ago(null)));
        changes.put("StartPosition.committedOrElse", b -> b.startAt(StartPosition.committedOrElse(null)));
        changes.put("onGap", b -> b.onGap(null));
        changes.put("onFailure", b -> b.onFailure(null));
        changes.put(
                "then", b -> b.onFailure(FailurePolicy.retry(1, Duration.ZERO).then(null)));
        changes.put(
                "the backoff of retry",
                b -> b.onFailure(FailurePolicy.retry(1, null).thenHalt()));
        changes.put("storeId", b -> b.storeId(null));
        changes.put("limits", b -> b.limits(null));
        changes.put("withDeadline", b -> b.limits(UnitLimits.defaults().withDeadline(null)));
        changes.put("withMaxDuration", b -> b.limits(UnitLimits.defaults().withMaxDuration(null)));
        changes.put("transactionIdleTimeout", b -> b.transactionIdleTimeout(null));
        changes.put("networkTimeout", b -> b.networkTimeout(null));
        changes.put("closeTimeout", b -> b.closeTimeout(null));
        changes.put("drainTimeout", b -> b.drainTimeout(null));
        changes.put("addListener", b -> b.addListener(null));
        changes.put("addInterceptor", b -> b.addInterceptor(null));
        changes.put("kafkaClients", b -> b.kafkaClients(null));
        changes.put("handle", b -> refusing(() -> b.handle(null)));
        changes.put("handleBatch", b -> refusing(() -> b.handleBatch(null)));
        changes.put("consumer", b -> refusing(() -> Tidemark.consumer((Map<String, Object>) null)));
        changes.put("claimingConsumer", b -> refusing(() -> Tidemark.claimingConsumer((Map<String, Object>) null)));
        changes.put("TidemarkAdmin", b -> refusing(() -> TidemarkAdmin.of(null)));
        changes.put("Doctor", b -> refusing(() -> Doctor.builder(null)));
        return changes.entrySet().stream().map(e -> Arguments.of(e.getKey(), e.getValue()));
    }

    private static TidemarkBuilder<byte[], byte[]> refusing(Supplier<?> call) {
        throw new AssertionError("accepted, as " + call.get());
    }

    @Provokes(ErrorCode.CONFLICTING_LIMITS)
    @Test
    void limitsThatContradict() {
        HikariConfig config = new HikariConfig();
        config.setDataSource(new PGSimpleDataSource());
        config.setMaximumPoolSize(4);
        config.setInitializationFailTimeout(-1);
        config.setMinimumIdle(0);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            assertRefused(KAFKA, b -> b.database(pool).workers(4), ErrorCode.CONFLICTING_LIMITS, "TM-102", "4", "5");
            assertThat(Tidemark.consumer(KAFKA)
                            .topics("a")
                            .database(pool)
                            .workers(3)
                            .handle((record, tx) -> {}))
                    .isNotNull();
        }
        assertRefused(
                KAFKA,
                b -> b.limits(UnitLimits.defaults().withDeadline(Duration.ofMinutes(2))),
                ErrorCode.CONFLICTING_LIMITS,
                "PT2M",
                "PT1M");
        assertRefused(
                KAFKA,
                b -> b.closeTimeout(Duration.ofSeconds(5)).drainTimeout(Duration.ofSeconds(6)),
                ErrorCode.CONFLICTING_LIMITS,
                "PT5S",
                "PT6S");
        assertRefused(
                KAFKA,
                b -> b.closeTimeout(Duration.ofMinutes(3)).drainTimeout(Duration.ofMinutes(1)),
                ErrorCode.CONFLICTING_LIMITS,
                "max.poll.interval.ms");
    }

    @Test
    void aBuilderKeepsItsOwnSettings() {
        Map<String, Object> mine = new HashMap<>(KAFKA);
        TidemarkBuilder<byte[], byte[]> bytes =
                Tidemark.<byte[], byte[]>consumer(mine).topics("a").database(new PGSimpleDataSource());
        TidemarkBuilder<String, String> strings = bytes.deserializers(StringDeserializer::new, StringDeserializer::new);
        mine.put("group.id", "changed");
        strings.workers(-1);
        assertThat(bytes.handle((record, tx) -> {}).groupId()).isEqualTo("etl");
        assertThatThrownBy(() -> strings.handle((record, tx) -> {})).hasMessageContaining("workers");
        bytes.topics();
        assertThat(strings.workers(1).handle((record, tx) -> {}).groupId()).isEqualTo("etl");
    }

    @Test
    void aShortCloseShortensTheDrain() {
        assertThat(Tidemark.consumer(KAFKA)
                        .topics("a")
                        .database(new PGSimpleDataSource())
                        .closeTimeout(Duration.ofSeconds(2))
                        .handle((record, tx) -> {}))
                .isNotNull();
    }

    @Test
    void everythingElsePassesToConsumerAndAdmin() {
        Map<String, Object> user = new HashMap<>(KAFKA);
        user.put("security.protocol", "SASL_SSL");
        user.put("sasl.jaas.config", "login");
        user.put("client.rack", "a");
        user.put("group.instance.id", "one");
        user.put("my.callback.setting", "kept");
        user.put("key.deserializer", ByteArrayDeserializer.class);
        KafkaSettings settings = KafkaSettings.of(user);
        assertThat(settings.consumer())
                .containsEntry("client.rack", "a")
                .containsEntry("group.instance.id", "one")
                .containsEntry("sasl.jaas.config", "login")
                .containsEntry("isolation.level", "read_committed")
                .containsEntry("auto.offset.reset", "none")
                .containsEntry("enable.auto.commit", "false");
        assertThat(settings.admin())
                .containsEntry("security.protocol", "SASL_SSL")
                .containsEntry("sasl.jaas.config", "login")
                .containsEntry("my.callback.setting", "kept")
                .doesNotContainKeys("group.id", "group.instance.id", "key.deserializer", "max.poll.interval.ms");
    }

    @Test
    void aConsumerThatNeverRanCloses() {
        TidemarkConsumer consumer = Tidemark.consumer(KAFKA)
                .topics("a")
                .database(new PGSimpleDataSource())
                .handle((record, tx) -> {});
        assertThat(consumer.status().state()).isEqualTo(ConsumerStatus.State.NEW);
        consumer.close();
        consumer.close();
        assertThat(consumer.status().state()).isEqualTo(ConsumerStatus.State.STOPPED);
        assertThatThrownBy(consumer::run).isInstanceOf(IllegalStateException.class);
    }
}

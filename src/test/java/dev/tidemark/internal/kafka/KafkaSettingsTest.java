package dev.tidemark.internal.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.Tidemark;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.config.provider.FileConfigProvider;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** What Tidemark reads of Kafka's settings is what Kafka reads; the oracle is Kafka's own configuration. */
class KafkaSettingsTest {
    private static final String SECRET = "hunter2-xyzzy";

    @TempDir
    private Path directory;

    private static Map<String, Object> settings(@Nullable Object... pairs) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", "localhost:9", "group.id", "etl"));
        for (int i = 0; i < pairs.length; i += 2) {
            settings.put(String.valueOf(pairs[i]), pairs[i + 1]);
        }
        return settings;
    }

    /** With a provider that finds these in a file. */
    private Map<String, Object> provided(String file, Object... pairs) throws IOException {
        Files.writeString(directory.resolve("values"), file);
        Map<String, Object> settings = settings(pairs);
        settings.put("config.providers", "file");
        settings.put("config.providers.file.class", FileConfigProvider.class.getName());
        return settings;
    }

    private String variable(String name) {
        return "${file:" + directory.resolve("values") + ":" + name + "}";
    }

    private static void assertRefused(Map<String, ?> settings, ErrorCode code, String... words) {
        var thrown = assertThatThrownBy(() -> KafkaSettings.of(settings))
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageNotContaining(SECRET)
                .hasNoCause();
        for (String word : words) {
            thrown.hasMessageContaining(word);
        }
    }

    @Test
    void providersAreAskedForWhatTidemarkReads() throws IOException {
        KafkaSettings settings = KafkaSettings.of(provided(
                "group=etl-a\nlevel=read_uncommitted\npoll=120000\nsession=9000\nno=false\nreset=none\n",
                "group.id",
                variable("group"),
                "isolation.level",
                variable("level"),
                "max.poll.interval.ms",
                variable("poll"),
                "session.timeout.ms",
                variable("session"),
                "enable.auto.commit",
                variable("no"),
                "auto.offset.reset",
                variable("reset")));
        assertThat(settings.groupId()).isEqualTo("etl-a");
        assertThat(settings.isolationLevel()).isEqualTo(IsolationLevel.READ_UNCOMMITTED);
        assertThat(settings.maxPollInterval()).isEqualTo(Duration.ofMinutes(2));
        assertThat(settings.sessionTimeout()).isEqualTo(Duration.ofSeconds(9));
        assertThat(new ConsumerConfig(settings.consumer()).getString("group.id"))
                .as("the group of Kafka's client")
                .isEqualTo("etl-a");
    }

    @Test
    void theAdminAsksTheProvidersToo() throws IOException {
        KafkaSettings settings = KafkaSettings.of(provided(
                "servers=localhost:7\n", "bootstrap.servers", variable("servers"), "client.id", variable("?")));
        assertThat(new AdminClientConfig(settings.admin()).getList("bootstrap.servers"))
                .containsExactly("localhost:7");
    }

    @Test
    void aVariableThatNobodyKnowsIsNoGroup() throws IOException {
        assertRefused(provided("", "group.id", variable("group")), ErrorCode.INVALID_SETTING, "group.id", "group}");
        // Without a provider of that name it is a name like any other, to Kafka too.
        assertThat(KafkaSettings.of(settings("group.id", "${env:JOB_GROUP}")).groupId())
                .isEqualTo("${env:JOB_GROUP}");
    }

    @Test
    void whatConflictsIsComparedByItsMeaning() throws IOException {
        assertRefused(
                provided("yes=true\n", "enable.auto.commit", variable("yes")),
                ErrorCode.CONFLICTING_KAFKA_SETTING,
                "enable.auto.commit",
                "yes}");
        assertRefused(
                provided("reset=by_duration:PT1H\n", "auto.offset.reset", variable("reset")),
                ErrorCode.CONFLICTING_KAFKA_SETTING,
                "auto.offset.reset");
        // What a pattern matches is asked of Kafka in more than one way, and its own topics are in none but the
        // consumer's.
        for (Object no : List.of("false", " FALSE ", false)) {
            assertRefused(
                    settings("exclude.internal.topics", no),
                    ErrorCode.CONFLICTING_KAFKA_SETTING,
                    "exclude.internal.topics",
                    "topics(...)");
        }
        assertThat(KafkaSettings.of(settings("exclude.internal.topics", "TRUE")).consumer())
                .containsEntry("exclude.internal.topics", "true");
        for (Object no : List.of("false", "FALSE", " false ", false)) {
            assertThat(KafkaSettings.of(settings("enable.auto.commit", no)).groupId())
                    .isEqualTo("etl");
        }
        for (Object bytes : List.of(
                ByteArrayDeserializer.class,
                ByteArrayDeserializer.class.getName(),
                " " + ByteArrayDeserializer.class.getName() + "\t")) {
            assertThat(KafkaSettings.of(settings("value.deserializer", bytes)).groupId())
                    .isEqualTo("etl");
        }
        assertRefused(settings("value.deserializer", "no.such.Thing"), ErrorCode.INVALID_SETTING, "no.such.Thing");
    }

    @ParameterizedTest
    @CsvSource({
        "enable.auto.commit, no",
        "auto.offset.reset, NONE",
        "isolation.level, READ_COMMITTED",
        "isolation.level, committed",
        "group.protocol, clasic",
        "max.poll.interval.ms, 5 min",
        "max.poll.interval.ms, 0",
        "max.poll.interval.ms, 2147483648",
        "session.timeout.ms, 1e4",
        "allow.auto.create.topics, nope",
        "sasl.client.callback.handler.class, com.example.iam.CallbackHandler"
    })
    void whatKafkaRefusesIsRefusedWithItsReason(String name, String value) {
        assertRefused(settings(name, value), ErrorCode.INVALID_SETTING, "TM-103", name, value);
    }

    @Test
    void typesAreThoseOfKafka() {
        assertThat(KafkaSettings.of(settings("max.poll.interval.ms", 60_000)).maxPollInterval())
                .isEqualTo(Duration.ofMinutes(1));
        assertThat(KafkaSettings.of(settings("max.poll.interval.ms", " 60000 ")).maxPollInterval())
                .isEqualTo(Duration.ofMinutes(1));
        assertThat(KafkaSettings.of(settings("group.id", " etl\t")).groupId()).isEqualTo("etl");
        assertThat(KafkaSettings.of(settings("bootstrap.servers", List.of("a:1", "b:2")))
                        .groupId())
                .isEqualTo("etl");
        assertRefused(settings("max.poll.interval.ms", 60_000L), ErrorCode.INVALID_SETTING, "java.lang.Long");
        assertRefused(settings("group.id", 7), ErrorCode.INVALID_SETTING, "java.lang.Integer");
        for (String name : List.of("group.id", "bootstrap.servers", "isolation.level", "max.poll.records")) {
            assertRefused(settings(name, null), ErrorCode.INVALID_SETTING, name);
        }
        // Kafka's definition lets these pass, and its consumer fails over them.
        for (String name : List.of("session.timeout.ms", "allow.auto.create.topics", "heartbeat.interval.ms")) {
            assertRefused(settings(name, null), ErrorCode.INVALID_SETTING, name);
        }
        assertThat(KafkaSettings.of(settings("client.rack", null, "key.deserializer", null))
                        .groupId())
                .isEqualTo("etl");
    }

    @Test
    void theSessionTimeoutOfTheConsumerProtocolIsTheBrokers() {
        assertThat(KafkaSettings.of(settings("group.protocol", "Consumer")).sessionTimeout())
                .isEqualTo(Duration.ofSeconds(45));
        assertRefused(
                settings("group.protocol", "consumer", "session.timeout.ms", "9000"),
                ErrorCode.INVALID_SETTING,
                "session.timeout.ms");
        assertRefused(
                settings("session.timeout.ms", "3000"),
                ErrorCode.INVALID_SETTING,
                "heartbeat.interval.ms",
                "session.timeout.ms");
    }

    @Test
    void noSecretIsShown() throws IOException {
        assertRefused(
                settings("ssl.keystore.password", Collections.singletonList(SECRET)),
                ErrorCode.INVALID_SETTING,
                "ssl.keystore.password",
                "Expected value to be");
        assertRefused(
                provided("secret=" + SECRET + "\n", "group.protocol", variable("secret")),
                ErrorCode.INVALID_SETTING,
                "group.protocol",
                "secret}");
        assertRefused(
                provided("secret=" + SECRET + "\n", "enable.auto.commit", variable("secret")),
                ErrorCode.INVALID_SETTING,
                "enable.auto.commit");
        Map<Object, Object> odd = new HashMap<>(settings());
        odd.put(7, SECRET);
        @SuppressWarnings("unchecked")
        Map<String, ?> raw = (Map<String, ?>) (Map<?, ?>) odd;
        assertRefused(raw, ErrorCode.INVALID_SETTING, "java.lang.Integer");
        Map<String, Object> provider = settings(
                "config.providers",
                "p",
                "config.providers.p.class",
                "no.such.Provider",
                "config.providers.p.param.token",
                SECRET);
        assertRefused(provider, ErrorCode.INVALID_SETTING, "config.providers", "no.such.Provider");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\u0000b", "\ud800", "a\udc00b"})
    void aNameThatNoTextHoldsIsNoGroup(String group) {
        assertRefused(settings("group.id", group), ErrorCode.INVALID_SETTING, "group.id");
    }

    @Test
    void topicsAreNotMadeByReadingThem() {
        assertThat(KafkaSettings.of(settings()).consumer()).containsEntry("allow.auto.create.topics", false);
        for (Object yes : Arrays.asList("true", "TRUE ", true)) {
            Map<String, Object> consumer =
                    KafkaSettings.of(settings("allow.auto.create.topics", yes)).consumer();
            assertThat(new ConsumerConfig(consumer).getBoolean("allow.auto.create.topics"))
                    .isTrue();
        }
    }

    @Test
    void propertiesWithDefaults() {
        Properties defaults = new Properties();
        defaults.setProperty("bootstrap.servers", "localhost:9");
        defaults.setProperty("group.id", "from-defaults");
        Properties properties = new Properties(defaults);
        properties.put("max.poll.interval.ms", 1_000);
        assertThat(Tidemark.consumer(properties)
                        .topics("t")
                        .database(new PGSimpleDataSource())
                        .limits(dev.tidemark.UnitLimits.defaults().withMaxDuration(Duration.ofSeconds(1)))
                        .handle((record, tx) -> {})
                        .status()
                        .groupId())
                .isEqualTo("from-defaults");
        properties.put(7, "seven");
        assertThatThrownBy(() -> Tidemark.consumer(properties))
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("java.lang.Integer");
    }

    /** Two ways to name a group must not make two of it. */
    @Test
    void aGroupIsReadAsKafkaReadsIt() {
        for (String name : List.of("etl", " etl", "etl\t", "\n etl \r\u0001")) {
            assertThat(KafkaSettings.group(name))
                    .isEqualTo(KafkaSettings.of(settings("group.id", name)).groupId())
                    .isEqualTo("etl");
        }
        assertThat(KafkaSettings.group("a b")).isEqualTo("a b");
        assertThatThrownBy(() -> KafkaSettings.group(" \t"))
                .hasMessageStartingWith("TM-103")
                .hasMessageContaining("blank");
    }

    @Test
    void aRefusedSettingIsToldWithoutItsSecret() {
        assertThatThrownBy(() -> KafkaSettings.of(settings("client.rack", "r", "max.poll.records", "password=HUNTER2")))
                .hasMessageStartingWith("TM-103")
                .hasMessageContaining("max.poll.records=password=***")
                .hasMessageNotContaining("HUNTER2");
        assertThatThrownBy(() -> KafkaSettings.of(settings("enable.auto.commit", "u:HUNTER2@host:9092")))
                .hasMessageStartingWith("TM-103")
                .hasMessageContaining("u:***@host:9092")
                .hasMessageNotContaining("HUNTER2");
    }
}

package dev.tidemark.internal.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.testkit.FuzzSize;
import dev.tidemark.testkit.Seeds;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.config.ConfigData;
import org.apache.kafka.common.config.provider.ConfigProvider;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Random settings are read as Kafka's own configuration reads them, or refused with a code, and nothing is refused that Kafka and
 * exactly-once would take. No refusal shows a secret.
 */
class SettingsFuzzTest {
    private static final List<String> DESERIALIZERS = List.of("key.deserializer", "value.deserializer");

    private static final String SECRET = "s3cret-" + Integer.toHexString(7_919);

    private static final List<String> NAMES = List.of(
            "bootstrap.servers",
            "group.id",
            "group.instance.id",
            "group.protocol",
            "isolation.level",
            "max.poll.interval.ms",
            "max.poll.records",
            "session.timeout.ms",
            "heartbeat.interval.ms",
            "enable.auto.commit",
            "auto.offset.reset",
            "key.deserializer",
            "value.deserializer",
            "allow.auto.create.topics",
            "client.id",
            "request.timeout.ms",
            "default.api.timeout.ms",
            "ssl.keystore.password",
            "sasl.jaas.config",
            "security.protocol",
            "own.setting");

    private static final List<Object> VALUES = Arrays.asList(
            "true",
            "FALSE",
            " false\t",
            "none",
            "None",
            "earliest",
            "by_duration:PT1H",
            "classic",
            "Consumer",
            "read_committed",
            "read_uncommitted",
            "READ_COMMITTED",
            "60000",
            " 30000 ",
            "0",
            "-1",
            "2147483647",
            "2147483648",
            "1e3",
            "",
            " ",
            "\u2003",
            "etl",
            " etl ",
            "ä€",
            "a\u0000b",
            "\ud800",
            "localhost:9092",
            "a:1, b:2",
            "PLAINTEXT",
            "SSL",
            "${fuzz:0}",
            "${fuzz:1}",
            "${fuzz:2}",
            "x-${fuzz:3}",
            "${fuzz:4}",
            "${fuzz:nobody}",
            "${other:1}",
            "$",
            "${",
            ByteArrayDeserializer.class.getName(),
            ByteArrayDeserializer.class,
            StringDeserializer.class,
            "no.such.Thing",
            null,
            true,
            false,
            60_000,
            0,
            -1,
            60_000L,
            1.5,
            List.of(),
            List.of("a:1"),
            SECRET);

    /** What the provider finds; new for each case. */
    private static final Map<String, String> PROVIDED = new HashMap<>();

    /** A provider that knows a few names. */
    public static final class Provider implements ConfigProvider {
        @Override
        public ConfigData get(String path) {
            return new ConfigData(PROVIDED);
        }

        @Override
        public ConfigData get(String path, Set<String> keys) {
            Map<String, String> found = new HashMap<>(PROVIDED);
            found.keySet().retainAll(keys);
            return new ConfigData(found);
        }

        @Override
        public void configure(Map<String, ?> configs) {}

        @Override
        public void close() {}
    }

    /** As Kafka's consumer reads its settings, without a line for each of them. */
    private static final class Oracle extends ConsumerConfig {
        Oracle(Map<String, ?> settings) {
            super(settings, false);
        }
    }

    private static final class AdminOracle extends AdminClientConfig {
        AdminOracle(Map<String, ?> settings) {
            super(settings, false);
        }
    }

    private static <T> T any(Random random, List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private static Map<String, Object> settings(Random random) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", "localhost:9", "group.id", "etl"));
        PROVIDED.clear();
        for (int i = 0; i < 5; i++) {
            if (random.nextInt(5) > 0 && any(random, VALUES) instanceof String text) {
                PROVIDED.put(Integer.toString(i), text);
            }
        }
        PROVIDED.put("secret", SECRET);
        if (random.nextBoolean()) {
            settings.put("config.providers", random.nextBoolean() ? "fuzz" : List.of("fuzz"));
            settings.put("config.providers.fuzz.class", Provider.class.getName());
            settings.put("config.providers.fuzz.param.token", SECRET);
        }
        int count = 1 + random.nextInt(4);
        for (int i = 0; i < count; i++) {
            String name = any(random, NAMES);
            Object value = random.nextInt(20) == 0 ? "${fuzz:secret}" : any(random, VALUES);
            settings.put(name, value);
        }
        if (random.nextInt(50) == 0) {
            settings.remove(any(random, NAMES));
        }
        return settings;
    }

    /** Kafka's reading of the user's settings, with those left out that Tidemark sets; null where Kafka refuses them. */
    private static @Nullable Oracle read(Map<String, Object> settings) {
        Map<String, Object> asked = new HashMap<>(settings);
        for (String name : DESERIALIZERS) {
            if (asked.get(name) == null) {
                asked.put(name, ByteArrayDeserializer.class);
            }
        }
        if (asked.get("enable.auto.commit") == null) {
            asked.remove("enable.auto.commit");
        }
        if (asked.get("auto.offset.reset") == null) {
            asked.remove("auto.offset.reset");
        }
        try {
            Oracle oracle = new Oracle(asked);
            // Kafka's definition takes a null for these, and its consumer fails over it.
            for (String name : List.of("session.timeout.ms", "heartbeat.interval.ms", "allow.auto.create.topics")) {
                if (oracle.values().get(name) == null) {
                    return null;
                }
            }
            return oracle;
        } catch (RuntimeException e) {
            return null;
        }
    }

    /** Whether exactly-once, or what a group's name must be, stands against settings that Kafka takes. */
    private static boolean standsAgainst(Map<String, Object> settings, Oracle oracle) {
        String group = oracle.getString("group.id");
        boolean noGroup = group == null
                || group.isBlank()
                || group.indexOf('\0') >= 0
                || !StandardCharsets.UTF_8.newEncoder().canEncode(group)
                || (settings.containsKey("config.providers") && group.contains("${fuzz:"));
        boolean commits = settings.get("enable.auto.commit") != null && oracle.getBoolean("enable.auto.commit");
        boolean resets = settings.get("auto.offset.reset") != null
                && !oracle.getString("auto.offset.reset").equals("none");
        // Its configuration takes any class, and its consumer then refuses to make a deserializer of it.
        boolean noDeserializer =
                DESERIALIZERS.stream().anyMatch(name -> !Deserializer.class.isAssignableFrom(oracle.getClass(name)));
        boolean beats = !oracle.getString("group.protocol").equalsIgnoreCase("consumer")
                && oracle.getInt("heartbeat.interval.ms") >= oracle.getInt("session.timeout.ms");
        List<String> servers = oracle.getList("bootstrap.servers");
        // Kafka's configuration looks at it only where there is no client.id; its consumer does always.
        String instance = oracle.getString("group.instance.id");
        boolean noInstance = instance != null && !instance.matches("[a-zA-Z0-9._-]+");
        return noInstance
                || noGroup
                || commits
                || resets
                || noDeserializer
                || beats
                || servers.stream().allMatch(String::isBlank);
    }

    private static boolean adminTakes(Map<String, Object> settings) {
        Map<String, Object> asked = new HashMap<>(settings);
        asked.keySet()
                .removeIf(name -> ConsumerConfig.configNames().contains(name)
                        && !AdminClientConfig.configNames().contains(name));
        try {
            return new AdminOracle(asked) != null;
        } catch (RuntimeException e) {
            return false;
        }
    }

    private static void check(Map<String, Object> settings) {
        Oracle oracle = read(settings);
        KafkaSettings read;
        try {
            read = KafkaSettings.of(settings);
        } catch (InvalidConfigurationException e) {
            assertThat(e.code()).isIn(ErrorCode.INVALID_SETTING, ErrorCode.CONFLICTING_KAFKA_SETTING);
            assertThat(e.getCause()).isNull();
            boolean shown = settings.values().stream().noneMatch(SECRET::equals)
                    && String.valueOf(e.getMessage()).contains(SECRET);
            assertThat(shown).as("a secret in " + e.getMessage()).isFalse();
            assertThat(oracle == null || standsAgainst(settings, oracle) || !adminTakes(settings))
                    .as("refused without a reason: " + e.getMessage())
                    .isTrue();
            return;
        }
        assertThat(oracle).as("Kafka refuses it").isNotNull();
        Objects.requireNonNull(oracle);
        assertThat(standsAgainst(settings, oracle)).as("it was let pass").isFalse();
        Oracle client = new Oracle(read.consumer());
        for (Oracle kafka : List.of(oracle, client)) {
            assertThat(read.groupId()).isEqualTo(kafka.getString("group.id"));
            assertThat(read.maxPollInterval().toMillis()).isEqualTo((long) kafka.getInt("max.poll.interval.ms"));
            if (!kafka.getString("group.protocol").equalsIgnoreCase("consumer")) {
                assertThat(read.sessionTimeout().toMillis()).isEqualTo((long) kafka.getInt("session.timeout.ms"));
            }
        }
        assertThat(client.getString("isolation.level"))
                .isEqualTo(read.isolationLevel().toString().toLowerCase(Locale.ROOT))
                .isEqualTo(
                        settings.containsKey("isolation.level")
                                ? oracle.getString("isolation.level")
                                : "read_committed");
        assertThat(read.deserializers().key()).isExactlyInstanceOf(oracle.getClass("key.deserializer"));
        assertThat(read.deserializers().value()).isExactlyInstanceOf(oracle.getClass("value.deserializer"));
        for (String name : DESERIALIZERS) {
            assertThat(client.getClass(name)).isEqualTo(ByteArrayDeserializer.class);
        }
        assertThat(client.getBoolean("enable.auto.commit")).isFalse();
        assertThat(client.getString("auto.offset.reset")).isEqualTo("none");
        assertThat(client.getBoolean("allow.auto.create.topics"))
                .isEqualTo(settings.containsKey("allow.auto.create.topics")
                        && oracle.getBoolean("allow.auto.create.topics"));
        assertThat(new AdminOracle(read.admin()).getList("bootstrap.servers"))
                .isEqualTo(oracle.getList("bootstrap.servers"));
    }

    @Test
    void settingsAreReadAsKafkaReadsThemOrRefused() {
        Random random = Seeds.random("SettingsFuzzTest.settings");
        int size = FuzzSize.orElse(2_000);
        int taken = 0;
        for (int i = 0; i < size; i++) {
            Map<String, Object> settings = settings(random);
            try {
                check(settings);
                taken += read(settings) == null ? 0 : 1;
            } catch (AssertionError | RuntimeException e) {
                fail("case " + i + ": " + settings + " with " + PROVIDED + ": " + e.getMessage(), e);
            }
        }
        List<String> counts = new ArrayList<>(List.of(size + " cases", taken + " that Kafka takes"));
        System.out.println("SettingsFuzzTest.settings: " + counts);
        assertThat(taken).as("cases that Kafka takes").isBetween(size / 10, size * 9 / 10);
    }
}

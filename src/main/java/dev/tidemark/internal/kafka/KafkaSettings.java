package dev.tidemark.internal.kafka;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * The user's Kafka settings, with those overridden that exactly-once needs. A setting that contradicts one of those is refused by
 * name; everything else goes to consumer and Admin as it is. Tidemark reads settings as Kafka does, and the clients get the value
 * that was read: a provider that returns something else a moment later does not make the two differ.
 */
public final class KafkaSettings {
    /** Bytes of a text in Kafka's protocol. */
    private static final int SENDABLE = Short.MAX_VALUE;

    /** Bytes of a group's name that fit into the entries of PostgreSQL's indexes together with a topic. */
    private static final int STORABLE = 2_000;

    /** Kafka's own default of 500 makes a busy poll thread spend its time in bookkeeping; users may set any value. */
    private static final int MAX_POLL_RECORDS = 5_000;

    /** Under the consumer protocol the brokers set it, and this is their default. */
    private static final Duration BROKERS_SESSION_TIMEOUT = Duration.ofSeconds(45);

    private static final Map<String, String> FORCED = Map.of(
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
            "false",
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            "none",
            ConsumerConfig.EXCLUDE_INTERNAL_TOPICS_CONFIG,
            "true");

    private static final Map<String, String> WHY = Map.of(
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "the offsets live in the database",
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "a lost position must be an error; choose a StartPosition instead",
            ConsumerConfig.EXCLUDE_INTERNAL_TOPICS_CONFIG,
                    "a pattern leaves Kafka's own topics out; name those that are meant with topics(...)");

    /** Deserializers are not passed to the consumer, which delivers bytes, but used by the workers. */
    private static final Map<String, String> BYTES = Map.of(
            ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
            ByteArrayDeserializer.class.getName(),
            ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
            ByteArrayDeserializer.class.getName());

    /** The settings read here, and so passed on as they were read. */
    private static final Set<String> READ = Set.of(
            ConsumerConfig.GROUP_ID_CONFIG,
            ConsumerConfig.GROUP_PROTOCOL_CONFIG,
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG,
            ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG,
            ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG);

    private static final Pattern INSTANCE = Pattern.compile("[a-zA-Z0-9._-]{1,249}");

    private final Map<String, Object> consumer;
    private final Map<String, Object> admin;
    private final AbstractConfig parsed;
    private final GivenDeserializers deserializers;

    private KafkaSettings(
            Map<String, Object> consumer,
            Map<String, Object> admin,
            AbstractConfig parsed,
            GivenDeserializers deserializers) {
        this.deserializers = deserializers;
        this.consumer = consumer;
        this.admin = admin;
        this.parsed = parsed;
    }

    /**
     * Refuses contradictions (TM-101), what is missing or what Kafka's clients would refuse (TM-103), and a kafka-clients that is too old
     * (TM-105). Calls the {@code config.providers}, and nothing else.
     */
    public static KafkaSettings of(Map<String, ?> user) {
        ClientLibrary.require();
        ClientSettings given = ClientSettings.resolve(user);
        FORCED.forEach((name, forced) -> refuseOther(given, name, forced));
        refuseControllers(given);
        require(given, ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG);
        require(given, ConsumerConfig.GROUP_ID_CONFIG);

        given.check(ConsumerConfig.configDef(), FORCED.keySet());
        given.check(AdminClientConfig.configDef(), Set.of());

        Map<String, Object> own = new HashMap<>(FORCED);
        own.putAll(BYTES);
        for (String name : READ) {
            if (given.isGiven(name)) {
                own.put(name, given.consumer(name));
            }
        }
        setUnlessGiven(
                own,
                given,
                ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                IsolationLevel.READ_COMMITTED.toString().toLowerCase(Locale.ROOT));
        setUnlessGiven(own, given, ConsumerConfig.MAX_POLL_RECORDS_CONFIG, MAX_POLL_RECORDS);
        // A mistyped name must be an error, and a topic that was deleted must not be created again.
        setUnlessGiven(own, given, ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        AbstractConfig parsed = given.consumerWith(own);
        SecuritySettings.check(given, parsed);
        checkGroup(given, parsed.getString(ConsumerConfig.GROUP_ID_CONFIG));
        for (String name : List.of(ConsumerConfig.CLIENT_ID_CONFIG, ConsumerConfig.CLIENT_RACK_CONFIG)) {
            checkLength(name, parsed.getString(name), SENDABLE);
        }
        checkInstance(given, parsed.getString(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG));
        checkHeartbeat(parsed);

        Map<String, Object> consumer = new HashMap<>(user);
        consumer.putAll(own);
        Map<String, Object> admin = new HashMap<>(user);
        Set<String> adminKeys = AdminClientConfig.configNames();
        admin.keySet().removeIf(key -> ConsumerConfig.configNames().contains(key) && !adminKeys.contains(key));
        return new KafkaSettings(
                Collections.unmodifiableMap(consumer),
                Collections.unmodifiableMap(admin),
                parsed,
                GivenDeserializers.of(given));
    }

    /** For the KafkaConsumer. */
    public Map<String, Object> consumer() {
        return consumer;
    }

    /** For the Admin client: everything except settings that only a consumer has. */
    public Map<String, Object> admin() {
        return admin;
    }

    /** The deserializers that the settings name. */
    public GivenDeserializers deserializers() {
        return deserializers;
    }

    /** {@code group.id}. */
    public String groupId() {
        return parsed.getString(ConsumerConfig.GROUP_ID_CONFIG);
    }

    /** {@code max.poll.interval.ms}; 5 minutes is Kafka's default. */
    public Duration maxPollInterval() {
        return Duration.ofMillis(parsed.getInt(ConsumerConfig.MAX_POLL_INTERVAL_MS_CONFIG));
    }

    /** {@code fetch.max.wait.ms}; 500 ms is Kafka's default. */
    public Duration fetchMaxWait() {
        return Duration.ofMillis(parsed.getInt(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG));
    }

    /** {@code max.poll.records}; 5,000 unless the user sets it. */
    public int maxPollRecords() {
        return parsed.getInt(ConsumerConfig.MAX_POLL_RECORDS_CONFIG);
    }

    /** {@code session.timeout.ms}; 45 s is Kafka's default, and under the consumer protocol the brokers' default too. */
    public Duration sessionTimeout() {
        return isConsumerProtocol(parsed)
                ? BROKERS_SESSION_TIMEOUT
                : Duration.ofMillis(parsed.getInt(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG));
    }

    /** {@code isolation.level}; read_committed unless the user sets it. */
    public IsolationLevel isolationLevel() {
        return IsolationLevel.valueOf(
                parsed.getString(ConsumerConfig.ISOLATION_LEVEL_CONFIG).toUpperCase(Locale.ROOT));
    }

    private static boolean isConsumerProtocol(AbstractConfig parsed) {
        return GroupProtocol.CONSUMER.name().equalsIgnoreCase(parsed.getString(ConsumerConfig.GROUP_PROTOCOL_CONFIG));
    }

    private static void setUnlessGiven(Map<String, Object> own, ClientSettings given, String name, Object value) {
        if (!given.isGiven(name)) {
            own.put(name, value);
        }
    }

    private static void refuseOther(ClientSettings given, String name, String forced) {
        Object value = given.value(name);
        if (value == null) {
            return;
        }
        // Even a class that does not exist can be the wrong one.
        boolean isClass = forced.equals(ByteArrayDeserializer.class.getName());
        String meant = isClass && value instanceof String text
                ? text.trim()
                : isClass && value instanceof Class<?> c ? c.getName() : String.valueOf(given.consumer(name));
        if (!forced.equals(meant)) {
            throw new InvalidConfigurationException(
                    ErrorCode.CONFLICTING_KAFKA_SETTING,
                    "Kafka setting " + name + "=" + given.written(name) + " is not allowed: " + WHY.get(name)
                            + "; leave " + name + " out",
                    null);
        }
    }

    /** Admin clients take it in place of the brokers, and consumers have no such setting. */
    private static void refuseControllers(ClientSettings given) {
        String name = AdminClientConfig.BOOTSTRAP_CONTROLLERS_CONFIG;
        if (!isEmpty(given.value(name))) {
            throw new InvalidConfigurationException(
                    ErrorCode.CONFLICTING_KAFKA_SETTING,
                    "Kafka setting " + name + " is not allowed: records are read from brokers, which "
                            + ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG + " names; leave " + name + " out",
                    null);
        }
    }

    private static boolean isEmpty(@Nullable Object value) {
        return value == null
                || (value instanceof String text && text.isBlank())
                || (value instanceof List<?> list && list.isEmpty());
    }

    private static void require(ClientSettings given, String name) {
        if (isEmpty(given.value(name))) {
            throw ClientSettings.invalid("Kafka setting " + name + " is missing or blank");
        }
    }

    private static void checkGroup(ClientSettings given, String group) {
        if (given.hasUnknownVariable(ConsumerConfig.GROUP_ID_CONFIG)) {
            throw ClientSettings.invalid("Kafka setting " + ConsumerConfig.GROUP_ID_CONFIG + "="
                    + given.written(ConsumerConfig.GROUP_ID_CONFIG)
                    + " names a variable that its provider does not have: set it, or write the group's name");
        }
        checkGroup(group);
        // PostgreSQL stores neither, and Kafka would store another name than the given one.
        if (group.indexOf('\0') >= 0 || !StandardCharsets.UTF_8.newEncoder().canEncode(group)) {
            throw ClientSettings.invalid("Kafka setting " + ConsumerConfig.GROUP_ID_CONFIG
                    + " contains a character that cannot be stored: a zero or half of a surrogate pair");
        }
    }

    /** Refuses the name of a group that is too long to be stored (TM-103). */
    public static void checkGroup(String group) {
        checkLength(ConsumerConfig.GROUP_ID_CONFIG, group, STORABLE);
    }

    /** A group's name as Kafka's client reads {@code group.id}, without blanks at its ends; refuses one that is nothing else (TM-103). */
    public static String group(String name) {
        String group = name.trim();
        if (group.isEmpty()) {
            throw ClientSettings.invalid("the group id is blank");
        }
        return group;
    }

    /** Kafka's clients do not check it: the thread of one that has to send a longer text dies, and its callers would wait for good. */
    private static void checkLength(String name, @Nullable String value, int longest) {
        int bytes = value == null ? 0 : value.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > longest) {
            throw ClientSettings.invalid("Kafka setting " + name + " has " + bytes + " bytes, and may have " + longest);
        }
    }

    /** Kafka's configuration checks it only if there is no {@code client.id}, and its consumer later. */
    private static void checkInstance(ClientSettings given, @Nullable String instance) {
        if (instance != null && (!INSTANCE.matcher(instance).matches() || instance.matches("\\.{1,2}"))) {
            throw ClientSettings.invalid("Kafka refuses " + ConsumerConfig.GROUP_INSTANCE_ID_CONFIG + "="
                    + given.written(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG)
                    + ": it must be 1 to 249 ASCII letters, digits, '.', '_' and '-'");
        }
    }

    /** Kafka's consumer fails on it without naming the setting. */
    private static void checkHeartbeat(AbstractConfig parsed) {
        int heartbeat = parsed.getInt(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG);
        int session = parsed.getInt(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG);
        if (!isConsumerProtocol(parsed) && heartbeat >= session) {
            throw ClientSettings.invalid(
                    "Kafka setting " + ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG + ", which is " + heartbeat
                            + ", must be below " + ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG + ", which is " + session);
        }
    }
}

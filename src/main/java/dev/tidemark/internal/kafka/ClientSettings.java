package dev.tidemark.internal.kafka;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.log.Secrets;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigTransformer;
import org.jspecify.annotations.Nullable;

/**
 * Kafka settings as Kafka's own clients read them: {@code config.providers} resolved, and each value parsed and validated by the
 * client's definition. What a client would refuse is refused with its reason (TM-103), in a message without secrets: the value of a
 * password is never shown, and one from a provider only as it was written.
 */
final class ClientSettings {
    private static final String PROVIDERS = "config.providers";
    private static final String HIDDEN = "(hidden)";

    /** If their definition accepts null, Kafka's clients fail on it later. */
    private static final Set<ConfigDef.Type> NEVER_NULL = EnumSet.of(
            ConfigDef.Type.BOOLEAN,
            ConfigDef.Type.SHORT,
            ConfigDef.Type.INT,
            ConfigDef.Type.LONG,
            ConfigDef.Type.DOUBLE);

    private final Map<String, Object> given;
    private final Map<String, Object> resolved;

    private ClientSettings(Map<String, Object> given, Map<String, Object> resolved) {
        this.given = given;
        this.resolved = resolved;
    }

    /** Calls the providers that the settings name; a setting without a variable is used as it is. */
    static ClientSettings resolve(Map<?, ?> user) {
        Map<String, Object> given = new HashMap<>();
        user.forEach((key, value) -> {
            if (!(key instanceof String name)) {
                throw invalid("the name of a Kafka setting must be a string, not "
                        + (key == null ? "null" : "a " + key.getClass().getName()));
            }
            given.put(name, value);
        });
        try {
            return new ClientSettings(
                    given, new HashMap<>(new AbstractConfig(new ConfigDef(), given, false).originals()));
        } catch (ConfigException e) {
            throw invalid("a provider of " + PROVIDERS + " fails: " + withoutParameters(e, given));
        } catch (RuntimeException | LinkageError e) {
            throw invalid(
                    "a provider of " + PROVIDERS + " fails with " + e.getClass().getSimpleName());
        }
    }

    /** A provider may quote what it was given, and that may be a token. */
    private static String withoutParameters(ConfigException failure, Map<String, Object> given) {
        String words = String.valueOf(failure.getMessage());
        for (Map.Entry<String, Object> setting : given.entrySet()) {
            String value = String.valueOf(setting.getValue()).trim();
            if (setting.getKey().matches("config\\.providers\\..*\\.param\\..*") && !value.isEmpty()) {
                words = words.replace(value, HIDDEN);
            }
        }
        return words;
    }

    boolean isGiven(String name) {
        return given.containsKey(name);
    }

    /** A setting as the consumer's definition parses it; null if it is given as null, the default if it is not given. */
    @Nullable
    Object consumer(String name) {
        ConfigKey key = ConsumerConfig.configDef().configKeys().get(name);
        if (key == null) {
            throw new IllegalArgumentException("not a consumer setting: " + name);
        }
        if (!isGiven(name)) {
            return key.hasDefault() ? key.defaultValue : null;
        }
        return parse(key);
    }

    /** The value of a setting with its variables replaced, otherwise as it was given. */
    @Nullable
    Object value(String name) {
        return resolved.get(name);
    }

    /** All settings, with their variables replaced. */
    Map<String, Object> all() {
        return Collections.unmodifiableMap(resolved);
    }

    /** The value of a setting as it was written. */
    String written(String name) {
        Object value = given.get(name);
        return value instanceof Class<?> c ? c.getName() : String.valueOf(value).trim();
    }

    /** Whether a value contains an unresolved variable of a named provider. */
    boolean hasUnknownVariable(String name) {
        Object providers = resolved.get(PROVIDERS);
        if (providers == null || !(resolved.get(name) instanceof String text)) {
            return false;
        }
        List<String> names = providers instanceof List<?> list
                ? list.stream().map(String::valueOf).toList()
                : List.of(String.valueOf(providers).trim().split("\\s*,\\s*", -1));
        Matcher variable = ConfigTransformer.DEFAULT_PATTERN.matcher(text);
        while (variable.find()) {
            if (names.contains(variable.group(1))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Refuses those that a client of this definition would refuse.
     *
     * @param replaced settings that do not reach the client as they are
     */
    void check(ConfigDef definition, Set<String> replaced) {
        for (ConfigKey key : definition.configKeys().values()) {
            if (isGiven(key.name) && !replaced.contains(key.name)) {
                Object unused = parse(key);
            }
        }
    }

    /** All settings as a consumer has them; refuses those that contradict each other. */
    AbstractConfig consumerWith(Map<String, Object> others) {
        Map<String, Object> all = new HashMap<>(resolved);
        all.putAll(others);
        // The providers were called already.
        all.remove(PROVIDERS);
        // Otherwise Kafka's client increments the number that it gives to consumers without a name.
        all.putIfAbsent(ConsumerConfig.CLIENT_ID_CONFIG, "tidemark");
        try {
            return new QuietConsumerConfig(all);
        } catch (ConfigException e) {
            // Each value is valid by itself, so this is about names.
            throw invalid("Kafka refuses the settings: " + e.getMessage());
        } catch (RuntimeException e) {
            throw invalid("Kafka refuses the settings with " + e.getClass().getSimpleName());
        }
    }

    private @Nullable Object parse(ConfigKey key) {
        Object value = resolved.get(key.name);
        try {
            Object parsed = ConfigDef.parseType(key.name, value, key.type);
            if (key.validator != null) {
                key.validator.ensureValid(key.name, parsed);
            }
            if (parsed == null && NEVER_NULL.contains(key.type) && key.defaultValue != null) {
                throw new ConfigException(key.name, null, "Value must be non-null");
            }
            return parsed;
        } catch (ConfigException e) {
            throw invalid("Kafka refuses " + shown(key) + reason(key, value, e));
        } catch (RuntimeException e) {
            throw invalid("Kafka refuses " + shown(key) + ": " + e.getClass().getSimpleName());
        }
    }

    private String shown(ConfigKey key) {
        return key.name + "=" + (key.type == ConfigDef.Type.PASSWORD ? HIDDEN : written(key.name));
    }

    /** Kafka's message begins with the value. */
    private String reason(ConfigKey key, @Nullable Object value, ConfigException e) {
        String message = String.valueOf(e.getMessage());
        int named = message.indexOf(" for configuration " + key.name);
        String reason = named < 0 ? ": " + message : message.substring(named + 19 + key.name.length());
        String text = value instanceof Class<?> c
                ? c.getName()
                : String.valueOf(value).trim();
        boolean secret = key.type == ConfigDef.Type.PASSWORD || !text.equals(written(key.name));
        String told = secret && !text.isEmpty() ? reason.replace(text, HIDDEN) : reason;
        if (key.name.equals(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG)) {
            return told + " " + CreationFailure.SERVERS;
        }
        return told.endsWith(" could not be found.")
                ? told + " Add its jar (TIDEMARK_CLASSPATH for bin/tidemark), or fix its name"
                : told;
    }

    static InvalidConfigurationException invalid(String why) {
        return new InvalidConfigurationException(ErrorCode.INVALID_SETTING, Secrets.masked(why), null);
    }

    /** Kafka's public constructor logs every setting. */
    private static final class QuietConsumerConfig extends ConsumerConfig {
        QuietConsumerConfig(Map<String, Object> settings) {
            super(settings, false);
        }
    }
}

package dev.tidemark;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;

/** Converts Kafka settings given as {@code Properties}. */
final class KafkaConfig {
    private KafkaConfig() {}

    /** Includes defaults; a name that is not a string is refused (TM-103). */
    static Map<String, Object> of(Properties properties) {
        Map<String, Object> settings = new HashMap<>();
        properties.keySet().forEach(KafkaConfig::requireString);
        // Both are needed: only the names include defaults, only the entries include values that are not strings.
        properties.stringPropertyNames().forEach(name -> settings.put(name, properties.getProperty(name)));
        properties.forEach((name, value) -> settings.put((String) name, value));
        return settings;
    }

    private static void requireString(Object name) {
        if (!(name instanceof String)) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    "the name of a Kafka setting must be a string, not a "
                            + name.getClass().getName(),
                    null);
        }
    }
}

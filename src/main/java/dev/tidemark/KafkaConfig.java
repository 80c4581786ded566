package dev.tidemark;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;

/** Kafka settings in the kind of object that Kafka's own examples use. */
final class KafkaConfig {
    private KafkaConfig() {}

    /** With its defaults; a name that is no string is refused (TM-103). */
    static Map<String, Object> of(Properties properties) {
        Map<String, Object> settings = new HashMap<>();
        properties.keySet().forEach(KafkaConfig::requireString);
        // The two see different things: defaults are among the names, and values that are no strings among the entries.
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

package dev.tidemark.testkit.process;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a child process is started with: arguments of the form {@code key=value}, those of the Kafka clients as {@code kafka.key=value}.
 *
 * @param own its own settings
 * @param kafka those of the Kafka clients
 */
public record ProcessSettings(Map<String, String> own, Map<String, Object> kafka) {
    private static final String OF_KAFKA = "kafka.";

    /** Reads what {@link #args} wrote. */
    public static ProcessSettings parse(String... args) {
        Map<String, String> own = new HashMap<>();
        Map<String, Object> kafka = new HashMap<>();
        for (String arg : args) {
            String key = arg.substring(0, arg.indexOf('='));
            String value = arg.substring(arg.indexOf('=') + 1);
            if (key.startsWith(OF_KAFKA)) {
                kafka.put(key.substring(OF_KAFKA.length()), value);
            } else {
                own.put(key, value);
            }
        }
        return new ProcessSettings(own, kafka);
    }

    /** The arguments of the process. */
    public List<String> args() {
        List<String> args = new ArrayList<>();
        kafka.forEach((key, value) -> args.add(OF_KAFKA + key + "=" + value));
        own.forEach((key, value) -> args.add(key + "=" + value));
        return args;
    }

    /** A setting of its own that must be there. */
    public String get(String key) {
        return Objects.requireNonNull(own.get(key), key);
    }

    /** A setting of its own, or what it is by default. */
    public String get(String key, String otherwise) {
        return own.getOrDefault(key, otherwise);
    }

    public boolean has(String key) {
        return own.containsKey(key);
    }
}

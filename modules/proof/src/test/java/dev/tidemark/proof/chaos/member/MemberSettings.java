package dev.tidemark.proof.chaos.member;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What a member is started with.
 *
 * @param all its own settings
 * @param kafka those of the Kafka clients, which come as {@code kafka.*}
 */
public record MemberSettings(Map<String, String> all, Map<String, Object> kafka) {
    /** Takes arguments of the form {@code key=value}. */
    public static MemberSettings parse(String... args) {
        Map<String, String> own = new HashMap<>();
        Map<String, Object> kafka = new HashMap<>();
        for (String arg : args) {
            String key = arg.substring(0, arg.indexOf('='));
            String value = arg.substring(arg.indexOf('=') + 1);
            if (key.startsWith("kafka.")) {
                kafka.put(key.substring("kafka.".length()), value);
            } else {
                own.put(key, value);
            }
        }
        return new MemberSettings(own, kafka);
    }

    /** A setting that must be there. */
    public String own(String key) {
        return Objects.requireNonNull(all.get(key), key);
    }

    public boolean has(String key) {
        return all.containsKey(key);
    }
}

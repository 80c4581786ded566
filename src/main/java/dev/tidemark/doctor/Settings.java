package dev.tidemark.doctor;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The server's settings, as this role and this database get them. */
record Settings(Map<String, Setting> settings) {
    /**
     * A setting, as in {@code pg_settings}.
     *
     * @param unit null if it has none
     */
    record Setting(String value, @Nullable String unit) {}

    /** The value; empty if this server does not know the name. */
    Optional<String> text(String name) {
        return Optional.ofNullable(settings.get(name)).map(Setting::value);
    }

    /** Whether it is on. */
    boolean isOn(String name) {
        return text(name).filter("on"::equals).isPresent();
    }

    /** A number; 0 if this server does not know the name. */
    int number(String name) {
        return text(name).map(Integer::parseInt).orElse(0);
    }

    /** A time; zero if it is off, or this server does not know the name. */
    Duration time(String name) {
        Setting setting = settings.get(name);
        if (setting == null) {
            return Duration.ZERO;
        }
        long value = Long.parseLong(setting.value());
        String unit = setting.unit() == null ? "ms" : setting.unit();
        return switch (unit) {
            case "s" -> Duration.ofSeconds(value);
            case "min" -> Duration.ofMinutes(value);
            default -> Duration.ofMillis(value);
        };
    }
}

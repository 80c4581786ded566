package dev.tidemark.proof;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The command line's words, by option. */
final class Arguments {
    /** What was written cannot be understood. */
    static final class UsageException extends RuntimeException {
        private static final long serialVersionUID = 1;

        UsageException(String message) {
            super(message);
        }
    }

    private final Map<Option, String> given = new EnumMap<>(Option.class);

    Arguments(String... words) {
        for (int i = 0; i < words.length; i++) {
            String word = words[i];
            int equals = word.indexOf('=');
            String name = word.startsWith("--") && equals > 0 ? word.substring(0, equals) : word;
            Option option = Option.of(name).orElseThrow(() -> new UsageException("unknown option " + name));
            if (!option.takesArgument()) {
                given.put(option, "");
            } else if (equals > 0) {
                given.put(option, word.substring(equals + 1));
            } else if (i + 1 < words.length) {
                given.put(option, words[++i]);
            } else {
                throw new UsageException(name + " needs a value");
            }
        }
    }

    boolean has(Option option) {
        return given.containsKey(option);
    }

    /** The value that was given, or the default; null if there is neither. */
    @Nullable
    String optional(Option option) {
        return given.getOrDefault(option, option.standard());
    }

    String required(Option option) {
        String value = optional(option);
        if (value == null) {
            throw new UsageException(option.word() + " is missing");
        }
        return value;
    }

    long number(Option option) {
        try {
            return Long.parseLong(required(option));
        } catch (NumberFormatException e) {
            throw new UsageException(option.word() + " is not a number");
        }
    }

    Duration duration(Option option) {
        try {
            return Duration.parse(required(option));
        } catch (DateTimeParseException e) {
            throw new UsageException(option.word() + " is not an ISO 8601 duration, such as PT11S");
        }
    }
}

package dev.tidemark.internal.kafka;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;

/** The version of kafka-clients: an application's framework may bring another one than Tidemark was compiled with. */
public final class ClientLibrary {
    private static final String FLOOR = "4.0";
    private static final String UNKNOWN = "of an unknown version";

    private ClientLibrary() {}

    /**
     * Refuses a library that is too old (TM-105). What decides is whether it has what Tidemark calls, and not its version, which is
     * only named.
     */
    public static void require() {
        try {
            // The newest of what is called unconditionally.
            Object unused = ConsumerRecords.class.getMethod("nextOffsets");
        } catch (NoSuchMethodException e) {
            throw new InvalidConfigurationException(
                    ErrorCode.LIBRARY_TOO_OLD,
                    "kafka-clients on the class path is " + version() + ", and Tidemark needs " + FLOOR
                            + " or newer: set the version of org.apache.kafka:kafka-clients (with Spring Boot, the"
                            + " property kafka.version)",
                    null);
        }
    }

    /** As its jar says. */
    public static String version() {
        Properties properties = new Properties();
        try (InputStream in = ConsumerRecords.class.getResourceAsStream("/kafka/kafka-version.properties")) {
            if (in != null) {
                properties.load(in);
            }
        } catch (IOException e) {
            return UNKNOWN;
        }
        return properties.getProperty("version", UNKNOWN);
    }

    /** Closes a consumer, which leaves its group unless it is a static member. */
    @SuppressWarnings("deprecation")
    public static void close(Consumer<?, ?> consumer, Duration limit) {
        // Deprecated since 4.1 in favour of CloseOptions, which 4.0 does not have; with a timeout only, the two do the
        // same.
        consumer.close(limit);
    }
}

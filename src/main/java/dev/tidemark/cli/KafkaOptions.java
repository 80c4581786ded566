package dev.tidemark.cli;

import dev.tidemark.internal.kafka.KafkaSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which Kafka cluster a command asks, and how it logs in there. */
final class KafkaOptions {
    /** Milliseconds until a cluster that does not answer counts as away; a file may set another. */
    private static final String PATIENCE = "15000";

    private static final char BYTE_ORDER_MARK = '\uFEFF';

    @Option(
            names = "--bootstrap-servers",
            paramLabel = "HOST:PORT,...",
            defaultValue = "${env:TIDEMARK_BOOTSTRAP_SERVERS}",
            description = "The Kafka cluster. Default: TIDEMARK_BOOTSTRAP_SERVERS, or what the file says.")
    private @Nullable String bootstrapServers;

    @Option(
            names = "--kafka-config",
            paramLabel = "FILE",
            defaultValue = "${env:TIDEMARK_KAFKA_CONFIG}",
            description = "A properties file with Kafka's client settings: security, and whatever else. Default:"
                    + " TIDEMARK_KAFKA_CONFIG.")
    private @Nullable Path file;

    /** Whether the caller said which cluster. */
    boolean isGiven() {
        return bootstrapServers != null || file != null;
    }

    /** The settings for this group's consumer. */
    Map<String, Object> config(String group) {
        Map<String, Object> config = new HashMap<>();
        if (file != null) {
            Properties properties = new Properties();
            try (BufferedReader reader = Files.newBufferedReader(file)) {
                skipByteOrderMark(reader);
                properties.load(reader);
            } catch (IOException | IllegalArgumentException e) {
                throw CommandException.wrongInput("the file of --kafka-config cannot be read: " + file);
            }
            properties.stringPropertyNames().forEach(name -> config.put(name, properties.getProperty(name)));
        }
        if (bootstrapServers != null) {
            config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
        }
        if (!config.containsKey(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG)) {
            throw CommandException.wrongInput(
                    "no Kafka cluster: pass --bootstrap-servers, or set TIDEMARK_BOOTSTRAP_SERVERS");
        }
        config.put(ConsumerConfig.GROUP_ID_CONFIG, group);
        return config;
    }

    /** The settings, checked, and told apart for consumer and Admin. */
    KafkaSettings settings(String group) {
        return KafkaSettings.of(config(group));
    }

    /** An Admin client, the caller's to close, that gives up after 15 s unless the file says otherwise. */
    Admin admin(String group) {
        Map<String, Object> config = new HashMap<>(settings(group).admin());
        // One of them alone could contradict the other, which the client refuses.
        if (!config.containsKey(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG)
                && !config.containsKey(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG)) {
            config.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, PATIENCE);
            config.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, PATIENCE);
        }
        return Admin.create(config);
    }

    /** Editors of some systems write one, and it would become a part of the first name. */
    private static void skipByteOrderMark(BufferedReader reader) throws IOException {
        reader.mark(1);
        if (reader.read() != BYTE_ORDER_MARK) {
            reader.reset();
        }
    }
}

package dev.tidemark.cli.option;

import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.cli.output.CommandException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The Kafka cluster that a command uses, and its client settings. */
public final class KafkaOptions {
    private static final char BYTE_ORDER_MARK = '\uFEFF';

    @Option(
            names = {"--bootstrap-servers", "--bootstrap-server"},
            paramLabel = "HOST:PORT,...",
            description = "The Kafka cluster. Default: TIDEMARK_BOOTSTRAP_SERVERS, or the value in --kafka-config.")
    private @Nullable String bootstrapServers;

    @Option(
            names = {"--kafka-config", "--command-config"},
            paramLabel = "FILE",
            description = "A properties file with Kafka client settings, such as security. Default:"
                    + " TIDEMARK_KAFKA_CONFIG.")
    private @Nullable Path file;

    /** Whether the caller named a cluster. */
    public boolean isGiven() {
        return bootstrapServers != null || file != null;
    }

    /** The settings for this group's consumer. Refuses servers that are not Kafka (TM-103). */
    public Map<String, Object> config(String group) {
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
        KafkaPorts.check(config);
        return config;
    }

    /** For calls that use Kafka if the caller named a cluster, and otherwise only the database. */
    public TidemarkAdmin admin(DatabaseOptions database, String group) {
        TidemarkAdmin.Builder builder =
                TidemarkAdmin.builder(database.forLooks()).schema(database.schema());
        return isGiven() ? builder.kafka(config(group)).build() : builder.build();
    }

    /** Some editors write one, and it would become part of the first key. */
    private static void skipByteOrderMark(BufferedReader reader) throws IOException {
        reader.mark(1);
        if (reader.read() != BYTE_ORDER_MARK) {
            reader.reset();
        }
    }
}

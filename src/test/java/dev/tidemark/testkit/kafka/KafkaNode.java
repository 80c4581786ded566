package dev.tidemark.testkit.kafka;

import dev.tidemark.testkit.process.ChildJvm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import kafka.tools.StorageTool;
import org.awaitility.Awaitility;

/** One Kafka process: its settings, its data, and its life. */
final class KafkaNode implements AutoCloseable {
    private static final String LOGS = "-Dlogback.configurationFile=logback-broker.xml";

    /** Starts fast, and is slow under load. */
    static final List<String> QUICK =
            Stream.concat(ChildJvm.QUICK.stream(), Stream.of("-Xmx384m", LOGS)).toList();

    /** As brokers run, on a small machine. */
    static final List<String> STRONG = List.of("-Xmx1g", "-XX:+UseG1GC", LOGS);

    private final Path directory;
    private final List<String> jvmArgs;
    private final Map<String, String> properties;
    private ChildJvm jvm;

    KafkaNode(Path directory, Map<String, String> own) {
        this(directory, QUICK, own);
    }

    /**
     * @param directory for its data and its logs
     * @param jvmArgs {@link #QUICK} or {@link #STRONG}
     * @param own what it needs in addition to, or instead of, the settings that all nodes share
     */
    KafkaNode(Path directory, List<String> jvmArgs, Map<String, String> own) {
        this.directory = directory;
        this.jvmArgs = jvmArgs;
        this.properties = shared();
        properties.put("log.dirs", directory.resolve("data").toAbsolutePath().toString());
        properties.putAll(own);
    }

    /** Kafka's defaults, but for what one broker needs and what tests would otherwise wait for; each with its reason. */
    private static Map<String, String> shared() {
        Map<String, String> properties = new TreeMap<>();
        properties.put("controller.listener.names", "CONTROLLER");
        // There is one broker: the default of three replicas would never be there, nor the default of two that are in
        // sync.
        for (String topic : List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
            properties.put(topic + ".replication.factor", "1");
        }
        properties.put("transaction.state.log.min.isr", "1");
        properties.put("share.coordinator.state.topic.min.isr", "1");
        // Otherwise each first member of a group waits 3 s for a second.
        properties.put("group.initial.rebalance.delay.ms", "0");
        // So that a killed broker (default 9 s) and a killed or stopped member (45 s) are noticed soon.
        properties.put("broker.session.timeout.ms", "2000");
        properties.put("broker.heartbeat.interval.ms", "250");
        properties.put("group.min.session.timeout.ms", "1000");
        properties.put("group.consumer.min.session.timeout.ms", "1000");
        properties.put("group.consumer.session.timeout.ms", Long.toString(KafkaClients.SESSION_TIMEOUT.toMillis()));
        properties.put("group.consumer.min.heartbeat.interval.ms", "500");
        properties.put("group.consumer.heartbeat.interval.ms", "1000");
        // So that a log is compacted within the test that waits for it (defaults 30 s and 15 s).
        properties.put("log.initial.task.delay.ms", "500");
        properties.put("log.cleaner.backoff.ms", "200");
        return properties;
    }

    /** Prepares its data directory. */
    void format(String clusterId) {
        try {
            Files.createDirectories(directory);
            Files.write(
                    directory.resolve("server.properties"),
                    properties.entrySet().stream()
                            .map(e -> e.getKey() + "=" + e.getValue())
                            .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int code = StorageTool.execute(
                new String[] {"format", "-t", clusterId, "-c", config()},
                new PrintStream(said, true, StandardCharsets.UTF_8));
        if (code != 0) {
            throw new IllegalStateException("storage format: " + said.toString(StandardCharsets.UTF_8));
        }
    }

    private String config() {
        return directory.resolve("server.properties").toAbsolutePath().toString();
    }

    /** Starts it on the data it has. */
    void boot() {
        jvm = ChildJvm.start(directory.resolve("broker.log"), "kafka.Kafka", jvmArgs, List.of(config()));
    }

    /** Waits until the check says that it is there. */
    void await(BooleanSupplier there) {
        Awaitility.await("node in " + directory).atMost(Duration.ofMinutes(3)).until(() -> {
            if (!jvm.isAlive()) {
                throw new IllegalStateException("the node died:\n" + jvm.output());
            }
            return there.getAsBoolean();
        });
    }

    long pid() {
        return jvm.pid();
    }

    /** SIGSTOP. */
    void freeze() {
        jvm.freeze();
    }

    /** SIGCONT. */
    void thaw() {
        jvm.thaw();
    }

    /** SIGKILL. */
    void kill() {
        jvm.kill();
    }

    @Override
    public void close() {
        if (jvm != null) {
            jvm.close();
        }
    }
}

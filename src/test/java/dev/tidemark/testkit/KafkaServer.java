package dev.tidemark.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;

/** A real broker in a JVM of its own, one node. Members that fall silent are noticed within seconds. */
public final class KafkaServer implements AutoCloseable {
    private static final List<String> JVM = List.of(
            "-Xmx384m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dlogback.configurationFile=logback-broker.xml");

    /** The session timeout that the tests and the demo give their consumers. */
    public static final Duration SESSION_TIMEOUT = Duration.ofSeconds(6);

    private final Path directory;
    private final int port;
    private ChildJvm jvm;
    private Admin admin;

    private KafkaServer(Path directory, int port) {
        this.directory = directory;
        this.port = port;
    }

    public static KafkaServer start(Path directory) {
        return start(directory, Ports.free());
    }

    public static KafkaServer start(Path directory, int port) {
        KafkaServer server = new KafkaServer(directory, port);
        server.format();
        server.boot();
        return server;
    }

    private void format() {
        int controllerPort = Ports.free();
        Map<String, String> properties = new TreeMap<>();
        properties.put("node.id", "1");
        properties.put("process.roles", "broker,controller");
        properties.put("listeners", "PLAINTEXT://localhost:" + port + ",CONTROLLER://localhost:" + controllerPort);
        properties.put("advertised.listeners", "PLAINTEXT://localhost:" + port);
        properties.put("controller.listener.names", "CONTROLLER");
        properties.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
        properties.put("controller.quorum.voters", "1@localhost:" + controllerPort);
        properties.put("log.dirs", directory.resolve("data").toAbsolutePath().toString());
        for (String topic : List.of("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")) {
            properties.put(topic + ".replication.factor", "1");
        }
        properties.put("transaction.state.log.min.isr", "1");
        properties.put("share.coordinator.state.topic.min.isr", "1");
        properties.put("offsets.topic.num.partitions", "5");
        properties.put("transaction.state.log.num.partitions", "5");
        properties.put("auto.create.topics.enable", "false");
        properties.put("group.initial.rebalance.delay.ms", "0");
        properties.put("broker.session.timeout.ms", "2000");
        properties.put("broker.heartbeat.interval.ms", "250");
        properties.put("group.min.session.timeout.ms", "1000");
        properties.put("group.consumer.min.session.timeout.ms", "1000");
        properties.put("group.consumer.session.timeout.ms", Long.toString(SESSION_TIMEOUT.toMillis()));
        properties.put("group.consumer.min.heartbeat.interval.ms", "500");
        properties.put("group.consumer.heartbeat.interval.ms", "1000");
        properties.put("log.retention.check.interval.ms", "1000");
        properties.put("log.initial.task.delay.ms", "500");
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
        ChildJvm format = ChildJvm.start(
                directory.resolve("format.log"),
                "kafka.tools.StorageTool",
                JVM,
                List.of("format", "-t", Uuid.randomUuid().toString(), "-c", config()));
        Awaitility.await("storage format").atMost(Duration.ofSeconds(60)).until(() -> !format.isAlive());
    }

    private String config() {
        return directory.resolve("server.properties").toAbsolutePath().toString();
    }

    /** Starts the broker on the data it has. */
    public void boot() {
        jvm = ChildJvm.start(directory.resolve("broker.log"), "kafka.Kafka", JVM, List.of(config()));
        Awaitility.await("broker on port " + port)
                .atMost(Duration.ofSeconds(60))
                .until(() -> {
                    if (!jvm.isAlive()) {
                        throw new IllegalStateException("the broker died:\n" + jvm.output());
                    }
                    return answers();
                });
    }

    private boolean answers() {
        try {
            return !admin().describeCluster().nodes().get(2, TimeUnit.SECONDS).isEmpty();
        } catch (ExecutionException | TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** SIGKILL. */
    public void kill() {
        jvm.kill();
    }

    public String bootstrapServers() {
        return "localhost:" + port;
    }

    public Admin admin() {
        if (admin == null) {
            admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers()));
        }
        return admin;
    }

    /** Creates a topic and waits until each partition has a leader: a producer that is faster can lose records. */
    public String createTopic(String name, int partitions, Map<String, String> config) {
        get(admin().createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(config)))
                .all());
        Awaitility.await("leaders of " + name)
                .atMost(Duration.ofSeconds(30))
                .ignoreExceptions()
                .until(
                        () -> admin()
                                        .describeTopics(List.of(name))
                                        .allTopicNames()
                                        .get(5, TimeUnit.SECONDS)
                                        .get(name)
                                        .partitions()
                                        .stream()
                                        .filter(p -> p.leader() != null)
                                        .count()
                                == partitions);
        return name;
    }

    public String createTopic(String name, int partitions) {
        return createTopic(name, partitions, Map.of());
    }

    /** Deletes a topic and creates one of the same name and size, with another id. */
    public void createAgain(String topic, int partitions) {
        get(admin().deleteTopics(List.of(topic)).all());
        // The name is taken until the deletion is through.
        Awaitility.await("another " + topic)
                .atMost(Duration.ofSeconds(30))
                .ignoreExceptions()
                .until(() -> createTopic(topic, partitions) != null);
    }

    /** Deletes what is below this offset, as retention would. */
    public void expire(TopicPartition partition, long before) {
        get(admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(before)))
                .all());
    }

    /** What a consumer of this broker needs; {@code protocol} is eager, cooperative or consumer. */
    public Map<String, Object> consumerConfig(String groupId, String protocol) {
        Map<String, Object> config = new HashMap<>();
        config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers());
        config.put(ConsumerConfig.GROUP_ID_CONFIG, groupId);
        config.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, "2000");
        switch (protocol) {
            case "consumer" -> config.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "consumer");
            case "cooperative", "eager" -> {
                config.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, Long.toString(SESSION_TIMEOUT.toMillis()));
                config.put(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG, "1000");
                config.put(
                        ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
                        "org.apache.kafka.clients.consumer."
                                + (protocol.equals("eager") ? "RangeAssignor" : "CooperativeStickyAssignor"));
            }
            default -> throw new IllegalArgumentException(protocol);
        }
        return config;
    }

    public KafkaProducer<String, String> producer() {
        return producer(Map.of());
    }

    public KafkaProducer<String, String> producer(Map<String, Object> more) {
        Map<String, Object> config = new HashMap<>();
        config.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers());
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.LINGER_MS_CONFIG, "5");
        config.put(ProducerConfig.BATCH_SIZE_CONFIG, "131072");
        config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, "120000");
        config.putAll(more);
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    /** The topic's id, as Kafka prints it. */
    public String topicId(String topic) {
        return get(admin().describeTopics(List.of(topic)).allTopicNames())
                .get(topic)
                .topicId()
                .toString();
    }

    /** The log end offset of each partition. */
    public Map<TopicPartition, Long> logEnds(String topic, int partitions) {
        Map<TopicPartition, OffsetSpec> asked = IntStream.range(0, partitions)
                .boxed()
                .collect(Collectors.toMap(p -> new TopicPartition(topic, p), p -> OffsetSpec.latest()));
        Map<TopicPartition, Long> ends = new HashMap<>();
        get(admin().listOffsets(asked).all()).forEach((partition, info) -> ends.put(partition, info.offset()));
        return ends;
    }

    /** Waits for an Admin's answer. */
    public static <T> T get(KafkaFuture<T> future) {
        try {
            return future.get(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        if (admin != null) {
            admin.close(Duration.ofSeconds(1));
        }
        if (jvm != null) {
            jvm.close();
        }
    }
}

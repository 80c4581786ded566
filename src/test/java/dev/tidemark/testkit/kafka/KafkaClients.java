package dev.tidemark.testkit.kafka;

import dev.tidemark.testkit.Canary;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.serialization.StringSerializer;
import org.awaitility.Awaitility;

/** What tests ask of brokers, and what their clients need to reach them. */
public abstract class KafkaClients implements AutoCloseable {
    /** The session timeout that the tests and the demo give their consumers. */
    public static final Duration SESSION_TIMEOUT = Duration.ofSeconds(20);

    /** For those whose members are killed or suspended. */
    public static final Duration QUICK_SESSION_TIMEOUT = Duration.ofSeconds(6);

    /** The start of a {@code sasl.jaas.config} for logins with PLAIN. */
    protected static final String PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule required ";

    private Admin admin;

    /** How many replicas a topic gets. */
    protected short replicas() {
        return 1;
    }

    /** What every client of these brokers needs, the tests' own as well. */
    protected abstract Map<String, Object> connection();

    protected final boolean answers() {
        try {
            return !admin().describeCluster().nodes().get(2, TimeUnit.SECONDS).isEmpty();
        } catch (ExecutionException | TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public synchronized Admin admin() {
        if (admin == null) {
            admin = Admin.create(connection());
        }
        return admin;
    }

    /**
     * Creates a topic and waits until each partition has a leader that is available: what the metadata tell first is not yet so on
     * a busy broker, and a producer that is faster than that gets its sequence numbers out of order, forever.
     */
    public String createTopic(String name, int partitions, Map<String, String> config) {
        get(admin().createTopics(List.of(new NewTopic(name, partitions, replicas()).configs(config)))
                .all());
        awaitLeaders(name, partitions);
        return name;
    }

    /** Adds partitions, so that the topic has this many, and waits as {@link #createTopic} does. */
    public void addPartitions(String topic, int total) {
        get(admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(total)))
                .all());
        awaitLeaders(topic, total);
    }

    private void awaitLeaders(String name, int partitions) {
        Awaitility.await("leaders of " + name)
                .atMost(Duration.ofMinutes(3))
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
        // It is the leader itself that is asked, and asked again until it is one.
        get(admin().listOffsets(ends(name, partitions)).all());
    }

    private static Map<TopicPartition, OffsetSpec> ends(String topic, int partitions) {
        Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        for (int partition = 0; partition < partitions; partition++) {
            ends.put(new TopicPartition(topic, partition), OffsetSpec.latest());
        }
        return ends;
    }

    public String createTopic(String name, int partitions) {
        return createTopic(name, partitions, Map.of());
    }

    /** Deletes a topic and creates one of the same name and size, with another id. */
    public void createAgain(String topic, int partitions) {
        get(admin().deleteTopics(List.of(topic)).all());
        // The name is taken until the deletion is through.
        Awaitility.await("another " + topic)
                .atMost(Duration.ofMinutes(3))
                .ignoreExceptions()
                .until(() -> createTopic(topic, partitions) != null);
        // A busy broker may still serve the old log for a while, to producers as well.
        Awaitility.await("an empty " + topic)
                .atMost(Duration.ofMinutes(3))
                .ignoreExceptions()
                .until(() -> get(admin().listOffsets(ends(topic, partitions)).all()).values().stream()
                        .allMatch(end -> end.offset() == 0));
    }

    /** Deletes what is below this offset, as retention would. */
    public void expire(TopicPartition partition, long before) {
        get(admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(before)))
                .all());
    }

    /** What a consumer of this broker needs; {@code protocol} is eager, cooperative or consumer. */
    public Map<String, Object> consumerConfig(String groupId, String protocol) {
        Map<String, Object> config = new HashMap<>(connection());
        config.put(ConsumerConfig.GROUP_ID_CONFIG, groupId);
        config.put(ConsumerConfig.METADATA_MAX_AGE_CONFIG, "2000");
        // Passed on, and unused without a login.
        config.putIfAbsent(
                SaslConfigs.SASL_JAAS_CONFIG, PLAIN + "username=nobody password=" + Canary.PASSWORD.plant() + ";");
        config.put("tidemark.test.own.setting", Canary.PASSWORD.plant());
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

    /**
     * The same settings for a group whose members are killed or suspended: they are missed soon, unless the test has a session
     * timeout of its own.
     */
    public static Map<String, Object> withQuickSessions(Map<String, Object> consumerConfig) {
        Map<String, Object> quick = new HashMap<>(consumerConfig);
        String timeout = Long.toString(QUICK_SESSION_TIMEOUT.toMillis());
        if (!"consumer".equals(quick.get(ConsumerConfig.GROUP_PROTOCOL_CONFIG))) {
            quick.replace(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, Long.toString(SESSION_TIMEOUT.toMillis()), timeout);
            return quick;
        }
        // There the broker decides.
        ConfigResource group =
                new ConfigResource(ConfigResource.Type.GROUP, (String) quick.get(ConsumerConfig.GROUP_ID_CONFIG));
        try (Admin admin = Admin.create(quick)) {
            get(admin.incrementalAlterConfigs(Map.of(
                            group,
                            List.of(new AlterConfigOp(
                                    new ConfigEntry("consumer.session.timeout.ms", timeout),
                                    AlterConfigOp.OpType.SET))))
                    .all());
        }
        return quick;
    }

    public KafkaProducer<String, String> producer() {
        return producer(Map.of());
    }

    public KafkaProducer<String, String> producer(Map<String, Object> more) {
        Map<String, Object> config = new HashMap<>(connection());
        config.put(ProducerConfig.ACKS_CONFIG, "all");
        config.put(ProducerConfig.LINGER_MS_CONFIG, "5");
        config.put(ProducerConfig.BATCH_SIZE_CONFIG, "131072");
        config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, "120000");
        config.putAll(more);
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    /** What it sends to a partition arrives in one batch when it is closed, so that consumers see all of it or nothing. */
    public KafkaProducer<String, String> batchingProducer() {
        return producer(Map.of(ProducerConfig.LINGER_MS_CONFIG, "60000"));
    }

    /** A producer that is ready to begin a transaction. */
    public KafkaProducer<String, String> transactionalProducer(String transactionalId) {
        KafkaProducer<String, String> producer =
                // Whatever a test does while a transaction is open, the broker waits: its own most is 15 minutes.
                producer(Map.of(
                        ProducerConfig.TRANSACTIONAL_ID_CONFIG,
                        transactionalId,
                        ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                        "900000"));
        producer.initTransactions();
        return producer;
    }

    /** The topic's id, as Kafka prints it. */
    public String topicId(String topic) {
        return get(admin().describeTopics(List.of(topic)).allTopicNames())
                .get(topic)
                .topicId()
                .toString();
    }

    /** The log end offset of each partition, once no transaction is open: its marker comes after the producer got its reply. */
    public Map<TopicPartition, Long> settledLogEnds(String topic, int partitions) {
        return Awaitility.await("markers of " + topic)
                .atMost(Duration.ofMinutes(3))
                .until(
                        () -> logEnds(topic, partitions),
                        ends -> logEnds(topic, partitions, IsolationLevel.READ_COMMITTED)
                                .equals(ends));
    }

    /** The log end offset of each partition. */
    public Map<TopicPartition, Long> logEnds(String topic, int partitions) {
        return logEnds(topic, partitions, IsolationLevel.READ_UNCOMMITTED);
    }

    private Map<TopicPartition, Long> logEnds(String topic, int partitions, IsolationLevel isolation) {
        Map<TopicPartition, OffsetSpec> asked = IntStream.range(0, partitions)
                .boxed()
                .collect(Collectors.toMap(p -> new TopicPartition(topic, p), p -> OffsetSpec.latest()));
        Map<TopicPartition, Long> ends = new HashMap<>();
        get(admin().listOffsets(asked, new ListOffsetsOptions(isolation)).all())
                .forEach((partition, info) -> ends.put(partition, info.offset()));
        return ends;
    }

    /** Waits for an Admin's reply. */
    public static <T> T get(KafkaFuture<T> future) {
        try {
            return future.get(3, TimeUnit.MINUTES);
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
    }
}

package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.StartPosition;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.provider.EnvVarConfigProvider;
import org.apache.kafka.common.config.provider.FileConfigProvider;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What Tidemark and Kafka make of the same settings, on a broker with Kafka's defaults. */
@Tag("exhaustive")
class KafkaSettingsIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("settings"), 2);
    private final TopicPartition zero = new TopicPartition(topic, 0);

    @TempDir
    private Path directory;

    private void produce() {
        try (var producer = kafka.producer()) {
            Servers.produceTo(producer, zero, Flights.sample().subList(0, 50));
        }
    }

    private Running start(Map<String, Object> config, String... topics) {
        return Running.start(database, config, builder -> builder.topics(topics).handleBatch(FlightEffects::foldBatch));
    }

    private List<String> groups() throws Exception {
        return kafka.admin().listGroups().all().get(3, TimeUnit.MINUTES).stream()
                .map(GroupListing::groupId)
                .toList();
    }

    private boolean exists(String name) throws ExecutionException, InterruptedException {
        return kafka.admin().listTopics().names().get().contains(name);
    }

    /** The same file of settings for two jobs, as a deployment has it. */
    @Test
    void eachGroupThatAProviderNamesReadsEverything() throws Exception {
        produce();
        for (String job : List.of("etl-a", "etl-b")) {
            String group = topic + "-" + job;
            Path file = Files.writeString(directory.resolve(job), "JOB_GROUP=" + group + "\n");
            Map<String, Object> config = kafka.consumerConfig("${file:" + file + ":JOB_GROUP}", "cooperative");
            config.put("config.providers", "file");
            config.put("config.providers.file.class", FileConfigProvider.class.getName());
            try (Running running = start(config, topic)) {
                running.until(
                        job + " has read all",
                        () -> database.number("select count(*) from tidemark.stored_offset where next_offset = 50"
                                        + " and group_id = '" + group + "'")
                                == 1);
                assertThat(running.consumer().status().groupId()).isEqualTo(group);
                assertThat(groups()).contains(group);
            }
        }
        assertThat(database.number("select count(*) from applied")).isEqualTo(100);
    }

    @Test
    void anEnvironmentVariableNamesTheGroup() {
        produce();
        Map.Entry<String, String> variable = System.getenv().entrySet().stream()
                .filter(e -> e.getKey().matches("[A-Z_]+") && e.getValue().matches("[\\w./-]+"))
                .findFirst()
                .orElseThrow();
        Map<String, Object> config = kafka.consumerConfig("${env:" + variable.getKey() + "}-" + topic, "consumer");
        config.put("config.providers", "env");
        config.put("config.providers.env.class", EnvVarConfigProvider.class.getName());
        try (Running running = start(config, topic)) {
            running.until("all read", () -> database.number("select count(*) from applied") == 50);
        }
        assertThat(database.query("select distinct group_id from tidemark.stored_offset"))
                .containsExactly(variable.getValue() + "-" + topic);
    }

    @Test
    void aMistypedNameIsNotMade() throws Exception {
        String typo = topic + "-typo";
        try (Running running = start(kafka.consumerConfig(topic, "cooperative"), topic, typo)) {
            running.until(
                    "a member", () -> running.consumer().status().partitions().size() == 2);
            Awaitility.await("it stays away").during(Duration.ofSeconds(4)).until(() -> !exists(typo));
            running.until(
                    "it is missed",
                    () -> running.consumer()
                            .status()
                            .lastError()
                            .filter(error -> error.code() == ErrorCode.TOPIC_MISSING
                                    && error.message().contains(typo))
                            .isPresent());
        }
    }

    @Test
    void norIsItByABoundedRunOrByHand() throws Exception {
        String typo = topic + "-typo";
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.topics(typo).untilEnd().handleBatch(FlightEffects::foldBatch))) {
            assertThat(running.failure()).hasMessageContaining("TM-307");
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "consumer"),
                builder -> builder.partitions(new TopicPartition(typo, 0)).handleBatch(FlightEffects::foldBatch))) {
            running.until(
                    "it is missed",
                    () -> running.consumer().status().lastError().isPresent());
            Awaitility.await("it stays away").during(Duration.ofSeconds(4)).until(() -> !exists(typo));
        }
    }

    /** Also under brokers that would make it again for any client that asks, as the consumers of a named topic do. */
    @ParameterizedTest
    @ValueSource(strings = {"topics", "pattern", "partitions", "consumer protocol"})
    void aTopicThatIsDeletedStaysAway(String how) throws Exception {
        produce();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, how.equals("consumer protocol") ? "consumer" : "cooperative"),
                builder -> (switch (how) {
                            case "pattern" -> builder.topicPattern(Pattern.compile(Pattern.quote(topic) + "(|-.*)"));
                            case "partitions" -> builder.partitions(zero);
                            default -> builder.topics(topic);
                        })
                        .handleBatch(FlightEffects::foldBatch))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 50);
            kafka.admin().deleteTopics(List.of(topic)).all().get(3, TimeUnit.MINUTES);
            Awaitility.await("it is gone").until(() -> !exists(topic));
            Awaitility.await("it stays away").during(Duration.ofSeconds(12)).until(() -> !exists(topic));
        }
    }

    /** As the broker would do it for any client that asks. */
    @Test
    void itIsMadeForWhoSaysSo() {
        String fresh = topic + "-fresh";
        Map<String, Object> config = kafka.consumerConfig(topic, "cooperative");
        config.put("allow.auto.create.topics", "true");
        try (Running running = start(config, fresh)) {
            running.until("it is made", () -> exists(fresh));
        }
    }

    /** The group's position is what a transaction is about to commit, once it has; if it aborts, what was committed before. */
    // A group without members has no metadata to hand on, and no other way to name it.
    @SuppressWarnings("removal")
    @ParameterizedTest
    @CsvSource({
        "topics, true, 2",
        "topics, true, -1",
        "topics, false, 2",
        "pattern, true, 2",
        "partitions, true, 2",
        "partitions, false, -1",
        "until end, true, 2",
        "until end, false, 2",
        "consumer protocol, true, -1"
    })
    void offsetsThatAreBeingCommittedAreWaitedFor(String how, boolean commits, long before) throws Exception {
        produce();
        if (before >= 0) {
            kafka.admin()
                    .alterConsumerGroupOffsets(topic, Map.of(zero, new OffsetAndMetadata(before)))
                    .all()
                    .get(3, TimeUnit.MINUTES);
        }
        try (var producer = kafka.transactionalProducer(topic)) {
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(
                    Map.of(zero, new OffsetAndMetadata(30)), new ConsumerGroupMetadata(topic));
            try (LogCapture log = LogCapture.of(topic);
                    Running running = Running.start(
                            database,
                            kafka.consumerConfig(topic, how.equals("consumer protocol") ? "consumer" : "cooperative"),
                            builder -> choose(how, builder)
                                    .startAt(StartPosition.committedOrElse(StartPosition.earliest()))
                                    .handleBatch(FlightEffects::foldBatch))) {
                Awaitility.await("it has asked")
                        .until(() -> log.news().stream()
                                .anyMatch(line -> line.getFormattedMessage().contains("Kafka is unavailable")));
                assertThat(database.number("select count(*) from tidemark.stored_offset"))
                        .as("nothing is bound")
                        .isZero();
                if (commits) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
                Awaitility.await("all read").until(() -> ExactlyOnce.stored(database, topic, zero) == 50);
            }
        }
        long first = commits ? 30 : Math.max(0, before);
        assertThat(database.query("select count(*), min(record_offset) from applied"))
                .containsExactly((50 - first) + "|" + first);
    }

    private TidemarkBuilder<String, String> choose(String how, TidemarkBuilder<String, String> builder) {
        return switch (how) {
            case "pattern" -> builder.topicPattern(Pattern.compile(Pattern.quote(topic)));
            case "partitions" -> builder.partitions(zero);
            case "until end" -> builder.topics(topic).untilEnd();
            default -> builder.topics(topic);
        };
    }

    @Test
    void whatOnlyTheBrokerRefusesIsRefusedWithACode() throws IOException {
        Map<String, Object> config = kafka.consumerConfig(topic, "cooperative");
        config.put("session.timeout.ms", "2000000000");
        config.put("heartbeat.interval.ms", "1000");
        try (Running running = start(config, topic)) {
            assertThat(running.failure()).hasMessageContaining("TM-308").hasMessageContaining("session.timeout.ms");
        }
        Map<String, Object> missing = kafka.consumerConfig(topic, "cooperative");
        missing.put("interceptor.classes", "com.example.NoSuchInterceptor");
        try (Running running = start(missing, topic)) {
            assertThat(running.failure())
                    .hasMessageContaining("TM-103")
                    .hasMessageContaining("com.example.NoSuchInterceptor");
        }
    }
}

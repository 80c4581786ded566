package dev.tidemark.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.tidemark.KafkaClients;
import dev.tidemark.PartitionStatus;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.kafka.SecuredKafka;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.resource.ResourceType;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A partition that is claimed, and that nothing comes from although its log has more, is told, and continues where that is possible. */
@Tag("exhaustive")
class StandstillIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final KafkaProducer<String, String> producer = kafka.producer();
    private final String topic = kafka.createTopic(Servers.unique("standing"), 2);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);
    private final LogCapture log = LogCapture.of(topic);

    @AfterEach
    void close() {
        log.close();
        producer.close();
    }

    private Running start(Map<String, Object> config, UnaryOperator<TidemarkBuilder<String, String>> special) {
        return Running.start(
                database,
                config,
                builder -> special.apply(builder.topics(topic)).handleBatch(FlightEffects::foldBatch));
    }

    private long stored(TopicPartition partition) {
        return ExactlyOnce.stored(database, topic, partition);
    }

    private List<String> lines(Level level, String beginning) {
        return log.news().stream()
                .filter(line -> line.getLevel() == level)
                .map(ILoggingEvent::getFormattedMessage)
                .filter(line -> line.startsWith(beginning))
                .toList();
    }

    private void isTold(Running running, TopicPartition partition, String code, String word) {
        running.until(
                "the status tells",
                () -> running.consumer().status().partitions().stream()
                        .filter(p -> p.partition().equals(partition))
                        .map(PartitionStatus::lastError)
                        .anyMatch(error -> has(error.map(Problem::toString).orElse(""), code, word)));
        running.until(
                "the view tells",
                () ->
                        database
                                .query("select partition, state, error_code, error_text from tidemark.consumer_lag")
                                .stream()
                                .anyMatch(row -> row.startsWith(partition.partition() + "|waiting|" + code + "|")
                                        && row.contains(word)));
        running.until(
                "the health tells, and stays live and ready",
                () -> running.consumer().health().live()
                        && running.consumer().health().ready()
                        && running.consumer().health().problems().stream()
                                .anyMatch(problem -> has(problem, partition.toString(), code, word, " since ")));
    }

    private static boolean has(String text, String... words) {
        return List.of(words).stream().allMatch(text::contains);
    }

    private void nothingIsWrong(Running running) {
        running.until(
                "nothing is wrong any more",
                () -> running.consumer().health().problems().isEmpty()
                        && database.query("select distinct state, error_code from tidemark.consumer_lag")
                                .equals(List.of("owned|null")));
    }

    /** A client that does not do what it was told to, for as long as that is so. */
    private static final class StuckConsumer extends KafkaConsumer<byte[], byte[]> {
        private final TopicPartition stuck;
        private final AtomicBoolean isStuck;
        private final AtomicBoolean held;

        /**
         * @param held whether it is, which a poll that has begun does not know yet
         */
        StuckConsumer(Map<String, Object> settings, TopicPartition stuck, AtomicBoolean isStuck, AtomicBoolean held) {
            super(settings);
            this.stuck = stuck;
            this.isStuck = isStuck;
            this.held = held;
        }

        @Override
        public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
            if (isStuck.get()) {
                pause(Set.of(stuck));
                held.set(true);
            } else if (held.getAndSet(false)) {
                resume(Set.of(stuck));
            }
            return super.poll(timeout);
        }
    }

    @Provokes(ErrorCode.NO_PROGRESS)
    @ParameterizedTest
    @ValueSource(strings = {"cooperative", "consumer"})
    void aPartitionThatTheClientForgets(String protocol) {
        AtomicBoolean isStuck = new AtomicBoolean();
        AtomicBoolean held = new AtomicBoolean();
        try (Running running = start(
                kafka.consumerConfig(topic, protocol),
                builder -> builder.kafkaClients(new KafkaClients() {
                    @Override
                    public Consumer<byte[], byte[]> consumer(Map<String, Object> settings) {
                        return new StuckConsumer(settings, one, isStuck, held);
                    }
                }))) {
            Servers.produceTo(producer, one, flights);
            running.until("read", () -> stored(one) == 100);
            isStuck.set(true);
            running.until("it is held", held::get);
            Servers.produceTo(producer, one, flights);
            Servers.produceTo(producer, zero, flights);
            isTold(running, one, "TM-313", "at offset 100 ");
            assertThat(stored(zero)).as("the other goes on").isEqualTo(100);
            running.until("the log tells", () -> !lines(Level.WARN, "waiting ").isEmpty());
            assertThat(lines(Level.WARN, "waiting ").get(0)).contains(one.toString(), "TM-313");
            isStuck.set(false);
            running.until("read on", () -> stored(one) == 200);
            nothingIsWrong(running);
            running.until(
                    "the log tells that too",
                    () -> !lines(Level.INFO, "continuing ").isEmpty());
        }
        ExactlyOnce.assertApplied(database, one, LongStream.range(0, 200));
    }

    /** Its threads are well, and Kafka replies to the others. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void pollsThatFailAgainAndAgain(boolean untilEnd) {
        AtomicBoolean fails = new AtomicBoolean(true);
        Servers.produceTo(producer, zero, flights);
        try (Running running = start(kafka.consumerConfig(topic, "cooperative"), builder -> {
            TidemarkBuilder<String, String> failing = builder.kafkaClients(new KafkaClients() {
                @Override
                public Consumer<byte[], byte[]> consumer(Map<String, Object> settings) {
                    return new KafkaConsumer<>(settings) {
                        @Override
                        public ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
                            if (fails.get()
                                    && paused().isEmpty()
                                    && !assignment().isEmpty()) {
                                throw new TimeoutException("a test");
                            }
                            return super.poll(timeout);
                        }
                    };
                }
            });
            return untilEnd ? failing.untilEnd() : failing;
        })) {
            isTold(running, zero, "TM-310", "polls fail");
            isTold(running, one, "TM-310", "polls fail");
            fails.set(false);
            if (untilEnd) {
                running.end();
            } else {
                running.until("read", () -> stored(zero) == 100);
                nothingIsWrong(running);
            }
        }
        ExactlyOnce.assertApplied(database, zero, LongStream.range(0, 100));
    }

    /** To the client of the new protocol, a leader of an older epoch is none. */
    @ParameterizedTest
    @ValueSource(strings = {"eager", "cooperative", "consumer", "manual"})
    void offsetsFromBeforeKafkaWasRestored(String protocol) {
        Servers.produceTo(producer, zero, flights);
        Map<String, Object> config = kafka.consumerConfig(topic, protocol.equals("manual") ? "cooperative" : protocol);
        try (Running running = begin(config, protocol)) {
            running.end();
        }
        database.owner().execute("update tidemark.stored_offset set leader_epoch = 1000");
        Servers.produceTo(producer, zero, flights);
        Servers.produceTo(producer, one, flights);
        try (Running running = begin(config, protocol)) {
            running.end();
        }
        assertThat(lines(Level.WARN, "the log's leader epoch is lower")).hasSizeGreaterThanOrEqualTo(2);
        assertThat(database.query(
                        "select partition, next_offset, leader_epoch < 1000 from tidemark.stored_offset order by 1"))
                .containsExactly("0|200|t", "1|100|t");
        ExactlyOnce.assertApplied(database, zero, LongStream.range(0, 200));

        database.owner()
                .execute(
                        "update tidemark.stored_offset set leader_epoch = 1000, next_offset = 500 where partition = 1");
        Servers.produceTo(producer, zero, flights);
        try (Running running = begin(config, protocol)) {
            assertThat(running.failure()).hasMessageContaining("TM-305").hasMessageContaining("partition 1");
        }
        assertThat(stored(zero)).isEqualTo(300);
    }

    private Running begin(Map<String, Object> config, String protocol) {
        return Running.start(
                database,
                config,
                builder -> (protocol.equals("manual") ? builder.partitions(zero, one) : builder.topics(topic))
                        .untilEnd()
                        .handleBatch(FlightEffects::foldBatch));
    }

    /** Returns the records in new objects, which do not say where reading continues. */
    public static class Copying implements ConsumerInterceptor<byte[], byte[]> {
        @Override
        public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
            Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> copy = new HashMap<>();
            records.partitions().forEach(partition -> copy.put(partition, records.records(partition)));
            return new ConsumerRecords<>(copy, Map.of());
        }

        @Override
        public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {
            // Nothing to do.
        }

        @Override
        public void close() {
            // Nothing to close.
        }

        @Override
        public void configure(Map<String, ?> configs) {
            // Nothing to configure.
        }
    }

    /** Returns none of them. */
    public static final class Swallowing extends Copying {
        @Override
        public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
            return ConsumerRecords.empty();
        }
    }

    /** Behind the last record there are a marker, aborted records and another marker; in the other partition nothing else. */
    @ParameterizedTest
    @CsvSource({"Copying, cooperative", "Copying, consumer", "Swallowing, consumer"})
    void anInterceptorThatReturnsRecordsOfItsOwn(String which, String protocol) {
        try (KafkaProducer<String, String> transactions = kafka.transactionalProducer(topic)) {
            transactions.beginTransaction();
            Servers.produceTo(transactions, zero, flights);
            transactions.commitTransaction();
            transactions.beginTransaction();
            Servers.produceTo(transactions, zero, flights);
            Servers.produceTo(transactions, one, flights);
            transactions.abortTransaction();
        }
        Map<String, Object> config = kafka.consumerConfig(topic, protocol);
        Class<?> interceptor = which.equals("Copying") ? Copying.class : Swallowing.class;
        config.put(ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG, interceptor.getName());
        try (Running running = start(config, TidemarkBuilder::untilEnd)) {
            running.end();
        }
        kafka.settledLogEnds(topic, 2)
                .forEach((partition, end) ->
                        assertThat(stored(partition)).as(partition.toString()).isEqualTo(end));
        ExactlyOnce.assertApplied(database, zero, LongStream.range(0, which.equals("Copying") ? 100 : 0));
    }

    /** Nobody assigns its partitions, so nothing that looks at partitions would notice. */
    @Test
    void aTopicThatAPatternNoLongerSees() {
        SecuredKafka secured = Servers.securedKafka();
        String group = Servers.unique("seen");
        String kept = secured.createTopic(group + "-kept", 1);
        String hidden = secured.createTopic(group + "-hidden", 1);
        for (String name : List.of(kept, hidden)) {
            secured.allow(ResourceType.TOPIC, name, AclOperation.READ);
        }
        secured.allow(ResourceType.GROUP, group, AclOperation.READ);
        Map<String, Object> config = secured.consumerConfig(group, "cooperative", Canary.PASSWORD.plant());
        UnaryOperator<TidemarkBuilder<String, String>> reads =
                builder -> builder.topicPattern(Pattern.compile(group + "-.*"));
        try (Running running = reading(config, reads.andThen(TidemarkBuilder::untilEnd)::apply)) {
            running.end();
        }
        secured.disallow(ResourceType.TOPIC, hidden, AclOperation.READ);
        try (LogCapture told = LogCapture.of(group);
                Running running = reading(config, reads)) {
            running.until("it is told", () -> isProblem(running, "TM-308", hidden));
            running.until(
                    "it reads the other all the same",
                    () -> running.consumer().health().ready());
            secured.allow(ResourceType.TOPIC, hidden, AclOperation.READ);
            running.until(
                    "it is over", () -> running.consumer().health().problems().isEmpty());
            running.until(
                    "it is read again",
                    () -> running.consumer().status().partitions().size() == 2);
            secured.admin().deleteTopics(List.of(hidden));
            running.until("that is told as well", () -> isProblem(running, "TM-307", hidden));
            assertThat(told.news().stream()
                            .map(ILoggingEvent::getFormattedMessage)
                            .filter(line -> line.startsWith("topics are not seen ")))
                    .hasSizeGreaterThanOrEqualTo(2);
        }
    }

    /** It ends before anything would look for the second time. */
    @Test
    void aBoundedRunWithoutATopicThatItsPatternSawOnceSaysSo() throws Exception {
        String group = Servers.unique("gone");
        String gone = kafka.createTopic(group + "-gone", 1);
        kafka.createTopic(group + "-kept", 1);
        Map<String, Object> config = kafka.consumerConfig(group, "cooperative");
        UnaryOperator<TidemarkBuilder<String, String>> reads =
                builder -> builder.topicPattern(Pattern.compile(group + "-.*")).untilEnd();
        try (Running running = reading(config, reads)) {
            running.end();
        }
        kafka.admin().deleteTopics(List.of(gone)).all().get(3, TimeUnit.MINUTES);
        Awaitility.await("it is gone")
                .until(() -> !kafka.admin()
                        .listTopics()
                        .names()
                        .get(3, TimeUnit.MINUTES)
                        .contains(gone));
        try (LogCapture told = LogCapture.of(group);
                Running running = reading(config, reads)) {
            running.end();
            assertThat(told.news().stream().map(ILoggingEvent::getFormattedMessage))
                    .anyMatch(line -> line.startsWith("topics are not seen ") && has(line, "TM-307", gone));
        }
    }

    private Running reading(Map<String, Object> config, UnaryOperator<TidemarkBuilder<String, String>> special) {
        return Running.start(database, config, builder -> special.apply(builder).handleBatch(FlightEffects::foldBatch));
    }

    private static boolean isProblem(Running running, String code, String topic) {
        return running.consumer().health().problems().stream().anyMatch(problem -> has(problem, code, topic))
                && running.consumer()
                        .status()
                        .lastError()
                        .map(Problem::toString)
                        .orElse("")
                        .contains(topic);
    }
}

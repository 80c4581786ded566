package dev.tidemark.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.GapPolicy;
import dev.tidemark.Tidemark;
import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.offsets.ClaimedRecords;
import dev.tidemark.offsets.ClaimingConsumer;
import dev.tidemark.offsets.ClaimingConsumerBuilder;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.OwnLoopTest;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.postgres.FreezingProxy;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ConcurrentModificationException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordDeserializationException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.ds.PGSimpleDataSource;

/** What your own poll loop is told when a partition cannot be read, and how it continues afterwards. */
@Tag("exhaustive")
class ClaimingConsumerStandstillIT extends OwnLoopTest {
    private final String topic = topic(2);
    private final TopicPartition zero = new TopicPartition(topic, 0);
    private final TopicPartition one = new TopicPartition(topic, 1);

    private void produce(TopicPartition partition, int from, int to) {
        Servers.produceTo(producer, partition, flights.subList(from, to));
    }

    private long stored(TopicPartition partition) {
        return ExactlyOnce.stored(database, topic, partition);
    }

    /** Polls until it throws, and applies what comes meanwhile. */
    private TidemarkException thrown(ClaimingConsumer<String, String> consumer) {
        return Awaitility.await("an error")
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .until(
                        () -> {
                            try {
                                ClaimedRecords<String, String> batch = consumer.poll(Duration.ofMillis(200));
                                if (!batch.isEmpty()) {
                                    apply(batch);
                                }
                                return null;
                            } catch (FencedException e) {
                                // From the advance it is every loop's business; from the poll it names its code.
                                return String.valueOf(e.getMessage()).contains("assigned manually") ? e : null;
                            } catch (TidemarkException e) {
                                return e;
                            }
                        },
                        e -> e != null);
    }

    @Test
    void anOperatorsPauseIsFollowed() throws SQLException {
        produce(zero, 0, 500);
        produce(one, 0, 500);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            apply(next(consumer));
            database.execute("select tidemark.pause('" + topic + "', '" + topic + "', 0)");
            Awaitility.await("the pause").pollInSameThread().until(() -> {
                ClaimedRecords<String, String> batch = consumer.poll(Duration.ofMillis(200));
                if (!batch.isEmpty()) {
                    apply(batch);
                }
                return consumer.waiting().equals(Map.of(zero, "paused by an operator"));
            });
            long stands = stored(zero);
            produce(zero, 500, 600);
            produce(one, 500, 600);
            Awaitility.await("the other one").pollInSameThread().until(() -> {
                ClaimedRecords<String, String> batch = consumer.poll(Duration.ofMillis(200));
                if (!batch.isEmpty()) {
                    assertThat(batch.partitions()).containsExactly(one);
                    apply(batch);
                }
                return stored(one) == 600;
            });
            assertThat(stored(zero)).isEqualTo(stands);
            reset(zero, 20);
            database.execute("select tidemark.resume('" + topic + "')");
            readOnTo(consumer, topic, 1_200);
            assertThat(consumer.waiting()).isEmpty();
        }
        assertExact(topic, 2);
    }

    @Test
    void aPartitionAssignedByHandIsNotClaimedBack() throws SQLException {
        produce(zero, 0, 100);
        UnaryOperator<ClaimingConsumerBuilder<String, String>> byHand = builder -> builder.partitions(zero);
        try (ClaimingConsumer<String, String> first = open(topic, config(topic, "cooperative"), byHand)) {
            readTo(first, topic, 100);
            // Moved by an operator, it has no other owner.
            reset(zero, 40);
            readOnTo(first, topic, 100);
            try (ClaimingConsumer<String, String> second = open(topic, config(topic, "cooperative"), byHand)) {
                produce(zero, 100, 200);
                readTo(second, topic, 200);
                assertThat(thrown(first))
                        .isInstanceOf(FencedException.class)
                        .hasMessageContaining("TM-401")
                        .hasMessageContaining("assigned manually");
                assertThat(first.waiting()).containsOnlyKeys(zero);
                produce(zero, 200, 300);
                readTo(second, topic, 300);
                assertThat(thrown(first)).as("again").hasMessageContaining("TM-401");
            }
            produce(zero, 300, 400);
            Awaitility.await("its turn").pollInSameThread().until(() -> {
                try {
                    ClaimedRecords<String, String> batch = first.poll(Duration.ofMillis(500));
                    if (!batch.isEmpty()) {
                        apply(batch);
                    }
                } catch (FencedException e) {
                    assertThat(e).hasMessageContaining("TM-401");
                }
                return stored(zero) == 400;
            });
        }
        ExactlyOnce.assertApplied(
                database, zero, LongStream.concat(LongStream.range(0, 100), LongStream.range(40, 400)));
    }

    @Test
    void recordsThatExpiredAreNamedOrPassedOver() throws SQLException {
        produce(zero, 0, 100);
        produce(one, 0, 100);
        kafka.expire(zero, 30);
        database.execute(bindAtZero());
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            assertThat(thrown(consumer))
                    .isInstanceOf(LogMismatchException.class)
                    .hasMessageContaining("TM-304")
                    .hasMessageContaining("0 to 29");
            assertThat(consumer.waiting().get(zero)).contains("TM-304");
            Awaitility.await("the halt is written down")
                    .until(() -> database.query(
                                    "select state, error_code from tidemark.consumer_lag where partition = 0")
                            .equals(List.of("halted|TM-304")));
            readOnTo(consumer, topic, 100);
            assertThat(stored(one)).isEqualTo(100);
            assertThat(thrown(consumer)).as("again").hasMessageContaining("TM-304");
            reset(zero, 60);
            readOnTo(consumer, topic, 200);
        }
        ExactlyOnce.assertApplied(database, zero, LongStream.range(60, 100));
        ExactlyOnce.assertApplied(database, one, LongStream.range(0, 100));
    }

    @Test
    void aGapPolicyHoldsHereToo() throws SQLException {
        produce(zero, 0, 100);
        kafka.expire(zero, 30);
        database.execute(bindAtZero());
        try (ClaimingConsumer<String, String> consumer =
                open(topic, config(topic, "consumer"), builder -> builder.onGap(GapPolicy.resumeAtEarliest()))) {
            readOnTo(consumer, topic, 100);
        }
        ExactlyOnce.assertApplied(database, zero, LongStream.range(30, 100));
        assertThat(database.query("select from_offset, to_offset from tidemark.audit_log where action = 'gap'"))
                .containsExactly("0|30");
    }

    private String bindAtZero() {
        String cluster;
        try {
            cluster = kafka.admin().describeCluster().clusterId().get();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return "select tidemark.bind_topic('" + topic + "', '" + topic + "', '" + cluster + "', '"
                + kafka.topicId(topic) + "', array[0, 0])";
    }

    @Test
    void anOffsetBeyondTheLogIsNamed() throws SQLException {
        produce(zero, 0, 100);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            readTo(consumer, topic, 100);
            reset(zero, 500);
            assertThat(thrown(consumer)).hasMessageContaining("TM-305").hasMessageContaining("ends at 100");
            reset(zero, 90);
            readOnTo(consumer, topic, 100);
        }
        ExactlyOnce.assertApplied(
                database, zero, LongStream.concat(LongStream.range(0, 100), LongStream.range(90, 100)));
    }

    @Test
    void aTopicThatWasCreatedAgainIsRefusedUntilItIsBoundAnew() throws SQLException {
        produce(zero, 0, 100);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            readTo(consumer, topic, 100);
            String before = kafka.topicId(topic);
            kafka.createAgain(topic, 2);
            assertThat(thrown(consumer))
                    .isInstanceOf(LogMismatchException.class)
                    .hasMessageContaining("TM-302")
                    .hasMessageContaining(before)
                    .hasMessageContaining(kafka.topicId(topic));
            produce(zero, 0, 300);
            assertThat(thrown(consumer)).as("again").hasMessageContaining("TM-302");
            assertThat(stored(zero)).isEqualTo(100);
        }
        // A process that starts now is refused at the claim, and follows once the topic is bound again.
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            assertThat(thrown(consumer)).hasMessageContaining("TM-302");
            database.execute("select tidemark.rebind_topic('" + topic + "', '" + topic + "', cluster_id, '"
                    + kafka.topicId(topic) + "', array[0, 0]) from tidemark.topic_binding");
            Awaitility.await("all read").pollInSameThread().until(() -> {
                try {
                    readOnTo(consumer, topic, 300);
                } catch (LogMismatchException e) {
                    assertThat(e).hasMessageContaining("TM-302");
                }
                return stored(zero) == 300;
            });
        }
        ExactlyOnce.assertApplied(
                database, zero, LongStream.concat(LongStream.range(0, 100), LongStream.range(0, 300)));
    }

    /** Records that were fetched are in hand when the topic goes: within the 10 s they would take effect. */
    @Test
    void strictlyNothingOfAnotherTopicTakesEffect() throws SQLException {
        produce(zero, 0, 200);
        try (ClaimingConsumer<String, String> consumer =
                open(topic, config(topic, "cooperative"), ClaimingConsumerBuilder::strictTopicIdentity)) {
            readTo(consumer, topic, 100);
            ClaimedRecords<String, String> inHand = next(consumer);
            kafka.createAgain(topic, 2);
            assertThatThrownBy(() -> apply(inHand))
                    .isInstanceOf(LogMismatchException.class)
                    .hasMessageContaining("TM-302");
        }
        ExactlyOnce.assertApplied(database, zero, LongStream.range(0, 100));
        assertThat(stored(zero)).isEqualTo(100);
    }

    @Test
    void aTopicThatDoesNotExistIsNamed() throws SQLException {
        String later = Servers.unique("later");
        try (ClaimingConsumer<String, String> consumer = open(later)) {
            assertThat(thrown(consumer)).hasMessageContaining("TM-307").hasMessageContaining(later);
        }
    }

    /** Markers, aborted records and compacted ones: the stored offset reaches the end, and no record behind them is lost. */
    @Test
    void positionsMoveWithoutRecords() throws SQLException {
        try (var transactional = kafka.transactionalProducer(topic);
                ClaimingConsumer<String, String> consumer = open(topic)) {
            for (int round = 0; round < 3; round++) {
                transactional.beginTransaction();
                for (int i = 0; i < 20; i++) {
                    var unused = transactional.send(
                            new ProducerRecord<>(topic, 0, "k", flights.get(i).json()));
                }
                transactional.flush();
                if (round == 1) {
                    transactional.abortTransaction();
                } else {
                    transactional.commitTransaction();
                }
                long end = Objects.requireNonNull(kafka.settledLogEnds(topic, 2).get(zero));
                Awaitility.await("the end").pollInSameThread().until(() -> {
                    ClaimedRecords<String, String> batch = consumer.poll(Duration.ofMillis(200));
                    if (!batch.isEmpty()) {
                        apply(batch);
                    }
                    return stored(zero) == end;
                });
            }
        }
        ExactlyOnce.assertApplied(database, zero, LongStream.concat(LongStream.range(0, 20), LongStream.range(42, 62)));
    }

    /** Returns the records in new objects, which do not say where reading continues. */
    public static final class Copying implements ConsumerInterceptor<String, String> {
        @Override
        public ConsumerRecords<String, String> onConsume(ConsumerRecords<String, String> records) {
            Map<TopicPartition, List<ConsumerRecord<String, String>>> copy = new HashMap<>();
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

    /** An open transaction is told once it has lasted; the marker at its end is passed, although nothing shows it to the caller. */
    @Test
    void anOpenTransactionAndAnInterceptorThatHidesPositions() throws SQLException {
        Map<String, Object> config = config(topic, "consumer");
        config.put(ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG, Copying.class.getName());
        produce(zero, 0, 10);
        try (var transactional = kafka.transactionalProducer(topic);
                ClaimingConsumer<String, String> consumer = open(topic, config, builder -> builder)) {
            transactional.beginTransaction();
            Servers.produceTo(transactional, zero, flights.subList(10, 20));
            produce(zero, 20, 30);
            Awaitility.await("it is told").pollInSameThread().until(() -> {
                ClaimedRecords<String, String> batch = consumer.poll(Duration.ofMillis(200));
                if (!batch.isEmpty()) {
                    apply(batch);
                }
                return consumer.waiting().getOrDefault(zero, "").contains("TM-312")
                        && database.query("select error_code from tidemark.consumer_lag where partition = 0")
                                .equals(List.of("TM-312"));
            });
            assertThat(stored(zero)).isEqualTo(10);
            transactional.commitTransaction();
            transactional.beginTransaction();
            Servers.produceTo(transactional, zero, flights.subList(0, 10));
            transactional.abortTransaction();
            long end = Objects.requireNonNull(kafka.settledLogEnds(topic, 2).get(zero));
            Awaitility.await("the end").pollInSameThread().until(() -> {
                ClaimedRecords<String, String> batch = consumer.poll(Duration.ofMillis(200));
                if (!batch.isEmpty()) {
                    apply(batch);
                }
                return stored(zero) == end && consumer.waiting().isEmpty();
            });
        }
        ExactlyOnce.assertApplied(database, zero, LongStream.range(0, 30));
    }

    @Test
    void aDatabaseThatIsAwayIsWaitedFor() throws SQLException {
        produce(zero, 0, 300);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            readTo(consumer, topic, 100);
            commit(next(consumer));
            // Superusers are not counted.
            database.superuser()
                    .execute(
                            "alter database " + database.name() + " connection limit 0",
                            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                                    + " and pid <> pg_backend_pid()");
            for (int i = 0; i < 10; i++) {
                assertThat(consumer.poll(Duration.ofMillis(200)).isEmpty()).isTrue();
            }
            assertThat(consumer.waiting()).containsKey(zero);
            database.superuser().execute("alter database " + database.name() + " connection limit -1");
            readTo(consumer, topic, 300);
        }
        assertExact(topic, 2);
    }

    @Test
    void aRecordThatCannotBeDecodedIsPassedOverByAnOperator() throws SQLException {
        produce(zero, 0, 50);
        Deserializer<String> picky = (name, data) -> {
            String text = new String(data, StandardCharsets.UTF_8);
            if (text.equals(flights.get(20).json())) {
                throw new IllegalArgumentException("for the test");
            }
            return text;
        };
        try (ClaimingConsumer<String, String> consumer = Tidemark.claimingConsumer(config(topic, "cooperative"))
                .deserializers(new StringDeserializer(), picky)
                .topics(topic)
                .database(pool)
                .open()) {
            readTo(consumer, topic, 20);
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> consumer.poll(Duration.ofSeconds(10)))
                        .isInstanceOf(RecordDeserializationException.class);
            }
            reset(zero, 21);
            Awaitility.await("it follows").pollInSameThread().until(() -> {
                try {
                    readOnTo(consumer, topic, 50);
                } catch (RecordDeserializationException e) {
                    assertThat(e.offset()).isEqualTo(20);
                }
                return stored(zero) == 50;
            });
        }
        assertExact(topic, 2);
    }

    @Test
    void aTimeoutMayBeForEverAndNotNegative() throws SQLException {
        produce(zero, 0, 10);
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            apply(consumer.poll(Duration.ofMillis(Long.MAX_VALUE)));
            assertThatThrownBy(() -> consumer.poll(Duration.ofMillis(-1))).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** As long as the store was not found, nothing was subscribed, and Kafka's client alone would not be woken. */
    @Test
    void aPollThatWaitsForTheDatabaseIsWoken() throws Exception {
        try (FreezingProxy proxy = new FreezingProxy(database.server().port())) {
            proxy.freezeAll();
            PGSimpleDataSource silent = new PGSimpleDataSource();
            silent.setUrl(proxy.through(database.jdbcUrl()));
            String topic = topic(1);
            try (ClaimingConsumer<String, String> consumer =
                    open(topic, config(topic, "cooperative"), builder -> builder.database(silent))) {
                for (int time = 0; time < 2; time++) {
                    consumer.wakeup();
                    assertThatThrownBy(() -> consumer.poll(Duration.ofMillis(Long.MAX_VALUE)))
                            .isInstanceOf(WakeupException.class);
                }
                assertThat(consumer.poll(Duration.ofMillis(10)).isEmpty()).isTrue();
                CompletableFuture<?> polling = polling(consumer);
                Awaitility.await("it polls")
                        .untilAsserted(() -> assertThatThrownBy(() -> consumer.poll(Duration.ZERO))
                                .isInstanceOf(ConcurrentModificationException.class));
                consumer.wakeup();
                assertThatThrownBy(() -> polling.get(3, TimeUnit.MINUTES)).hasCauseInstanceOf(WakeupException.class);
            }
        }
    }

    @Test
    void oneThreadPolls() throws Exception {
        try (ClaimingConsumer<String, String> consumer = open(topic)) {
            CompletableFuture<?> polling = polling(consumer);
            Awaitility.await("both at once")
                    .untilAsserted(() -> assertThatThrownBy(() -> consumer.poll(Duration.ZERO))
                            .isInstanceOf(ConcurrentModificationException.class));
            assertThatThrownBy(consumer::close).isInstanceOf(ConcurrentModificationException.class);
            consumer.wakeup();
            assertThatThrownBy(() -> polling.get(3, TimeUnit.MINUTES)).hasCauseInstanceOf(WakeupException.class);
        }
    }

    /** Polls on another thread until it is woken; when it is refused because this one polls, it polls again. */
    private static CompletableFuture<?> polling(ClaimingConsumer<String, String> consumer) {
        return CompletableFuture.runAsync(
                () -> {
                    while (true) {
                        try {
                            consumer.poll(Duration.ofMillis(Long.MAX_VALUE));
                        } catch (ConcurrentModificationException e) {
                            // It is its turn as soon as the other poll has ended.
                        }
                    }
                },
                Threads.named("polling"));
    }

    @ParameterizedTest
    @CsvSource({
        "enable.auto.commit, true, TM-101",
        "auto.offset.reset, latest, TM-101",
        "auto.offset.reset, earliest, TM-101",
        "value.deserializer, java.lang.String, TM-103",
        "group.id, , TM-103",
        "max.poll.records, many, TM-103"
    })
    void kafkaSettingsThatContradict(String key, String value, String code) {
        Map<String, Object> config = new HashMap<>(config(topic, "cooperative"));
        config.put(key, value == null ? "" : value);
        assertThatThrownBy(() -> open(topic, config, builder -> builder).close())
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining(code);
    }

    @Test
    void whatIsMissingOrImpossible() {
        for (UnaryOperator<ClaimingConsumerBuilder<String, String>> wrong :
                List.<UnaryOperator<ClaimingConsumerBuilder<String, String>>>of(
                        builder -> builder.topics(List.of()),
                        builder -> builder.topics(" "),
                        builder -> builder.partitions(List.of()),
                        builder -> builder.partitions(new TopicPartition(topic, -1)),
                        builder -> builder.schema("No Schema"))) {
            assertThatThrownBy(() ->
                            open(topic, config(topic, "cooperative"), wrong).close())
                    .isInstanceOf(InvalidConfigurationException.class)
                    .hasMessageContaining("TM-103");
        }
        assertThatThrownBy(() -> Tidemark.claimingConsumer(config(topic, "cooperative"))
                        .topics(topic)
                        .open())
                .hasMessageContaining("TM-103")
                .hasMessageContaining("database(...)");
        try (HikariDataSource small = database.pool(1)) {
            assertThatThrownBy(() -> open(topic, config(topic, "cooperative"), b -> b.database(small)))
                    .hasMessageContaining("TM-102");
        }
    }

    @Test
    void aPatternReadsWhatMatches() throws SQLException {
        produce(zero, 0, 100);
        produce(one, 0, 50);
        try (ClaimingConsumer<String, String> consumer = open(
                topic,
                config(topic, "cooperative"),
                builder -> builder.topicPattern(Pattern.compile(Pattern.quote(topic))))) {
            readTo(consumer, topic, 150);
        }
        assertExact(topic, 2);
    }

    @Test
    void aSchemaThatIsMissingEndsIt() {
        try (ClaimingConsumer<String, String> consumer =
                open(topic, config(topic, "cooperative"), builder -> builder.schema("nowhere"))) {
            assertThat(thrown(consumer))
                    .isInstanceOf(OffsetStoreException.class)
                    .hasMessageContaining("TM-201");
        }
    }
}

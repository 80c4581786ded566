package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.Health;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkListener;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Uninterrupted;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Handlers, deserializers, policies, listeners and DataSources may leave anything on a thread, or never return: none stops in silence. */
@Tag("exhaustive")
class ForeignCodeIT {
    private static final Duration DEADLINE = Duration.ofSeconds(2);

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("foreign"), 1);
    private final List<Flight> flights = Flights.sample().subList(0, 100);
    private final Set<String> visited = ConcurrentHashMap.newKeySet();

    /** Where foreign code is called. */
    enum Place {
        HANDLER,
        HANDLER_THAT_FAILS,
        BATCH_HANDLER,
        THREAD_THAT_A_HANDLER_LEFT_BEHIND,
        DESERIALIZER,
        DESERIALIZERS_SUPPLIER,
        DESERIALIZERS_CLOSE,
        POLICY,
        LISTENER,
        DATA_SOURCE
    }

    private void visit(boolean really) {
        if (really) {
            visited.add(Thread.currentThread().getName());
            Thread.currentThread().interrupt();
        }
    }

    private Running start(HikariDataSource pool, Place place) {
        Deserializer<String> values = new StringDeserializer() {
            @Override
            public String deserialize(String from, byte[] data) {
                visit(place == Place.DESERIALIZER);
                return super.deserialize(from, data);
            }

            @Override
            public void close() {
                visit(place == Place.DESERIALIZERS_CLOSE);
            }
        };
        return Running.start(pool, kafka.consumerConfig(topic, "cooperative"), raw -> {
            TidemarkBuilder<String, String> builder = raw.topics(topic)
                    .deserializers(StringDeserializer::new, () -> {
                        visit(place == Place.DESERIALIZERS_SUPPLIER);
                        return values;
                    })
                    .database(interrupting(pool, place == Place.DATA_SOURCE))
                    .onFailure(failure -> {
                        visit(place == Place.POLICY);
                        return FailureAction.skip();
                    });
            if (place == Place.LISTENER) {
                builder.addListener(interruptingListener());
            }
            return place == Place.BATCH_HANDLER
                    ? builder.handleBatch((records, tx) -> {
                        assertThat(Thread.currentThread().isInterrupted()).isFalse();
                        FlightEffects.foldBatch(records, tx);
                        visit(true);
                    })
                    : builder.handle((record, tx) -> {
                        assertThat(Thread.currentThread().isInterrupted()).isFalse();
                        boolean bad = record.offset() == 7;
                        visit(place == Place.HANDLER || (bad && place == Place.HANDLER_THAT_FAILS));
                        if (bad) {
                            throw new IllegalStateException("bad " + record);
                        }
                        if (place == Place.THREAD_THAT_A_HANDLER_LEFT_BEHIND) {
                            Thread worker = Thread.currentThread();
                            new Thread(() -> {
                                        visited.add(worker.getName());
                                        worker.interrupt();
                                    })
                                    .start();
                        }
                        FlightEffects.foldOne(record, tx);
                    });
        });
    }

    private TidemarkListener interruptingListener() {
        return (TidemarkListener) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {TidemarkListener.class}, (proxy, method, args) -> {
                    visit(method.getDeclaringClass() == TidemarkListener.class);
                    return null;
                });
    }

    private DataSource interrupting(DataSource pool, boolean really) {
        return (DataSource) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, args) -> {
                    try {
                        return method.invoke(pool, args);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        visit(really && method.getName().equals("getConnection"));
                    }
                });
    }

    private long applied() {
        return database.number("select count(*) from applied");
    }

    @ParameterizedTest
    @EnumSource(Place.class)
    void anInterruptThatIsLeftBehindStopsNothing(Place place) {
        try (var producer = kafka.producer();
                Running running = start(database.pool(5), place)) {
            TidemarkConsumer consumer = running.consumer();
            for (int round = 1; round <= 3; round++) {
                Servers.produceTo(producer, new TopicPartition(topic, 0), flights);
                long read = (long) round * flights.size();
                running.until("all read", () -> ExactlyOnce.progress(database, topic) == read);
            }
            running.until("ready", () -> consumer.health().equals(new Health(true, true, List.of())));
            assertThat(applied()).isEqualTo(place == Place.BATCH_HANDLER ? 300 : 299);
            consumer.close();
        }
        assertThat(visited).as("places").isNotEmpty();
    }

    @Test
    void anAssistantOutlivesWhatADeserializerLeavesBehind() {
        AtomicInteger aheads = new AtomicInteger();
        AtomicInteger sent = new AtomicInteger();
        try (var producer = kafka.producer();
                Running running = startDecoding(
                        () -> {
                            if (onAssistant()) {
                                aheads.incrementAndGet();
                                Thread.currentThread().interrupt();
                            }
                        },
                        new TidemarkListener() {})) {
            for (int round = 1; round <= 3; round++) {
                int before = aheads.get();
                // A worker that is quick enough leaves nothing to be decoded ahead.
                running.until("decoded ahead", () -> {
                    produce(producer, 2_000);
                    sent.addAndGet(2_000);
                    return aheads.get() > before;
                });
                running.until("all read", () -> ExactlyOnce.progress(database, topic) == sent.get());
            }
            running.until("ready", () -> running.consumer().health().equals(new Health(true, true, List.of())));
        }
    }

    private static boolean onAssistant() {
        return Thread.currentThread().getName().contains("-assistant-");
    }

    private void produce(KafkaProducer<String, String> producer, int records) {
        for (int i = 0; i < records / flights.size(); i++) {
            Servers.produceTo(producer, new TopicPartition(topic, 0), flights);
        }
    }

    private Running startDecoding(Runnable beforeEach, TidemarkListener listener) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .deserializers(StringDeserializer::new, () -> new StringDeserializer() {
                            @Override
                            public String deserialize(String from, byte[] data) {
                                beforeEach.run();
                                return super.deserialize(from, data);
                            }
                        })
                        .addListener(listener)
                        // What a busy machine makes late is no failure.
                        .onFailure(failure -> FailureAction.retryAfter(Duration.ofMillis(100)))
                        .limits(UnitLimits.defaults().withMaxRecords(200).withDeadline(DEADLINE))
                        .handleBatch(FlightEffects::foldBatch));
    }

    private void untilNamed(Running running, String thread) {
        running.until(
                "not ready, because of " + thread,
                () -> !running.consumer().health().ready()
                        && running.consumer().health().problems().stream()
                                .anyMatch(problem -> problem.contains("thread tidemark-" + topic + "-" + thread)));
        assertThat(running.consumer().health().ready()).isFalse();
        running.until("not alive", () -> !running.consumer().health().live());
    }

    @Test
    void aDeserializerThatDoesNotReturnIsNamed() {
        CountDownLatch mayGoOn = new CountDownLatch(1);
        try (var producer = kafka.producer();
                Running running = startDecoding(() -> Uninterrupted.await(mayGoOn), new TidemarkListener() {})) {
            produce(producer, 100);
            untilNamed(running, "worker-1");
            mayGoOn.countDown();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
            running.until("ready", () -> running.consumer().health().equals(new Health(true, true, List.of())));
        }
    }

    @Test
    void aDeserializerThatDoesNotReturnToAnAssistantKeepsNoWorkerWaiting() {
        CountDownLatch mayGoOn = new CountDownLatch(1);
        AtomicInteger waiting = new AtomicInteger();
        AtomicInteger sent = new AtomicInteger();
        try (var producer = kafka.producer();
                Running running = startDecoding(
                        () -> {
                            if (onAssistant()) {
                                waiting.incrementAndGet();
                                Uninterrupted.await(mayGoOn);
                            }
                        },
                        new TidemarkListener() {})) {
            // A worker that is quick enough leaves nothing to be decoded ahead.
            running.until("an assistant waits", () -> {
                produce(producer, 2_000);
                sent.addAndGet(2_000);
                return waiting.get() > 0;
            });
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == sent.get());
            untilNamed(running, "assistant-");
            mayGoOn.countDown();
            running.until("ready", () -> running.consumer().health().equals(new Health(true, true, List.of())));
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void aListenerThatDoesNotReturnIsNamed() {
        CountDownLatch mayGoOn = new CountDownLatch(1);
        TidemarkListener hangs = new TidemarkListener() {
            @Override
            public void unitEnded(Unit unit) {
                Uninterrupted.await(mayGoOn);
            }
        };
        try (var producer = kafka.producer();
                Running running = startDecoding(() -> {}, hangs)) {
            produce(producer, 100);
            untilNamed(running, "worker-1");
            mayGoOn.countDown();
            running.until("ready", () -> running.consumer().health().equals(new Health(true, true, List.of())));
        }
    }

    @Test
    void aPolicyThatDoesNotReturnIsNamed() {
        CountDownLatch mayGoOn = new CountDownLatch(1);
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .limits(UnitLimits.defaults().withDeadline(DEADLINE))
                                .onFailure(failure -> {
                                    Uninterrupted.await(mayGoOn);
                                    return FailureAction.skip();
                                })
                                .handle((record, tx) -> {
                                    if (record.offset() == 7) {
                                        throw new IllegalStateException("bad " + record);
                                    }
                                    FlightEffects.foldOne(record, tx);
                                }))) {
            produce(producer, 100);
            untilNamed(running, "worker-1");
            mayGoOn.countDown();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
            running.until("ready", () -> running.consumer().health().equals(new Health(true, true, List.of())));
        }
    }

    /** Neither alone is beyond the deadline. */
    @Test
    void theDeadlineCountsFromTheTakingOfTheRecords() {
        CountDownLatch never = new CountDownLatch(1);
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .limits(UnitLimits.defaults().withDeadline(Duration.ofSeconds(6)))
                                .deserializers(StringDeserializer::new, () -> new StringDeserializer() {
                                    @Override
                                    public String deserialize(String from, byte[] data) {
                                        try {
                                            assertThat(never.await(4, TimeUnit.SECONDS))
                                                    .isFalse();
                                        } catch (InterruptedException e) {
                                            Thread.currentThread().interrupt();
                                        }
                                        return super.deserialize(from, data);
                                    }
                                })
                                .handle((record, tx) -> tx.execute("select pg_sleep(4)")))) {
            Servers.produceTo(producer, new TopicPartition(topic, 0), flights.subList(0, 1));
            assertThat(running.failure()).hasMessageContaining(ErrorCode.DEADLINE_PASSED.code());
        }
    }

    /** What a handler can throw that is not an exception. */
    enum Thrown {
        THREAD_DEATH,
        STACK_OVERFLOW,
        ASSERTION,
        INTERRUPTED
    }

    @SuppressWarnings("deprecation")
    private static void throwIt(Thrown thrown) throws InterruptedException {
        switch (thrown) {
            case THREAD_DEATH -> throw new ThreadDeath();
            case STACK_OVERFLOW -> throw new StackOverflowError("test");
            case ASSERTION -> throw new AssertionError("test");
            case INTERRUPTED -> throw new InterruptedException("test");
            default -> throw new IllegalArgumentException(thrown.toString());
        }
    }

    @ParameterizedTest
    @EnumSource(Thrown.class)
    void whatAHandlerThrowsEndsNoThread(Thrown thrown) {
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .onFailure(FailurePolicy.skip())
                                .handle((record, tx) -> {
                                    if (record.offset() == 7) {
                                        throwIt(thrown);
                                    }
                                    FlightEffects.foldOne(record, tx);
                                }))) {
            produce(producer, 100);
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 100);
            assertThat(applied()).isEqualTo(99);
            running.until("ready", () -> running.consumer().health().equals(new Health(true, true, List.of())));
        }
    }

    /** Other languages do not check exceptions, and Java can be led around it. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <X extends Throwable> RuntimeException sneak(Throwable thrown) throws X {
        throw (X) thrown;
    }

    @Test
    void aCheckedExceptionWhereNoneIsDeclaredLeavesNothingBehind() {
        TidemarkException failure;
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.deserializers(StringDeserializer::new, () -> {
                            throw ForeignCodeIT.<RuntimeException>sneak(new IOException("test"));
                        })
                        .topics(topic)
                        .handle((record, tx) -> {}))) {
            failure = (TidemarkException) running.failure();
            assertThat(Thread.getAllStackTraces().keySet())
                    .extracting(Thread::getName)
                    .noneMatch(name -> name.startsWith("tidemark-" + topic + "-"));
        }
        assertThat(failure).hasMessageContaining("TM-900").hasMessageContaining("IOException");
    }
}

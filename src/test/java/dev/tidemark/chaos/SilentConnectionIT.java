package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.BatchHandler;
import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.FreezingProxy;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.awaitility.Awaitility;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/** Connections that fall silent without closing: nothing hangs for good, and no record is given up for it. */
@Order(1) // its tests take longest
@Tag("chaos")
@Tag("exhaustive")
class SilentConnectionIT {
    /** More than a busy machine takes for a unit, as one that is beyond it costs its record. */
    private static final Duration DEADLINE = Duration.ofSeconds(20);

    private static final Duration NETWORK_TIMEOUT = Duration.ofSeconds(2);

    /** What the worker does when its connection falls silent. */
    enum Moment {
        BEFORE_A_STATEMENT,
        IN_A_STATEMENT,
        IN_A_RESULT,
        BEFORE_A_LARGE_COPY,
        BEFORE_THE_ADVANCE,
        IN_THE_COMMIT,
        BETWEEN_UNITS;

        private boolean isInTheMiddle() {
            return this == IN_A_STATEMENT || this == IN_A_RESULT || this == IN_THE_COMMIT;
        }
    }

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("silent"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, 400);

    /** Handles the next unit. */
    private final AtomicReference<BatchHandler<String, String>> next = new AtomicReference<>();

    private KafkaProducer<String, String> producer;
    private FreezingProxy proxy;

    @BeforeEach
    void start() throws IOException {
        producer = kafka.producer();
        proxy = new FreezingProxy(database.server().port());
        database.owner().execute("create table copied (line text)", "grant all on copied to public");
    }

    @AfterEach
    void end() throws IOException {
        producer.close();
        proxy.close();
    }

    @ParameterizedTest
    @EnumSource(Moment.class)
    void thePartitionGoesOnWithAnotherConnection(Moment moment) {
        try (Running running = Running.start(pool(), kafka.consumerConfig(topic, "cooperative"), this::consumer)) {
            produce(0, 200);
            running.until("the first half", () -> stored() == 200);
            if (moment == Moment.BETWEEN_UNITS) {
                proxy.freezeOpen();
            } else {
                next.set((records, tx) -> fallSilent(moment, records, tx));
            }
            produce(200, 400);
            running.until("all read", () -> stored() == 400);
            running.until("healthy", () -> running.consumer().health().ready());
        }
        assertThat(next).as("the unit whose connection falls silent").hasNullValue();
        assertThat(proxy.hasFrozen()).as("silent in the middle of something").isEqualTo(moment.isInTheMiddle());
        complete();
    }

    @Test
    void aSilentControlConnectionIsNamedAndReplaced() {
        next.set((records, tx) -> {
            proxy.freezeAllBut(List.of(port(tx)));
            FlightEffects.foldBatch(records, tx);
        });
        try (Running running = Running.start(pool(), kafka.consumerConfig(topic, "cooperative"), this::consumer)) {
            // Few: if the only connection that is left were replaced, the next one would be silent as well.
            produce(0, 4);
            running.until("the first ones", () -> stored() == 4);
            running.until(
                    "health tells which",
                    () -> running.consumer().health().problems().stream()
                            .anyMatch(problem -> problem.contains("silent on the connection of the control thread")));
            assertThat(running.consumer().health().ready()).isFalse();
            proxy.letNewOnesThrough();
            database.execute("select tidemark.pause('" + topic + "')");
            running.until(
                    "the pause is followed",
                    () -> running.consumer().status().partitions().stream()
                            .allMatch(p -> p.state() == PartitionState.PAUSED));
            database.execute("select tidemark.resume('" + topic + "')");
            produce(4, 400);
            running.until("all read", () -> stored() == 400);
            running.until("healthy", () -> running.consumer().health().ready());
        }
        complete();
    }

    @ParameterizedTest
    @EnumSource(
            value = Moment.class,
            names = {"IN_A_STATEMENT", "BETWEEN_UNITS"})
    void aProcessWithoutAnyConnectionLetsOthersTakeOver(Moment moment) {
        try (Running silent = Running.start(pool(), kafka.consumerConfig(topic, "cooperative"), this::consumer)) {
            produce(0, 100);
            silent.until("it reads", () -> stored() == 100);
            if (moment == Moment.BETWEEN_UNITS) {
                proxy.freezeAll();
            } else {
                next.set((records, tx) -> {
                    proxy.freezeAt(port(tx), sent -> {
                        boolean now = sent.contains("pg_sleep");
                        if (now) {
                            proxy.freezeAll();
                        }
                        return now;
                    });
                    tx.execute("select pg_sleep(60)");
                });
                produce(100, 200);
                silent.until("a statement is sent", proxy::hasFrozen);
            }
            produce(moment == Moment.BETWEEN_UNITS ? 100 : 200, 400);
            try (Running other = Running.start(
                    database.pool(3),
                    kafka.consumerConfig(topic, "cooperative"),
                    b -> b.topics(topic).handleBatch(FlightEffects::foldBatch))) {
                silent.until("not alive", () -> !silent.consumer().health().live());
                other.until("all read elsewhere", () -> stored() == 400);
                assertThat(other.consumer().status().partitions()).hasSize(2);
                Awaitility.await("not alive all the time")
                        .during(Duration.ofSeconds(12))
                        .atMost(Duration.ofMinutes(3))
                        .until(() -> !silent.consumer().health().live()
                                && silent.consumer().health().problems().stream()
                                        .anyMatch(problem -> problem.contains("has been silent")));
                proxy.letNewOnesThrough();
                silent.until(
                        "it is back",
                        () -> silent.consumer().health().ready()
                                && silent.consumer().status().partitions().size() == 1);
            }
        }
        complete();
    }

    /** The server does not learn that the client is gone, and the claim's locks are in the way of every other claim. */
    @ParameterizedTest
    @ValueSource(strings = {"owner_epoch", "consumer_pause"})
    void aClaimKeepsNoLocksOnASilentConnection(String said) {
        proxy.freezeAt(sent -> sent.contains(said));
        produce(0, 200);
        try (Running running = Running.start(pool(), kafka.consumerConfig(topic, "cooperative"), this::consumer)) {
            running.until("it is silent", proxy::hasFrozen);
            running.until("all read", () -> stored() == 200);
            running.until("healthy", () -> running.consumer().health().ready());
        }
        produce(200, 400);
        try (Running running = Running.start(pool(), kafka.consumerConfig(topic, "cooperative"), this::consumer)) {
            running.until("the rest", () -> stored() == 400);
        }
        complete();
    }

    @Test
    void aDataSourceThatNeverReturnsIsGivenUp() {
        PGSimpleDataSource plain = new PGSimpleDataSource();
        plain.setUrl(proxy.through(database.jdbcUrl()));
        try (TidemarkConsumer consumer = consumer(Tidemark.consumer(kafka.consumerConfig(topic, "cooperative"))
                .deserializers(StringDeserializer::new, StringDeserializer::new)
                .database(plain))) {
            CompletableFuture<Void> run = CompletableFuture.runAsync(consumer, Threads.named("test-run"));
            produce(0, 200);
            until("the first half", () -> run.isDone() || stored() == 200);
            proxy.freezeAll();
            produce(200, 400);
            until("not alive", () -> run.isDone() || !consumer.health().live());
            proxy.letNewOnesThrough();
            until("all read", () -> run.isDone() || stored() == 400);
            assertThat(run).isNotDone();
        }
        complete();
    }

    private TidemarkConsumer consumer(TidemarkBuilder<String, String> builder) {
        return builder.topics(topic)
                .limits(UnitLimits.defaults().withMaxRecords(1).withDeadline(DEADLINE))
                .networkTimeout(NETWORK_TIMEOUT)
                .onFailure(FailurePolicy.skip())
                .handleBatch(this::handle);
    }

    private void handle(List<ConsumerRecord<String, String>> records, Handle tx) throws Exception {
        BatchHandler<String, String> special = next.getAndSet(null);
        if (special == null) {
            FlightEffects.foldBatch(records, tx);
        } else {
            special.handle(records, tx);
        }
    }

    /** Handles a unit whose connection falls silent. */
    private void fallSilent(Moment moment, List<ConsumerRecord<String, String>> records, Handle tx) throws Exception {
        int port = port(tx);
        switch (moment) {
            case BEFORE_A_STATEMENT -> proxy.freeze(List.of(port));
            case IN_A_STATEMENT -> {
                proxy.freezeAt(port, sent -> sent.contains("pg_sleep"));
                tx.execute("select pg_sleep(60)");
            }
            case IN_A_RESULT -> {
                proxy.freezeInReply(port, 100_000);
                tx.createQuery("select repeat('x', 100) from generate_series(1, 10000000)")
                        .mapToMap()
                        .list();
            }
            case BEFORE_A_LARGE_COPY -> {
                proxy.freeze(List.of(port));
                copy(tx);
            }
            default -> {}
        }
        FlightEffects.foldBatch(records, tx);
        if (moment == Moment.BEFORE_THE_ADVANCE) {
            proxy.freeze(List.of(port));
        }
        if (moment == Moment.IN_THE_COMMIT) {
            proxy.freezeAt(port, sent -> sent.contains("COMMIT"));
        }
    }

    /** The client's port of the handler's connection, as the server knows it. */
    private static int port(Handle tx) {
        return tx.createQuery("select inet_client_port()").mapTo(Integer.class).one();
    }

    /** More than the buffers between here and there hold. */
    private static void copy(Handle tx) throws Exception {
        byte[] line = ("x".repeat(999_999) + "\n").getBytes(StandardCharsets.UTF_8);
        InputStream lines = new SequenceInputStream(Collections.enumeration(IntStream.range(0, 64)
                .mapToObj(i -> (InputStream) new java.io.ByteArrayInputStream(line))
                .toList()));
        tx.getConnection().unwrap(PGConnection.class).getCopyAPI().copyIn("copy copied from stdin", lines);
    }

    private HikariDataSource pool() {
        // Without it the pool itself would wait forever for a login that was begun in silence.
        return TestDatabase.pool(proxy.through(database.jdbcUrl()) + "&loginTimeout=3", 3);
    }

    private void produce(int from, int to) {
        Servers.produce(producer, topic, flights.subList(from, to));
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private void complete() {
        assertThat(database.query(
                        "select action from tidemark.audit_log where action <> 'pause' and action <> 'resume'"))
                .as("what was given up")
                .isEmpty();
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 2), Flights.truth(flights));
    }

    private static void until(String what, java.util.concurrent.Callable<Boolean> holds) {
        Awaitility.await(what).until(holds);
    }
}

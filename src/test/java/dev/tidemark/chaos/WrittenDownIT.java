package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.Problem;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Halts and releases stand in the tables in the end, whatever happened to the connection when they came about. */
@Execution(ExecutionMode.SAME_THREAD) // one server, which each test breaks
@Tag("chaos")
@Tag("exhaustive")
class WrittenDownIT {
    private static final long BAD = 10;
    private static final String CONTROL = "usename = 'tidemark_writer' and datname = current_database()"
            + " and application_name not like 'tidemark/%'";

    private static EmbeddedPostgresServer postgres;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(postgres);
    private final String topic = kafka.createTopic(Servers.unique("written"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, 100);

    /** What happens at the moment of the failure. */
    private final AtomicReference<Runnable> accident = new AtomicReference<>();

    private KafkaProducer<String, String> producer;

    @BeforeAll
    static void startServer() {
        postgres = EmbeddedPostgresServer.start();
    }

    @AfterAll
    static void stopServer() {
        postgres.close();
    }

    @BeforeEach
    void open() {
        producer = kafka.producer();
        for (int p = 0; p < 2; p++) {
            Servers.produceTo(producer, new TopicPartition(topic, p), flights);
        }
    }

    @AfterEach
    void close() {
        letIn(true);
        producer.close();
    }

    @Test
    void aHaltWhoseConnectionIsDead() {
        accident.set(this::endControl);
        try (Running running = start()) {
            running.until("written down", this::isHalted);
            running.until("the other partition goes on", () -> stored(1) == flights.size());
        }
    }

    @Test
    void aHaltWhileTheServerTakesNoConnections() {
        CountDownLatch halted = new CountDownLatch(1);
        HikariDataSource pool = database.pool(3);
        accident.set(() -> {
            letIn(false);
            endControl();
            // The halt is not to be written on the connection that the worker has and returns when it is idle.
            pool.getHikariPoolMXBean().softEvictConnections();
            halted.countDown();
        });
        try (LogCapture log = LogCapture.of(topic);
                Running running = start(pool)) {
            running.until("refused", () -> halted.getCount() == 0 && said(log, "the database is unavailable"));
            assertThat(isHalted()).isFalse();
            letIn(true);
            running.until("written down", this::isHalted);
        }
    }

    @Test
    void aHaltWhileATableIsLocked() throws SQLException {
        try (Connection c = database.superuser().connect();
                LogCapture log = LogCapture.of(topic)) {
            accident.set(() -> hold(c, "lock table tidemark.partition_state in share row exclusive mode"));
            try (Running running = start()) {
                running.until("it has waited in vain", () -> said(log, "the database is unavailable"));
                assertThat(isHalted()).isFalse();
                c.rollback();
                running.until("written down", this::isHalted);
            }
        }
    }

    /** As after a failover to a standby that had the claim, and not yet the halt. */
    @Test
    void aHaltThatTheDatabaseHasLost() {
        try (Running running = start()) {
            running.until("written down", this::isHalted);
            database.superuser()
                    .execute(
                            "update tidemark.partition_state set halted_at = null, error_code = null, error_text = null");
            running.until("written down again", this::isHalted);
        }
    }

    @Test
    void aHaltThatIsNoLongerTrue() throws SQLException {
        try (Connection c = database.as(DatabaseRole.OPERATOR).connect()) {
            accident.set(() ->
                    hold(c, "select tidemark.reset_offset('" + topic + "', '" + topic + "', 0, " + (BAD + 1) + ")"));
            try (Running running = start()) {
                running.until(
                        "halted",
                        () -> running.consumer().status().partitions().stream()
                                .anyMatch(p -> p.lastError()
                                        .map(Problem::toString)
                                        .orElse("")
                                        .contains("TM-502")));
                c.commit();
                running.until("it follows", () -> {
                    assertThat(isHalted()).isFalse();
                    return stored(0) == flights.size();
                });
                assertThat(state(0)).isEqualTo("owned");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aReleaseAtTheEnd(boolean lockedAsWell) throws SQLException {
        try (Connection c = database.superuser().connect();
                LogCapture log = LogCapture.of(topic)) {
            try (Running running = start()) {
                running.until("halted", this::isHalted);
                running.until("read", () -> stored(1) == flights.size());
                if (lockedAsWell) {
                    hold(c, "select 1 from tidemark.stored_offset for update");
                    CompletableFuture<Void> freed = CompletableFuture.runAsync(
                            () -> {
                                Awaitility.await("revoked").until(() -> said(log, "revoked group=" + topic));
                                rollback(c);
                            },
                            Threads.named("freeing"));
                    running.consumer().close();
                    freed.join();
                } else {
                    endControl();
                }
            }
        }
        assertThat(state(1)).isEqualTo("free");
        assertThat(database.query("select owner_token from tidemark.stored_offset"))
                .containsOnly("null");
    }

    private void endControl() {
        database.superuser().execute("select pg_terminate_backend(pid) from pg_stat_activity where " + CONTROL);
    }

    /** Whether new connections are taken. */
    private void letIn(boolean yes) {
        database.superuser().execute("alter database " + database.name() + " connection limit " + (yes ? -1 : 0));
    }

    private static void hold(Connection c, String sql) {
        try (Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void rollback(Connection c) {
        try {
            c.rollback();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private Running start() {
        return start(database.pool(3));
    }

    private Running start(HikariDataSource pool) {
        return Running.start(
                pool,
                kafka.consumerConfig(topic, "cooperative"),
                // So that a record that fails is alone from the beginning.
                builder -> builder.topics(topic)
                        .closeTimeout(Duration.ofMinutes(3))
                        .limits(UnitLimits.defaults().withMaxRecords(1))
                        .handle(this::handle));
    }

    private void handle(ConsumerRecord<String, String> record, Handle tx) {
        if (record.partition() == 0 && record.offset() == BAD) {
            Runnable happens = accident.getAndSet(null);
            if (happens != null) {
                happens.run();
            }
            throw new IllegalStateException("bad");
        }
        FlightEffects.foldOne(record, tx);
    }

    private static boolean said(LogCapture log, String what) {
        return log.news().stream().anyMatch(e -> e.getFormattedMessage().contains(what));
    }

    private boolean isHalted() {
        return database.superuser()
                .query("select state, error_code from tidemark.consumer_lag where partition = 0")
                .equals(List.of("halted|TM-502"));
    }

    private String state(int partition) {
        return database.superuser()
                .query("select state from tidemark.consumer_lag where partition = " + partition)
                .get(0);
    }

    private long stored(int partition) {
        return ExactlyOnce.stored(database, topic, new TopicPartition(topic, partition));
    }
}

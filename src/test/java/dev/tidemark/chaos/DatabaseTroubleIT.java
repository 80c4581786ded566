package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.PartitionState;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.postgresql.PGConnection;

/** The database does not serve the consumer for a while; transient failures are retried, permanent ones are reported. */
@Execution(ExecutionMode.SAME_THREAD) // one server, which each test breaks
@Tag("chaos")
@Tag("exhaustive")
class DatabaseTroubleIT {
    private static final int PARTITIONS = 2;
    private static final int POOL = 4;

    private static EmbeddedPostgresServer postgres;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(postgres);
    private final String topic = kafka.createTopic(Servers.unique("trouble"), PARTITIONS);
    private final List<Flight> flights = Flights.sample().subList(0, 2_000);
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
    }

    @AfterEach
    void close() {
        producer.close();
    }

    @Test
    void aPoolThatSomebodyElseHasEmptiedIsWaitedFor() throws SQLException {
        HikariDataSource pool = database.pool(POOL);
        pool.setConnectionTimeout(250);
        List<Connection> taken = new CopyOnWriteArrayList<>();
        AtomicInteger sent = new AtomicInteger(flights.size() / 2);
        try (Running running = start(pool)) {
            firstHalf(running);
            CompletableFuture<Void> greedy =
                    CompletableFuture.runAsync(() -> takeAll(pool, taken), Threads.named("greedy"));
            running.until("the pool is empty", () -> {
                // A worker notices that its connection is dead when there is work.
                endSessionsBut(taken);
                send(sent.get(), Math.min(sent.addAndGet(10), flights.size()));
                return greedy.isDone();
            });
            send(sent.get(), flights.size());
            running.until("it waits", () -> waits(running));
            AtomicBoolean asked = new AtomicBoolean();
            running.until("the pool has refused it", () -> {
                boolean asks = pool.getHikariPoolMXBean().getThreadsAwaitingConnection() > 0;
                return asked.getAndSet(asks || asked.get()) && !asks;
            });
            // After a minute without a connection it is not ready, which is right.
            assertThat(running.consumer().health().live()).isTrue();
            for (Connection connection : taken) {
                connection.close();
            }
            running.until("all read", () -> stored() == flights.size());
        }
        complete();
    }

    @Test
    void aServerThatTurnsReadOnlyIsWaitedFor() {
        try (Running running = start(database.pool(POOL))) {
            firstHalf(running);
            setReadOnly("on");
            secondHalf();
            running.until("it waits", () -> waits(running));
            running.until("ready", () -> running.consumer().health().ready());
            assertThat(stored()).isEqualTo(flights.size() / 2);
            setReadOnly("off");
            running.until("all read", () -> stored() == flights.size());
        } finally {
            setReadOnly("off");
        }
        complete();
    }

    @Test
    void aRightThatIsTakenAwayIsNamed() {
        String role = "writer_" + database.name();
        database.superuser()
                .execute(
                        "create role " + role + " login",
                        "select tidemark.grant_access('" + role + "', 'writer')",
                        "grant select, insert, update on airport, applied to " + role);
        String url = database.as(role).jdbcUrl();
        try (Running running = start(TestDatabase.pool(url, POOL))) {
            firstHalf(running);
            database.owner().execute("revoke update on tidemark.stored_offset from " + role);
            secondHalf();
            assertThat(running.failure())
                    .isInstanceOfSatisfying(
                            OffsetStoreException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.RIGHT_MISSING))
                    .hasMessageContaining("TM-204")
                    .hasMessageContaining("lacks a right on table stored_offset")
                    .hasMessageContaining("select tidemark.grant_access(");
        }
        assertThat(stored()).isEqualTo(flights.size() / 2);
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);

        database.owner().execute("select tidemark.grant_access('" + role + "', 'writer')");
        try (Running granted = start(TestDatabase.pool(url, POOL))) {
            granted.until("all read", () -> stored() == flights.size());
        }
        complete();
    }

    private Running start(HikariDataSource pool) {
        return Running.start(
                pool,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch));
    }

    private void firstHalf(Running running) {
        Servers.produce(producer, topic, flights.subList(0, flights.size() / 2));
        running.until("the first half is read", () -> stored() == flights.size() / 2);
    }

    private void secondHalf() {
        send(flights.size() / 2, flights.size());
    }

    private void send(int from, int to) {
        Servers.produce(producer, topic, flights.subList(Math.min(from, to), to));
    }

    private static void takeAll(HikariDataSource pool, List<Connection> taken) {
        while (taken.size() < POOL) {
            try {
                taken.add(pool.getConnection());
            } catch (SQLException e) {
                // The consumer still has one; it is asked for again.
            }
        }
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private static boolean waits(Running running) {
        return running.consumer().status().partitions().stream()
                .anyMatch(partition -> partition.state() == PartitionState.RETRYING);
    }

    /** The consumer's sessions end, so that its connections go back to the pool as broken ones. */
    private void endSessionsBut(List<Connection> kept) throws SQLException {
        List<String> pids = new ArrayList<>(List.of("pg_backend_pid()"));
        for (Connection connection : kept) {
            pids.add(Integer.toString(connection.unwrap(PGConnection.class).getBackendPID()));
        }
        database.superuser()
                .execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
                        + " and pid not in (" + pids.stream().collect(Collectors.joining(", ")) + ")");
    }

    private void setReadOnly(String onOrOff) {
        database.superuser()
                .execute("alter system set default_transaction_read_only = " + onOrOff, "select pg_reload_conf()");
        // The server has only been told to read its settings again.
        Awaitility.await("new sessions have it").until(() -> showsInNewSession(onOrOff));
    }

    private boolean showsInNewSession(String onOrOff) throws SQLException {
        try (Connection c = database.connect();
                Statement s = c.createStatement();
                ResultSet shown = s.executeQuery("show default_transaction_read_only")) {
            return shown.next() && shown.getString(1).equals(onOrOff);
        }
    }

    private void complete() {
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, PARTITIONS), Flights.truth(flights));
    }
}

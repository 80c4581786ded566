package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.tidemark.PartitionStatus;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;

/** A unit or a claim that waits says so: in the log, in the database, in the status and in the health. */
@Tag("exhaustive")
class WaitingIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("waiting"), 1);
    private final TopicPartition partition = new TopicPartition(topic, 0);
    private final List<Flight> flights = Flights.sample().subList(0, 100);
    private KafkaProducer<String, String> producer;
    private LogCapture log;

    @BeforeEach
    void open() {
        producer = kafka.producer();
        log = LogCapture.of(topic);
        database.owner().execute("create table slow (id int primary key)", "insert into slow values (1)");
    }

    @AfterEach
    void close() {
        log.close();
        producer.close();
    }

    /** What a person does in an open transaction. */
    private Connection hold(DatabaseLogin login, String sql) throws SQLException {
        Connection person = login.connect();
        person.setAutoCommit(false);
        try (Statement s = person.createStatement()) {
            s.execute("set application_name = 'curious person'");
            s.execute(sql);
        }
        return person;
    }

    @Test
    void anOffsetRowThatAnotherRoleHolds() throws SQLException {
        try (Running running = start("select 1")) {
            read(running);
            try (Connection person = hold(
                    database.owner(),
                    "select * from tidemark.stored_offset where topic = '" + topic + "' for update")) {
                Servers.produceTo(producer, partition, flights);
                isTold(running, "TM-404", "curious person", "tidemark_owner", "pid " + pid(person));
                person.rollback();
            }
            goesOn(running);
        }
    }

    /** The unit's own limit ends the wait each time; who holds the row is looked up from outside. */
    @Test
    void anOffsetRowThatIsWaitedForInTurns() throws SQLException {
        try (Running running = start("set local lock_timeout = '300ms'")) {
            read(running);
            try (Connection person = hold(
                    database.owner(),
                    "select * from tidemark.stored_offset where topic = '" + topic + "' for update")) {
                Servers.produceTo(producer, partition, flights);
                isTold(running, "TM-404", "curious person", "tidemark_owner", "pid " + pid(person));
                person.rollback();
            }
            goesOn(running);
        }
    }

    @Test
    void aTableOfTheStoreThatAnotherRoleHolds() throws SQLException {
        try (Running running = start("select 1")) {
            read(running);
            // Reads go through, so that the views can be asked.
            try (Connection person = hold(database.owner(), "lock table tidemark.stored_offset in exclusive mode")) {
                Servers.produceTo(producer, partition, flights);
                isTold(running, "TM-404", "stored_offset", "curious person", "pid " + pid(person));
                person.rollback();
            }
            goesOn(running);
        }
    }

    @Provokes(ErrorCode.UNIT_WAITS)
    @Test
    void aRowOfTheEffectsThatAnotherRoleHolds() throws SQLException {
        try (Running running = start("update slow set id = id")) {
            read(running);
            try (Connection person = hold(database.owner(), "select * from slow for update")) {
                Servers.produceTo(producer, partition, flights);
                isTold(running, "TM-405", "public.slow", "curious person", "pid " + pid(person));
                person.rollback();
            }
            goesOn(running);
        }
    }

    @Test
    void aTableOfTheEffectsThatIsBeingAltered() throws SQLException {
        try (Running running = start("select * from slow")) {
            read(running);
            try (Connection person = hold(database.owner(), "alter table slow add column more int")) {
                Servers.produceTo(producer, partition, flights);
                isTold(running, "TM-405", "public.slow", "pid " + pid(person));
                person.rollback();
            }
            goesOn(running);
        }
    }

    @Test
    void anAdvisoryLock() throws SQLException {
        try (Running running = start("select pg_advisory_xact_lock(42)")) {
            read(running);
            try (Connection person = hold(database.owner(), "select pg_advisory_xact_lock(42)")) {
                Servers.produceTo(producer, partition, flights);
                isTold(running, "TM-405", "pid " + pid(person));
                person.rollback();
            }
            goesOn(running);
        }
    }

    @Test
    void anotherServerThatSaysNothing() throws IOException {
        database.superuser().execute("create extension dblink");
        AtomicReference<String> statement = new AtomicReference<>("select 1");
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                Running running = start(statement)) {
            database.owner()
                    .execute("create function ask() returns void language plpgsql as $$ begin"
                            + " perform dblink_connect('other', 'host=127.0.0.1 port=" + silent.getLocalPort()
                            + " user=x password=y'); exception when others then null; end $$");
            read(running);
            statement.set("select ask()");
            Servers.produceTo(producer, partition, flights);
            isTold(running, "TM-405", "waits inside a statement");
            // What is connected there ends with the process that accepted it, or with its listener.
            silent.close();
            goesOn(running);
        }
    }

    @Test
    void anotherServerThatIsStarting() {
        AtomicReference<String> statement = new AtomicReference<>("select 1");
        database.owner()
                .execute("create function ask() returns void language plpgsql as $$ begin"
                        + " raise exception 'secret row' using errcode = '57P03'; end $$");
        try (Running running = start(statement)) {
            read(running);
            statement.set("select ask()");
            Servers.produceTo(producer, partition, flights);
            isTold(running, "TM-212", "57P03");
            statement.set("select 1");
            goesOn(running);
        }
    }

    @Test
    void aClaimOfARowThatAnotherRoleHolds() throws SQLException {
        try (Running running = start("select 1")) {
            read(running);
        }
        try (Connection person = hold(
                database.owner(), "select * from tidemark.stored_offset where topic = '" + topic + "' for update")) {
            try (Running running = start("select 1")) {
                Servers.produceTo(producer, partition, flights);
                isTold(running, "TM-404", "curious person", "tidemark_owner", "pid " + pid(person));
                person.rollback();
                goesOn(running);
            }
        }
    }

    @Test
    void aClaimOfABindingThatAnotherRoleHolds() throws SQLException {
        try (Running running = start("select 1")) {
            read(running);
        }
        try (Connection person = hold(database.owner(), "lock table tidemark.topic_binding in exclusive mode")) {
            try (Running running = start("select 1")) {
                Servers.produceTo(producer, partition, flights);
                isTold(running, "TM-404", "topic_binding", "pid " + pid(person));
                person.rollback();
                goesOn(running);
            }
        }
    }

    /** What it waited for is no longer shown once it has stopped, and does not confuse its successor. */
    @Test
    void aConsumerThatStopsWhileItWaits() throws SQLException {
        try (Running running = start("update slow set id = id")) {
            read(running);
            try (Connection person = hold(database.owner(), "select * from slow for update")) {
                Servers.produceTo(producer, partition, flights);
                isTold(running, "TM-405", "public.slow");
                running.consumer().stop();
                running.end();
                assertThat(database.query("select state, error_code, waiting_since from tidemark.consumer_lag"))
                        .containsExactly("free|null|null");
                assertThat(database.number(
                                "select count(*) from tidemark.partition_state where waiting_since is not null"))
                        .isZero();
            }
        }
    }

    private Running start(String statement) {
        return start(new AtomicReference<>(statement));
    }

    private Running start(AtomicReference<String> statement) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .closeTimeout(Duration.ofMinutes(3))
                        .handleBatch((records, tx) -> {
                            FlightEffects.foldBatch(records, tx);
                            tx.execute(statement.get());
                        }));
    }

    private void read(Running running) {
        Servers.produceTo(producer, partition, flights);
        running.until("read", () -> stored() == 100);
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private static int pid(Connection person) throws SQLException {
        return person.unwrap(PGConnection.class).getBackendPID();
    }

    /** Everywhere, with since when, and without any record's content. */
    private void isTold(Running running, String code, String... words) {
        running.until(
                "the status tells",
                () -> status(running)
                        .flatMap(PartitionStatus::lastError)
                        .map(Problem::toString)
                        .filter(error -> error.startsWith(code) && has(error, words))
                        .isPresent());
        assertThat(status(running).flatMap(PartitionStatus::errorSince)).isPresent();
        assertThat(running.consumer().health().problems())
                .anyMatch(problem -> problem.contains(code) && problem.contains(" since ") && has(problem, words));
        assertThat(running.consumer().health().live()).isTrue();
        running.until(
                "the view tells",
                () -> database
                        .query(
                                "select state, error_code, error_text, waiting_since < clock_timestamp() from tidemark.consumer_lag")
                        .stream()
                        .anyMatch(row ->
                                row.startsWith("waiting|" + code + "|") && row.endsWith("|t") && has(row, words)));
        assertThat(database.query("select waiting_partitions from tidemark.consumer_group"))
                .containsExactly("1");
        running.until("the log tells", () -> begun().size() == 1);
        assertThat(begun().get(0)).contains("partition=" + partition);
        assertThat(begun()).hasSize(1);
        assertThat(begun().get(0)).doesNotContain("secret row");
    }

    private static boolean has(String text, String... words) {
        return Stream.of(words).allMatch(text::contains);
    }

    private void goesOn(Running running) {
        running.until("read", () -> stored() == 200);
        running.until(
                "nothing is wrong", () -> running.consumer().health().problems().isEmpty());
        running.until(
                "the view has it",
                () -> database.query("select state, error_code, waiting_since from tidemark.consumer_lag")
                        .equals(List.of("owned|null|null")));
        running.until("the log has it", () -> ended().size() == 1);
        assertThat(begun()).hasSize(1);
        assertThat(status(running).flatMap(PartitionStatus::lastError)).isEmpty();
        assertThat(status(running).flatMap(PartitionStatus::errorSince)).isEmpty();
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    private static Optional<PartitionStatus> status(Running running) {
        return running.consumer().status().partitions().stream().findFirst();
    }

    private List<String> begun() {
        return lines(Level.WARN, "retrying ", "waiting ");
    }

    private List<String> ended() {
        return lines(Level.INFO, "recovered ", "continuing ");
    }

    private List<String> lines(Level level, String... beginnings) {
        return log.news().stream()
                .filter(e -> e.getLevel() == level)
                .map(ILoggingEvent::getFormattedMessage)
                .filter(line -> Stream.of(beginnings).anyMatch(line::startsWith))
                .toList();
    }
}

package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.PartitionState;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An outage is logged once when it begins and once when it is over, whatever is tried in the meantime, and however often. */
@Order(1) // its waits are the longest
@Tag("chaos")
@Tag("exhaustive")
class TroubleIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    @Test
    void anIdleConsumersDatabaseComesBack() {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("idle"), 2);
        try (EmbeddedPostgresServer postgres = EmbeddedPostgresServer.start();
                LogCapture log = LogCapture.of(topic);
                Running running = running(Servers.flightDatabase(postgres), kafka, topic)) {
            running.until("it runs", () -> running.consumer().health().ready());
            for (int time = 1; time <= 2; time++) {
                int times = time;
                Runnable start = postgres.stopImmediately();
                running.until(
                        "trouble is told", () -> begun(log, "the database").size() == times);
                start.run();
                running.until(
                        "its end is told", () -> ended(log, "the database").size() == times);
            }
            assertThat(claims(log)).isEqualTo(1);
        }
    }

    /** A server that is starting replies to each login, and is not back for that. */
    @Test
    void aDatabaseThatRefusesLoginsIsNotBack() {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("refused"), 2);
        try (EmbeddedPostgresServer postgres = EmbeddedPostgresServer.start();
                LogCapture log = LogCapture.of(topic);
                Running running = running(impatient(Servers.flightDatabase(postgres)), kafka, topic)) {
            running.until("it runs", () -> running.consumer().health().ready());
            EmbeddedPostgresServer.Refusing refusing = postgres.refuseLogins();
            running.until(
                    "trouble lasts",
                    () -> running.consumer().health().problems().stream()
                            .anyMatch(problem -> problem.contains("the database has been unavailable since ")));
            int begun = begun(log, "the database").size();
            int ended = ended(log, "the database").size();
            long logins = refusing.logins();
            running.until("it has tried on", () -> refusing.logins() > logins + 5);
            assertThat(begun(log, "the database")).hasSize(begun);
            assertThat(ended(log, "the database")).hasSize(ended);
            refusing.serve();
            running.until("its end is told", () -> ended(log, "the database").size() > ended);
        }
    }

    @Test
    void anIdleConsumersBrokerComesBack() {
        try (KafkaServer kafka = KafkaServer.start(Servers.directory("trouble-kafka"))) {
            String topic = kafka.createTopic("trouble", 2);
            try (LogCapture log = LogCapture.of(topic);
                    Running running = running(database, kafka, topic)) {
                running.until("it runs", () -> running.consumer().health().ready());
                kafka.kill();
                running.until("trouble is told", () -> begun(log, "Kafka").size() == 1);
                kafka.boot();
                running.until("its end is told", () -> ended(log, "Kafka").size() == 1);
            }
        }
    }

    /** What is assigned resumes by itself, and is reported in the meantime. */
    @Test
    void aBrokerThatStandsStillIsTold() throws Exception {
        try (KafkaServer kafka = KafkaServer.start(Servers.directory("trouble-kafka"))) {
            String topic = kafka.createTopic("away", 2);
            try (Running running = running(database, kafka, topic)) {
                running.until(
                        "it runs",
                        () -> running.consumer().status().partitions().stream()
                                        .filter(p -> p.state() == PartitionState.RUNNING
                                                && p.logEndOffset().isPresent())
                                        .count()
                                == 2);
                signal(kafka, "STOP");
                running.until(
                        "health tells it",
                        () -> running.consumer().health().problems().stream()
                                .anyMatch(problem -> problem.contains("Kafka has been unavailable since ")));
                running.until(
                        "of each partition",
                        () -> running.consumer().status().partitions().stream()
                                .allMatch(p -> p.lastError()
                                        .map(Problem::toString)
                                        .orElse("")
                                        .contains("TM-310")));
                running.until("the view tells it", () -> waiting(topic) == 2);
                running.until("ready", () -> running.consumer().health().ready());
                signal(kafka, "CONT");
                running.until(
                        "it is over",
                        () -> running.consumer().health().problems().isEmpty());
                running.until("in the view too", () -> waiting(topic) == 0);
            }
        }
    }

    private long waiting(String group) {
        return database.number("select count(*) from tidemark.consumer_lag where group_id = '" + group
                + "' and state = 'waiting' and error_code = 'TM-310'");
    }

    private static void signal(KafkaServer kafka, String signal) throws Exception {
        int exitCode = new ProcessBuilder("kill", "-" + signal, Long.toString(kafka.pid()))
                .start()
                .waitFor();
        assertThat(exitCode).isZero();
    }

    @Test
    void aTableThatSomebodyHoldsIsToldOnceHoweverOftenItIsTried() throws SQLException {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("held"), 2);
        try (LogCapture log = LogCapture.of(topic);
                Running running = running(database, kafka, topic)) {
            running.until("it runs", () -> running.consumer().health().ready());
            try (Connection person = database.owner().connect();
                    Statement s = person.createStatement()) {
                person.setAutoCommit(false);
                s.execute("lock table tidemark.log_end in access exclusive mode");
                // Other checks succeed in the meantime: they do not end this one.
                int ended = assertToldOnce(log, "log_end");
                person.rollback();
                running.until(
                        "its end is told", () -> ended(log, "the database").size() > ended);
            }
        }
    }

    @Test
    void whatIsInTheWayOfTheStartIsToldOnce() throws SQLException {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("start"), 2);
        try (LogCapture log = LogCapture.of(topic);
                Connection person = database.owner().connect();
                Statement s = person.createStatement()) {
            person.setAutoCommit(false);
            s.execute("lock table tidemark.topic_binding in exclusive mode");
            try (Running running = Running.start(
                    database,
                    kafka.consumerConfig(topic, "cooperative"),
                    builder -> builder.topicPattern(Pattern.compile(Pattern.quote(topic)))
                            .handleBatch(FlightEffects::foldBatch))) {
                int ended = assertToldOnce(log, "topic_binding");
                person.rollback();
                running.until("it runs", () -> running.consumer().health().ready());
                running.until(
                        "its end is told", () -> ended(log, "the database").size() > ended);
            }
        }
    }

    /** The server replies to each new connection, so that the outage seems to be over each time. */
    @ParameterizedTest
    @ValueSource(strings = {"stored_offset", "topic_binding", "log_end"})
    void aTaskThatLosesItsConnectionEachTimeIsToldOnce(String table) {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("cut"), 2);
        database.superuser()
                .execute(
                        "create sequence cuts",
                        "create function cut() returns trigger language plpgsql security definer as $$ begin"
                                + " perform nextval('cuts'); perform pg_terminate_backend(pg_backend_pid()); return new; end $$",
                        "create trigger cut before insert or update on tidemark." + table
                                + " for each row execute function cut()");
        try (LogCapture log = LogCapture.of(topic);
                Running running = running(database, kafka, topic)) {
            running.until(
                    "it is tried again and again",
                    () -> database.superuser().number("select case when is_called then last_value else 0 end from cuts")
                            >= 8);
            // Once for all tasks, and once more for the first that fails after a reply.
            assertThat(begun(log, "the database")).hasSizeBetween(1, 2);
            database.superuser().execute("drop trigger cut on tidemark." + table);
            running.until("it runs", () -> running.consumer().health().ready());
            running.until(
                    "its end is told",
                    () -> ended(log, "the database").size()
                            == begun(log, "the database").size());
        }
    }

    @Test
    void whatWillAlwaysBeInTheWayOfTheStartEndsTheRun() {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("never"), 2);
        String role = "starter_" + database.name();
        database.superuser().execute("create role " + role + " login");
        database.owner()
                .execute(
                        "select tidemark.grant_access('" + role + "', 'writer')",
                        "revoke insert on tidemark.topic_binding from " + role,
                        "create function no_binding() returns trigger language plpgsql as $$ begin"
                                + " raise exception 'no' using errcode = '22023'; end $$");
        String url = database.as(role).jdbcUrl();
        assertThat(failure(kafka, topic, url).code()).isEqualTo(ErrorCode.RIGHT_MISSING);

        database.owner()
                .execute("create trigger no_binding before insert on tidemark.topic_binding"
                        + " for each row execute function no_binding()");
        assertThat(failure(kafka, topic, database.jdbcUrl()))
                .hasMessageContaining("TM-900")
                .hasMessageContaining("22023");
        database.owner().execute("drop trigger no_binding on tidemark.topic_binding");

        database.owner().execute("alter table tidemark.stored_offset rename to stored_offset_gone");
        assertThat(failure(kafka, topic, database.jdbcUrl()).code()).isEqualTo(ErrorCode.SCHEMA_MISSING);
        database.owner().execute("alter table tidemark.stored_offset_gone rename to stored_offset");
        database.owner().execute("alter table tidemark.topic_binding add column more integer not null");
        assertThat(failure(kafka, topic, database.jdbcUrl())).hasMessageContaining("23502");
    }

    private TidemarkException failure(KafkaServer kafka, String topic, String url) {
        try (LogCapture log = LogCapture.of(topic);
                Running running = Running.start(
                        TestDatabase.pool(url, 3),
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topicPattern(Pattern.compile(Pattern.quote(topic)))
                                .handleBatch(FlightEffects::foldBatch))) {
            Throwable failure = running.failure();
            assertThat(begun(log, "the database")).isEmpty();
            return (TidemarkException) failure;
        }
    }

    /** A pool that reports each login that fails, rather than to try for seconds. */
    private static HikariDataSource impatient(TestDatabase database) {
        HikariDataSource pool = database.pool(5);
        pool.setConnectionTimeout(250);
        return pool;
    }

    private static Running running(TestDatabase database, KafkaServer kafka, String topic) {
        return running(database.pool(5), kafka, topic);
    }

    private static Running running(HikariDataSource pool, KafkaServer kafka, String topic) {
        return Running.start(
                pool,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch));
    }

    /**
     * While somebody holds this table, further tries are no news, nor is what succeeds besides. Whatever else was in the way before does
     * not count. Returns how often an end was told.
     */
    private int assertToldOnce(LogCapture log, String table) {
        awaitTwoTries(database, table);
        int begun = begun(log, "the database").size();
        int ended = ended(log, "the database").size();
        assertThat(begun).as("the first try has failed").isEqualTo(ended + 1);
        awaitTwoTries(database, table);
        assertThat(begun(log, "the database")).hasSize(begun);
        assertThat(ended(log, "the database")).hasSize(ended);
        return ended;
    }

    /** Waits until a session has begun to wait for this table, and has begun again. */
    private static void awaitTwoTries(TestDatabase database, String table) {
        String waiting = "select max(query_start)::text from pg_stat_activity where wait_event_type = 'Lock'"
                + " and datname = current_database() and query like '%" + table + "%' and pid <> pg_backend_pid()";
        Set<String> seen = new HashSet<>();
        Awaitility.await("somebody waits twice").until(() -> {
            seen.addAll(database.superuser().query(waiting));
            seen.remove("null");
            return seen.size() >= 2;
        });
    }

    private static List<String> begun(LogCapture log, String server) {
        return lines(log, server + " is unavailable");
    }

    private static List<String> ended(LogCapture log, String server) {
        return lines(log, server + " is back");
    }

    private static long claims(LogCapture log) {
        return lines(log, "claimed group=").size();
    }

    private static List<String> lines(LogCapture log, String beginning) {
        return log.news().stream()
                .map(e -> e.getFormattedMessage())
                .filter(line -> line.startsWith(beginning))
                .toList();
    }
}

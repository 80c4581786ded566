package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.RecordHandler;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.sql.SqlBatch;
import dev.tidemark.sql.SqlJob;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Load;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.SqlJobs;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.PgBouncer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ConsumerFleet;
import java.io.IOException;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.awaitility.Awaitility;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Every transaction gets another server connection, as PgBouncer hands them out in transaction mode. */
@Execution(ExecutionMode.SAME_THREAD) // one server, which each test breaks
@Tag("chaos")
@Tag("exhaustive")
class PgBouncerIT {
    private static EmbeddedPostgresServer postgres;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(postgres);
    private final String topic = kafka.createTopic(Servers.unique("bouncer"), 4);
    private final List<Flight> flights = Flights.sample();

    @BeforeAll
    static void start() {
        assumeTrue(
                PgBouncer.binary().isPresent(),
                "pgbouncer is neither on the PATH nor in /usr/sbin: install Debian's package pgbouncer to run this test");
        postgres = EmbeddedPostgresServer.start();
    }

    @AfterAll
    static void stop() {
        if (postgres != null) {
            postgres.close();
        }
    }

    @Test
    void aFleetSharesFewConnectionsAndSurvivesThePoolersDeath() {
        try (PgBouncer bouncer = PgBouncer.start(postgres, 3);
                var producer = kafka.producer();
                ConsumerFleet fleet = new ConsumerFleet(
                        kafka.consumerConfig(topic, "cooperative"),
                        database,
                        topic,
                        Map.of(
                                "jdbc",
                                bouncer.jdbcUrl(database) + "&prepareThreshold=0",
                                "workers",
                                "2",
                                "records",
                                "100"))) {
            fleet.start(2);
            Load load = Load.start(producer, topic, flights, 1, 4_000, true);
            for (int death = 1; death <= 3; death++) {
                reach(flights.size() * death / 5);
                bouncer.kill();
                bouncer.boot();
            }
            load.join();
            reach(flights.size());
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 4), Flights.truth(flights));
    }

    @Provokes(ErrorCode.PREPARED_STATEMENT_CLASH)
    @Test
    void aHandlersPreparedStatementsNameTheSetting() {
        List<Flight> first = flights.subList(0, 1_000);
        List<Flight> all = flights.subList(0, 2_000);
        try (PgBouncer bouncer = PgBouncer.start(postgres, 3);
                var producer = kafka.producer()) {
            try (Running running = start(bouncer.jdbcUrl(database), FlightEffects::foldOne)) {
                Servers.produce(producer, topic, first);
                // The pooler may hand out another connection at any time, though it seldom does without need.
                Awaitility.await("all read, or failed already")
                        .until(() -> stored() == first.size()
                                || running.consumer().status().state() == ConsumerStatus.State.FAILED);
                endIdleSessions();
                Servers.produce(producer, topic, all.subList(first.size(), all.size()));
                assertThat(running.failure())
                        .isInstanceOfSatisfying(
                                OffsetStoreException.class,
                                e -> assertThat(e.code()).isEqualTo(ErrorCode.PREPARED_STATEMENT_CLASH))
                        .hasMessageContaining("TM-208")
                        .hasMessageContaining("prepareThreshold=0");
                assertThat(running.consumer().health().ready()).isFalse();
            }
            ExactlyOnce.assertEffectsMatchOffsets(database, topic);
            assertThat(database.number("select count(*) from tidemark.dead_letter"))
                    .isZero();

            try (Running mended = start(bouncer.jdbcUrl(database) + "&prepareThreshold=0", FlightEffects::foldOne)) {
                mended.until("all read", () -> stored() == all.size());
            }
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 4), Flights.truth(all));
    }

    @Test
    void ourOwnStatementsNeedNoSetting() {
        try (PgBouncer bouncer = PgBouncer.start(postgres, 3);
                var producer = kafka.producer();
                Running running = start(bouncer.jdbcUrl(database), PgBouncerIT::appendUnprepared)) {
            for (int part = 1; part <= 5; part++) {
                long reached = 100L * part;
                Servers.produce(producer, topic, flights.subList(100 * (part - 1), 100 * part));
                running.until("read to " + reached, () -> stored() == reached);
                endIdleSessions();
            }
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void aSqlJobNeedsNoSettingEither() throws IOException {
        SqlJob job = SqlJob.read(SqlJobs.file("flights.sql"));
        List<Flight> some = flights.subList(0, 2_000);
        try (PgBouncer bouncer = PgBouncer.start(postgres, 3);
                var producer = kafka.producer();
                Running running = Running.start(
                        TestDatabase.pool(bouncer.jdbcUrl(database), 3),
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .workers(2)
                                .limits(UnitLimits.defaults().withMaxRecords(20))
                                .deserializers(ByteArrayDeserializer::new, ByteArrayDeserializer::new)
                                .handleBatch(job))) {
            for (int part = 1; part <= 4; part++) {
                long reached = 500L * part;
                Servers.produce(producer, topic, some.subList(500 * (part - 1), 500 * part));
                running.until("read to " + reached, () -> stored() == reached);
                endIdleSessions();
            }
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 4), Flights.truth(some));
    }

    @Test
    void aSqlBatchNeedsTheSettingLikeAnyHandler() {
        SqlBatch<String, String> batch = SqlBatch.of(
                "insert into applied (topic, partition, record_offset) values (?, ?, ?)",
                (record, rows) -> rows.add(record.topic(), record.partition(), record.offset()));
        List<Flight> some = flights.subList(0, 2_000);
        try (PgBouncer bouncer = PgBouncer.start(postgres, 3);
                var producer = kafka.producer();
                Running running = Running.start(
                        TestDatabase.pool(bouncer.jdbcUrl(database) + "&prepareThreshold=0", 3),
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .workers(2)
                                .limits(UnitLimits.defaults().withMaxRecords(20))
                                .handleBatch(batch))) {
            for (int part = 1; part <= 4; part++) {
                long reached = 500L * part;
                Servers.produce(producer, topic, some.subList(500 * (part - 1), 500 * part));
                running.until("read to " + reached, () -> stored() == reached);
                endIdleSessions();
            }
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Provokes(ErrorCode.POOLER_BY_STATEMENT)
    @Test
    void aPoolerThatKnowsNoTransactionsEndsTheRun() {
        try (PgBouncer bouncer = PgBouncer.start(postgres, 3, "statement")) {
            assertKnowsNoTransactions(
                    Running.failureToStart(kafka.consumerConfig(topic, "cooperative"), bouncer.jdbcUrl(database)));
            try (var pool = TestDatabase.pool(bouncer.jdbcUrl(database), 2)) {
                assertKnowsNoTransactions(catchThrowable(() -> TidemarkSchema.migrate(pool)));
            }
        }
    }

    @Test
    void aPoolerThatForgetsTransactionsOnTheWayEndsTheRunToo() {
        try (PgBouncer bouncer = PgBouncer.start(postgres, 3);
                var producer = kafka.producer();
                Running running = start(bouncer.jdbcUrl(database), PgBouncerIT::appendUnprepared)) {
            Servers.produce(producer, topic, flights.subList(0, 100));
            running.until("read", () -> stored() == 100);
            bouncer.kill();
            bouncer.boot("statement");
            assertKnowsNoTransactions(running.failure());
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    @Test
    void aPoolerThatRefusesTheLoginEndsTheRun() {
        try (PgBouncer bouncer = PgBouncer.start(postgres, 3)) {
            String url = bouncer.jdbcUrl(database);
            for (String refused : List.of(
                    url + "&options=-c%20statement_timeout=0",
                    url.replaceAll("user=[^&]*", "user=nobody"),
                    url.replace("/" + database.name(), "/nowhere"))) {
                assertThat(Running.failureToStart(kafka.consumerConfig(topic, "cooperative"), refused)
                                .code())
                        .as(refused)
                        .isEqualTo(ErrorCode.LOGIN_REFUSED);
            }
        }
    }

    @Test
    void aPoolerThatIsAwayIsWaitedFor() {
        try (PgBouncer bouncer = PgBouncer.start(postgres, 3);
                var producer = kafka.producer()) {
            Runnable start = postgres.stopImmediately();
            try (LogCapture log = LogCapture.of(topic);
                    Running running = start(bouncer.jdbcUrl(database), PgBouncerIT::appendUnprepared)) {
                running.until(
                        "it has tried",
                        () -> log.news().stream()
                                .anyMatch(
                                        line -> line.getFormattedMessage().startsWith("the database is unavailable")));
                start.run();
                Servers.produce(producer, topic, flights.subList(0, 100));
                running.until("read", () -> stored() == 100);
                bouncer.kill();
                bouncer.boot();
                Servers.produce(producer, topic, flights.subList(100, 200));
                running.until("read on", () -> stored() == 200);
            }
        }
    }

    private static void assertKnowsNoTransactions(Throwable failure) {
        assertThat(failure)
                .isInstanceOfSatisfying(
                        OffsetStoreException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.POOLER_BY_STATEMENT))
                .hasMessageContaining("pool_mode = transaction");
    }

    private Running start(String jdbcUrl, RecordHandler<String, String> handler) {
        return Running.start(
                TestDatabase.pool(jdbcUrl, 3),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).workers(2).handle(handler));
    }

    private static void appendUnprepared(ConsumerRecord<String, String> record, Handle tx) throws SQLException {
        try (Statement s = tx.getConnection().createStatement()) {
            s.execute("insert into applied (topic, partition, record_offset) values ('" + record.topic() + "', "
                    + record.partition() + ", " + record.offset() + ")");
        }
    }

    /** The pooler's clients stay connected: their next transactions are given new server connections. */
    private void endIdleSessions() {
        database.superuser()
                .execute("select pg_terminate_backend(pid) from pg_stat_activity"
                        + " where datname = current_database() and state = 'idle' and pid <> pg_backend_pid()");
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private void reach(long count) {
        Awaitility.await("progress to " + count).until(() -> stored() >= count);
    }
}

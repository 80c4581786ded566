package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.ConsumerStatus;
import dev.tidemark.Health;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.errors.Problem;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.ds.PGSimpleDataSource;

/** What the control thread meets and no code describes: no consumer dies of it, and none is silent about it. */
@Execution(ExecutionMode.SAME_THREAD) // one server, which each test breaks
@Tag("chaos")
@Tag("exhaustive")
class ControlFailureIT {
    private static final Pattern FAILED = Pattern.compile("failed (\\d+) time\\(s\\)");

    private static EmbeddedPostgresServer postgres;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(postgres);
    private final String topic = kafka.createTopic(Servers.unique("control"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, 200);
    private KafkaProducer<String, String> producer;

    @BeforeAll
    static void startServer() {
        postgres = EmbeddedPostgresServer.start(Map.of("max_prepared_transactions", "5"));
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

    /** Who holds the row, none of whose sessions the consumer's role may look into. */
    enum Holder {
        SUPERUSER("pid ", "select 1 from tidemark.stored_offset for update"),
        OPERATOR("pid ", null),
        PREPARED("prepared transaction held", "select 1 from tidemark.stored_offset for update"),
        TWO_READERS("another transaction", "select 1 from tidemark.stored_offset for share"),
        TABLE_LOCK("whole table", "lock table tidemark.stored_offset in share row exclusive mode");

        private final String told;
        private final String sql;

        Holder(String told, String sql) {
            this.told = told;
            this.sql = sql;
        }
    }

    @ParameterizedTest
    @EnumSource(Holder.class)
    void aRowThatAnotherRoleHoldsIsWaitedForAndTheHolderNamed(Holder holder) throws SQLException {
        try (Running first = start(database.pool(3))) {
            first.until("bound", () -> database.number("select count(*) from tidemark.stored_offset") == 2);
        }
        DatabaseLogin login = holder == Holder.OPERATOR ? database.as(DatabaseRole.OPERATOR) : database.superuser();
        String sql = holder == Holder.OPERATOR
                ? "select tidemark.reset_offset('" + topic + "', '" + topic + "', p, 0) from generate_series(0, 1) p"
                : holder.sql;
        try (Connection c = login.connect();
                Connection another = login.connect()) {
            hold(c, sql);
            another.setAutoCommit(false);
            if (holder == Holder.TWO_READERS) {
                hold(another, sql);
            }
            if (holder == Holder.PREPARED) {
                execute(c, "prepare transaction 'held'");
            }
            Servers.produce(producer, topic, flights);
            try (Running running = start(database.pool(3))) {
                running.until(
                        "it tells",
                        () -> running.consumer().status().partitions().stream()
                                .anyMatch(p -> p.lastError()
                                        .map(Problem::toString)
                                        .orElse("")
                                        .contains(holder.told)));
                assertThat(running.consumer().status().state()).isEqualTo(ConsumerStatus.State.RUNNING);
                if (holder == Holder.PREPARED) {
                    database.superuser().execute("rollback prepared 'held'");
                }
                c.rollback();
                another.rollback();
                running.until("all read", () -> stored() == flights.size());
                running.until("healthy", () -> running.consumer().health().equals(new Health(true, true, List.of())));
            }
        }
        complete();
    }

    private static void hold(Connection c, String sql) throws SQLException {
        c.setAutoCommit(false);
        execute(c, sql);
    }

    private static void execute(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(sql);
        }
    }

    /** What a person has added to the store, or changed of it, and what takes it back. */
    enum Defect {
        IN_SAMPLES(
                "sample log ends", trigger("log_end", "insert or update"), "drop trigger broken on tidemark.log_end"),
        IN_CLAIMS(
                "claim",
                trigger("stored_offset", "update of owner_token"),
                "drop trigger broken on tidemark.stored_offset"),
        IN_PROBES(
                "probe claims",
                "alter table tidemark.consumer_pause rename to kept;"
                        + "create view tidemark.consumer_pause as"
                        + " select * from tidemark.kept where 1 / length(substr(group_id, 1, 0)) = 1;"
                        + "grant select on tidemark.consumer_pause to public;"
                        + "insert into tidemark.kept (group_id, topic) values ('{group}', 'another')",
                "drop view tidemark.consumer_pause; alter table tidemark.kept rename to consumer_pause");

        private final String task;
        private final String sql;
        private final String mend;

        Defect(String task, String sql, String mend) {
            this.task = task;
            this.sql = sql;
            this.mend = mend;
        }

        private static String trigger(String table, String event) {
            return "create or replace function tidemark.broken() returns trigger language plpgsql as"
                    + " $$ begin raise exception 'a secret'; end $$;"
                    + "create trigger broken before " + event + " on tidemark." + table
                    + " for each row execute function tidemark.broken()";
        }
    }

    @ParameterizedTest
    @EnumSource(Defect.class)
    void aLookThatFailsForNoKnownReasonIsSaidOnceAndTriedAgain(Defect defect) {
        try (Running first = start(database.pool(3))) {
            first.until("bound", () -> database.number("select count(*) from tidemark.stored_offset") == 2);
        }
        if (defect == Defect.IN_CLAIMS) {
            database.superuser().execute(defect.sql);
        }
        try (LogCapture log = LogCapture.of(topic);
                Running running = start(database.pool(3))) {
            if (defect != Defect.IN_CLAIMS) {
                running.until("ready", () -> running.consumer().health().ready());
                database.superuser().execute(defect.sql.replace("{group}", topic));
            }
            running.until("health tells", () -> tells(running, defect.task));
            running.until("tried again", () -> timesFailed(running) >= 3);
            assertThat(running.consumer().health().live()).isTrue();
            assertThat(running.consumer().health().problems()).noneMatch(problem -> problem.contains("secret"));
            assertThat(lines(log, "failed unexpectedly")).isEqualTo(1);
            if (defect == Defect.IN_SAMPLES) {
                Servers.produce(producer, topic, flights);
                running.until("all read", () -> stored() == flights.size());
            }
            database.superuser().execute(defect.mend);
            running.until("healthy", () -> running.consumer().health().equals(new Health(true, true, List.of())));
            running.until("told", () -> lines(log, "succeeded again") == 1);
        }
    }

    /** A driver's agent, a wrapper of a pool: a DataSource may throw what it likes. */
    @Test
    void aRuntimeExceptionEndsNothing() {
        AtomicBoolean broken = new AtomicBoolean();
        AtomicInteger thrown = new AtomicInteger();
        try (LogCapture log = LogCapture.of(topic);
                Running running = start(pool(broken, thrown))) {
            running.until("running", () -> running.consumer().health().ready());
            broken.set(true);
            running.until("it fails again and again", () -> thrown.get() >= 3);
            running.until("health tells", () -> tells(running, "IllegalStateException"));
            Servers.produce(producer, topic, flights);
            running.until("all read", () -> stored() == flights.size());
            assertThat(lines(log, "failed unexpectedly")).isEqualTo(1);
            broken.set(false);
            running.until("healthy", () -> running.consumer().health().equals(new Health(true, true, List.of())));
        }
        complete();
    }

    @Test
    void whatHasACodeStillEndsWithIt() {
        try (Running running = start(database.pool(3))) {
            running.until("running", () -> running.consumer().health().ready());
            database.owner().execute("revoke select on tidemark.consumer_pause from tidemark_writer");
            assertThat(running.failure())
                    .isInstanceOfSatisfying(
                            OffsetStoreException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.RIGHT_MISSING));
        }
    }

    private static boolean tells(Running running, String what) {
        return running.consumer().health().problems().stream().anyMatch(problem -> problem.contains(what));
    }

    /** How often health says that something has failed. */
    private static int timesFailed(Running running) {
        return running.consumer().health().problems().stream()
                .map(FAILED::matcher)
                .filter(Matcher::find)
                .mapToInt(found -> Integer.parseInt(found.group(1)))
                .max()
                .orElse(0);
    }

    private long lines(LogCapture log, String what) {
        return log.news().stream()
                .map(e -> e.getFormattedMessage())
                .filter(line -> line.contains(what) && line.contains("group=" + topic))
                .count();
    }

    private HikariDataSource pool(AtomicBoolean broken, AtomicInteger thrown) {
        PGSimpleDataSource real = new PGSimpleDataSource();
        real.setUrl(database.jdbcUrl());
        HikariConfig config = new HikariConfig();
        config.setMaximumPoolSize(3);
        config.setDataSource(wrapped(DataSource.class, real, "getConnection", args -> false, broken, thrown));
        return new HikariDataSource(config);
    }

    private interface When {
        boolean breaks(Object[] args);
    }

    private static <T> T wrapped(
            Class<T> type, T real, String method, When when, AtomicBoolean broken, AtomicInteger thrown) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, called, args) -> {
            if (called.getName().equals(method) && when.breaks(args) && broken.get()) {
                thrown.incrementAndGet();
                throw new IllegalStateException("broken");
            }
            Object result;
            try {
                result = called.invoke(real, args);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
            return called.getName().equals("getConnection") && type == DataSource.class
                    ? wrapped(
                            Connection.class,
                            (Connection) result,
                            "prepareStatement",
                            a -> a[0].toString().contains("log_end"),
                            broken,
                            thrown)
                    : result;
        }));
    }

    private Running start(HikariDataSource pool) {
        return Running.start(
                pool,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handleBatch(FlightEffects::foldBatch));
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private void complete() {
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 2), Flights.truth(flights));
    }
}

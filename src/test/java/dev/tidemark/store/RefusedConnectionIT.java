package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The server rejects a connection: its message is reported by the consumer, the migration and the command line. */
@Tag("exhaustive")
class RefusedConnectionIT {
    private static EmbeddedPostgresServer postgres;
    private static TestDatabase database;
    private static TestDatabase closed;

    private final KafkaServer kafka = Servers.kafka();

    @BeforeAll
    static void start() {
        postgres = EmbeddedPostgresServer.start();
        database = Servers.flightDatabase(postgres);
        closed = postgres.createDatabase();
        closed.superuser()
                .execute(
                        "create role nologin_role nologin",
                        "create role nolib_role login",
                        "alter role nolib_role set session_preload_libraries = 'nosuchlib'",
                        "create role shut_out_role login",
                        "revoke connect on database " + closed.name() + " from public");
    }

    @AfterAll
    static void stop() {
        postgres.close();
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "options=-c%20TimeZone=Mars            | 22023 | invalid value for parameter 'TimeZone': 'Mars'",
                "options=-c%20work_mem=lots            | 22023 | invalid value for parameter 'work_mem': 'lots'",
                "options=-c%20no_such_setting=1        | 42704 | unrecognized configuration parameter 'no_such_setting'",
                "options=-c%20max_connections=3        | 55P02 | cannot be changed without restarting the server",
                "options=--bogus                       | 42601 | --bogus requires a value",
                "sslmode=require                       | 08004 | The server does not support SSL",
                "user=nologin_role                     | 28000 | role 'nologin_role' is not permitted to log in",
                "user=nobody                           | 28000 | role 'nobody' does not exist",
                "user=nolib_role                       | 58P01 | could not access file 'nosuchlib'",
                "user=shut_out_role                    | 42501 | permission denied for database",
                "/template0                            | 55000 | database 'template0' is not currently accepting connections",
                "/nowhere                              | 3D000 | database 'nowhere' does not exist"
            })
    void whatTheServerSaysIsTold(String change, String sqlState, String words) {
        String url = changed(change);
        assertTold(Running.failureToStart(kafka.consumerConfig("nothing", "cooperative"), url), sqlState, words);
        assertTold(migration(url), sqlState, words);
    }

    /** With & in place of ?, parameters are part of the database's name, and the server quotes it. */
    @ParameterizedTest
    @ValueSource(
            strings = {"x&password=SECRET", "x&ssl=true&sslpassword=SECRET&y=1", "x;pwd=SECRET", "u:SECRET@h:5432"})
    void whatTheServerQuotesHidesASecret(String name) {
        String secret = "hunter-2";
        String url = changed("/" + name.replace("SECRET", secret));
        for (TidemarkException failure :
                List.of(Running.failureToStart(kafka.consumerConfig("nothing", "cooperative"), url), migration(url))) {
            assertTold(failure, "3D000", "does not exist");
            assertThat(failure).hasMessageContaining("***").hasMessageNotContaining(secret);
        }
    }

    @Test
    void aRoleThatMayNotMakeTheSchemaIsToldWhatItLacks() {
        try (HikariDataSource pool = database.pool(2)) {
            assertThat(catchThrowable(() -> TidemarkSchema.migrate(pool, "elsewhere")))
                    .isInstanceOfSatisfying(
                            OffsetStoreException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.SCHEMA_MISSING))
                    .hasMessageContaining("grant create on the database");
        }
    }

    @Test
    void aServerThatIsAwayLacksNoRight() {
        String nowhere = "jdbc:postgresql://localhost:1/" + database.name() + "?user=postgres";
        assertThat(migration(nowhere).code()).isEqualTo(ErrorCode.DATABASE_UNAVAILABLE);
    }

    @Test
    void aServerWithoutAFreeConnectionIsWaitedFor() throws SQLException {
        database.superuser().execute("create role few_role login connection limit 1");
        database.owner().execute("select tidemark.grant_access('few_role', 'writer')");
        String url = database.as("few_role").jdbcUrl();
        String topic = kafka.createTopic(Servers.unique("few"), 1);
        try (LogCapture log = LogCapture.of(topic);
                Connection taken = DriverManager.getConnection(url);
                Running running = Running.start(
                        TestDatabase.pool(url, 2),
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic).handle((record, tx) -> {}))) {
            running.until(
                    "it waits",
                    () -> log.news().stream()
                            .anyMatch(e -> e.getFormattedMessage().contains("is unavailable")
                                    && e.getFormattedMessage().contains("too many connections for role 'few_role'")));
            database.superuser().execute("alter role few_role connection limit -1");
            assertThat(taken.isValid(5)).isTrue();
            running.until("it runs", () -> running.consumer().health().ready());
        }
    }

    static void assertTold(TidemarkException failure, String sqlState, String words) {
        assertThat(failure.code()).as(String.valueOf(failure.getMessage())).isEqualTo(ErrorCode.LOGIN_REFUSED);
        assertThat(failure)
                .hasMessageContaining(sqlState)
                .hasMessageContaining(words)
                .hasMessageNotContaining(Canary.PASSWORD.plant());
    }

    static TidemarkException migration(String url) {
        try (HikariDataSource pool = TestDatabase.pool(url, 2)) {
            return (TidemarkException) catchThrowable(() -> TidemarkSchema.migrate(pool));
        }
    }

    private static String changed(String change) {
        String url = database.jdbcUrl();
        if (change.startsWith("/")) {
            return url.replace("/" + database.name(), change);
        }
        if (change.startsWith("user=")) {
            TestDatabase where = change.contains("shut_out") ? closed : database;
            return where.as(change.substring("user=".length())).jdbcUrl();
        }
        return change.startsWith("sslmode=") ? url.replace("sslmode=disable", change) : url + "&" + change;
    }
}

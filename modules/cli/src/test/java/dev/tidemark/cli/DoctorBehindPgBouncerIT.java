package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.PgBouncer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Doctor notices a real PgBouncer in transaction mode by itself, and whether the URL allows for it. */
@Tag("exhaustive")
class DoctorBehindPgBouncerIT {
    private static JsonNode find(Result result, String check) throws IOException {
        for (JsonNode finding : new ObjectMapper().readTree(result.out())) {
            if (finding.get("section").asText().equals("pooler")
                    && finding.get("check").asText().equals(check)) {
                return finding;
            }
        }
        throw new AssertionError(result.out() + result.err());
    }

    @Tag("exhaustive")
    @Test
    void aPoolerThatLosesPreparedStatementsIsSeen() throws Exception {
        assumeTrue(PgBouncer.binary().isPresent(), "pgbouncer is neither on the PATH nor in /usr/sbin");
        try (EmbeddedPostgresServer postgres = EmbeddedPostgresServer.start();
                PgBouncer bouncer = PgBouncer.start(postgres, 3)) {
            TestDatabase database = Servers.flightDatabase(postgres);
            assertThat(find(Cli.on(database).run("doctor", "-o", "json"), "in between")
                            .get("finding")
                            .asText())
                    .contains("no sign of");

            Result prepared = Cli.with(Map.of("TIDEMARK_JDBC_URL", bouncer.jdbcUrl(database)))
                    .run("doctor", "-o", "json");
            assertThat(prepared.exitCode()).isEqualTo(ExitCode.FINDINGS);
            assertThat(find(prepared, "in between").get("finding").asText()).contains("per transaction");
            assertThat(find(prepared, "prepareThreshold").get("verdict").asText())
                    .isEqualTo("fail");
            assertThat(find(prepared, "prepareThreshold").get("finding").asText())
                    .contains("TM-208");
            assertThat(find(prepared, "prepareThreshold").get("fix").asText()).contains("prepareThreshold=0");

            assertThat(preparedStatements(bouncer.jdbcUrl(database))).isZero();

            Result unprepared = Cli.with(Map.of("TIDEMARK_JDBC_URL", bouncer.jdbcUrl(database) + "&prepareThreshold=0"))
                    .run("doctor", "-o", "json");
            assertThat(unprepared.exitCode()).as(unprepared.out()).isZero();
            assertThat(find(unprepared, "prepareThreshold").get("verdict").asText())
                    .isEqualTo("ok");
        }
    }

    @Test
    void aPoolerThatKnowsNoTransactionsIsNamed() throws Exception {
        assumeTrue(PgBouncer.binary().isPresent(), "pgbouncer is neither on the PATH nor in /usr/sbin");
        try (EmbeddedPostgresServer postgres = EmbeddedPostgresServer.start();
                PgBouncer bouncer = PgBouncer.start(postgres, 3, "statement")) {
            Cli cli = Cli.with(Map.of("TIDEMARK_JDBC_URL", bouncer.jdbcUrl(Servers.flightDatabase(postgres))));
            assertThat(cli.run("migrate").err()).contains("TM-211").contains("pool_mode = transaction");
            Result doctor = cli.run("doctor");
            assertThat(doctor.exitCode()).isEqualTo(4);
            assertThat(doctor.out()).contains("TM-211").contains("pool_mode = transaction");
        }
    }

    /** What the doctor left behind on the connections of the pool, of which there are three. */
    private static int preparedStatements(String jdbcUrl) throws SQLException {
        try (Connection first = DriverManager.getConnection(jdbcUrl + "&prepareThreshold=0");
                Connection second = DriverManager.getConnection(jdbcUrl + "&prepareThreshold=0");
                Connection third = DriverManager.getConnection(jdbcUrl + "&prepareThreshold=0")) {
            first.setAutoCommit(false);
            second.setAutoCommit(false);
            third.setAutoCommit(false);
            return count(first) + count(second) + count(third);
        }
    }

    private static int count(Connection connection) throws SQLException {
        try (Statement s = connection.createStatement();
                ResultSet r = s.executeQuery("select count(*) from pg_prepared_statements where name <> ''")) {
            r.next();
            return r.getInt(1);
        }
    }

    @Tag("exhaustive")
    @Test
    void aPoolOfOneConnectionIsNotWaitedForForEver() throws IOException {
        assumeTrue(PgBouncer.binary().isPresent(), "pgbouncer is neither on the PATH nor in /usr/sbin");
        try (EmbeddedPostgresServer postgres = EmbeddedPostgresServer.start();
                PgBouncer bouncer = PgBouncer.start(postgres, 1)) {
            TestDatabase database = Servers.flightDatabase(postgres);
            Result result = Cli.with(Map.of("TIDEMARK_JDBC_URL", bouncer.jdbcUrl(database)))
                    .run("doctor", "-o", "json");
            assertThat(result.exitCode()).as(result.out()).isZero();
            assertThat(find(result, "prepareThreshold").get("verdict").asText()).isEqualTo("warn");
        }
    }
}

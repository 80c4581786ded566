package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.sql.SqlJob;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** What passes, or is a limit of the session's, is told as that: not as a mistake of the caller's, nor as a defect. */
@Tag("exhaustive")
class PassingTroubleIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    @BeforeEach
    void bind() {
        database.execute("select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', '{10}')");
    }

    private static DataSource with(DatabaseLogin login, String setting) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(login.jdbcUrl() + "&options=-c%20" + setting);
        return source;
    }

    /** Another session, which keeps what it has locked until it is closed. */
    private static Connection holding(DatabaseLogin login, String lock) throws SQLException {
        Connection holder = login.connect();
        holder.setAutoCommit(false);
        try (Statement s = holder.createStatement()) {
            s.execute(lock);
        }
        return holder;
    }

    private static Throwable pause(TidemarkAdmin admin, ChangeOptions options) {
        return catchThrowable(() -> admin.execute(admin.planPause("etl", PartitionSelection.all()), options));
    }

    private static void assertCode(Throwable failure, ErrorCode code) {
        assertThat(failure)
                .isInstanceOfSatisfying(
                        TidemarkException.class,
                        e -> assertThat(e.code())
                                .as(String.valueOf(e.getMessage()))
                                .isEqualTo(code));
    }

    @ParameterizedTest
    @ValueSource(strings = {"statement_timeout=1s", "lock_timeout=1s"})
    void aTimeLimitSaysNothingOfAJob(String limit) throws SQLException {
        try (Connection holder = holding(database.owner(), "lock table applied in access exclusive mode")) {
            TidemarkAdmin admin = TidemarkAdmin.of(with(database.writer(), limit));
            Throwable failure = catchThrowable(
                    () -> admin.check(SqlJob.of("insert into applied (topic) select topic from records")));
            assertCode(failure, ErrorCode.DATABASE_UNAVAILABLE);
            assertThat(failure).hasMessageContaining("a time limit").hasMessageNotContaining("unreachable");
            assertThat(holder.isValid(30)).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"statement_timeout=1s", "lock_timeout=1s"})
    void aTimeLimitEndsAMigration(String limit) throws SQLException {
        try (Connection holder = holding(
                database.owner(), "select pg_advisory_xact_lock(hashtextextended('tidemark schema tidemark', 0))")) {
            Throwable failure = catchThrowable(() -> TidemarkSchema.migrate(with(database.owner(), limit)));
            assertCode(failure, ErrorCode.CHANGE_REFUSED);
            assertThat(failure)
                    .hasMessageContaining("migrate again")
                    .hasMessageContaining("statement_timeout")
                    .hasMessageNotContaining("unreachable");
            assertThat(holder.isValid(30)).isTrue();
        }
    }

    /** As the server, a trigger or a foreign table may report them. */
    @ParameterizedTest
    @CsvSource({
        "53300, DATABASE_UNAVAILABLE, too many connections",
        "53100, DATABASE_UNAVAILABLE, disk full",
        "58030, DATABASE_UNAVAILABLE, io error",
        "HV00N, DATABASE_UNAVAILABLE, fdw unable to establish connection",
        "08006, DATABASE_UNAVAILABLE, connection failure",
        "25P03, CHANGE_REFUSED, idle in transaction session timeout",
        "25P04, CHANGE_REFUSED, transaction timeout",
        "57014, CHANGE_REFUSED, query canceled",
        "55P03, CHANGE_REFUSED, lock not available",
        "40001, CONTENTION, serialization failure",
        "23514, CHANGE_REFUSED, check violation"
    })
    void itIsToldByItsNameInAChange(String state, ErrorCode code, String words) {
        database.owner()
                .execute(
                        "create function fails() returns trigger language plpgsql as $$ begin raise exception 'secret'"
                                + " using errcode = '" + state + "'; end $$",
                        "create trigger fails before insert on tidemark.consumer_pause for each row execute function fails()");
        Throwable failure = pause(TidemarkAdmin.of(database.owner().dataSource()), ChangeOptions.none());
        assertCode(failure, code);
        assertThat(failure)
                .hasMessageContaining(state + " (" + words)
                .hasMessageNotContaining("secret")
                .hasMessageNotContaining("--jdbc-url");
    }

    @Test
    void itIsToldByItsNameInTheEffectsOfAChange() {
        database.owner()
                .execute("create function fails() returns void language plpgsql as $$ begin raise exception 'secret'"
                        + " using errcode = '53300'; end $$");
        Throwable failure = pause(
                TidemarkAdmin.of(database.owner().dataSource()),
                ChangeOptions.none().withEffects(c -> {
                    try (Statement s = c.createStatement()) {
                        s.execute("select fails()");
                    }
                }));
        assertCode(failure, ErrorCode.CHANGE_REFUSED);
        assertThat(failure).hasMessageContaining("53300 (too many connections)").hasMessageNotContaining("secret");
    }

    @Test
    void aPoolWithoutAFreeConnection() throws SQLException {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(database.owner().jdbcUrl());
        config.setMaximumPoolSize(1);
        config.setConnectionTimeout(1_000);
        config.setInitializationFailTimeout(-1);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            Connection taken = firstOf(pool);
            Throwable failure = catchThrowable(() -> TidemarkAdmin.of(pool).groups());
            assertCode(failure, ErrorCode.DATABASE_UNAVAILABLE);
            taken.close();
        }
    }

    /** Opening it may take longer than the pool waits. */
    private static Connection firstOf(HikariDataSource pool) throws SQLException {
        while (true) {
            try {
                return pool.getConnection();
            } catch (SQLTransientConnectionException e) {
                assertThat(pool.isRunning()).isTrue();
            }
        }
    }
}

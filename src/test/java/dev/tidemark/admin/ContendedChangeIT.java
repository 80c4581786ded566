package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** Changes that another transaction, or a time limit, ends. */
@Tag("exhaustive")
class ContendedChangeIT {
    private static final PartitionSelection ALL = PartitionSelection.all();
    private static final PlanOptions UNCHECKED = PlanOptions.defaults().unchecked();

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    @BeforeEach
    void bind() {
        database.execute("select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', '{10,20}')");
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String lock(int partition) {
        return "select from tidemark.stored_offset where partition = " + partition + " for update";
    }

    private HikariDataSource pool(String init) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.as(DatabaseRole.OPERATOR).dataSource());
        config.setMaximumPoolSize(1);
        config.setConnectionInitSql(init);
        return new HikariDataSource(config);
    }

    private void assertUnchanged() {
        assertThat(database.query("select next_offset from tidemark.stored_offset order by 1"))
                .containsExactly("10", "20");
        assertThat(database.query("select action from tidemark.audit_log where action <> 'bind'"))
                .isEmpty();
    }

    @Test
    void aDeadlockIsContention() throws SQLException {
        try (HikariDataSource pool = pool("select 1");
                Connection other = database.superuser().connect()) {
            TidemarkAdmin admin = TidemarkAdmin.of(pool);
            ResetPlan plan = admin.planReset("etl", OffsetTarget.offset(5), ALL, UNCHECKED);
            other.setAutoCommit(false);
            // A session looks for a deadlock once, some time after it has begun to wait. So that the change finds this
            // one, it is the
            // last to wait.
            run(other, "set local deadlock_timeout = '5min'");
            run(other, "select pg_advisory_xact_lock(1)");
            database.owner()
                    .execute("create function wait_last() returns trigger language plpgsql as $$ begin"
                            + " while not exists (select from pg_locks where not granted and pid = "
                            + other.unwrap(PGConnection.class).getBackendPID()
                            + ") loop perform pg_sleep(0.1); end loop;"
                            + " perform pg_advisory_xact_lock(1); return null; end $$");
            database.owner()
                    .execute("create trigger wait_last after update on tidemark.stored_offset"
                            + " for each row execute function wait_last()");
            CompletableFuture<?> change =
                    CompletableFuture.supplyAsync(() -> admin.execute(plan), Threads.named("test"));
            Awaitility.await("a row is locked")
                    .until(() -> change.isDone()
                            || database.superuser()
                                            .number("select count(*) from pg_stat_activity"
                                                    + " where wait_event = 'PgSleep' and datname = current_database()")
                                    > 0);
            run(other, lock(0));
            assertThatThrownBy(change::join)
                    .cause()
                    .hasMessageStartingWith("TM-406")
                    .hasMessageContainingAll("nothing was changed", "try again");
            other.rollback();
        }
        assertUnchanged();
    }

    /** Nobody would notice the change; such a session replays those of another server. */
    @ParameterizedTest
    @ValueSource(strings = {"role", "database", "session"})
    void withoutTriggersNothingIsChanged(String where) {
        String set = "set session_replication_role = replica";
        String holder = where.equals("role")
                ? "role " + DatabaseRole.OPERATOR.login() + " in database " + database.name()
                : "database " + database.name();
        if (!where.equals("session")) {
            database.superuser().execute("alter " + holder + " " + set);
        }
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.as(where.equals("session") ? DatabaseRole.SUPERUSER : DatabaseRole.OPERATOR)
                .dataSource());
        config.setMaximumPoolSize(1);
        config.setConnectionInitSql(where.equals("session") ? set : "select 1");
        try (HikariDataSource pool = new HikariDataSource(config)) {
            TidemarkAdmin admin = TidemarkAdmin.of(pool);
            ResetPlan reset = admin.planReset("etl", OffsetTarget.offset(5), ALL, UNCHECKED);
            DeletionPlan deletion = admin.planDeletion("etl");
            PausePlan pause = admin.planPause("etl", ALL);
            for (Runnable change : List.<Runnable>of(
                    () -> admin.execute(reset),
                    () -> admin.execute(deletion, ChangeOptions.none()),
                    () -> admin.execute(pause, ChangeOptions.none()))) {
                assertThatThrownBy(change::run)
                        .hasMessageStartingWith("TM-603")
                        .hasMessageContainingAll("session_replication_role", "nothing was changed");
            }
        }
        assertUnchanged();
    }

    @ParameterizedTest
    @CsvSource({"lock_timeout, 55P03", "statement_timeout, 57014"})
    void aTimeLimitChangesNothing(String limit, String state) throws SQLException {
        try (HikariDataSource unlimited = pool("select 1");
                HikariDataSource pool = pool("set " + limit + " = '500ms'");
                Connection other = database.owner().connect()) {
            TidemarkAdmin admin = TidemarkAdmin.of(pool);
            ResetPlan reset = TidemarkAdmin.of(unlimited).planReset("etl", OffsetTarget.offset(5), ALL, UNCHECKED);
            DeletionPlan deletion = TidemarkAdmin.of(unlimited).planDeletion("etl");
            other.setAutoCommit(false);
            run(other, lock(1));
            for (Runnable change : List.<Runnable>of(
                    () -> admin.execute(reset), () -> admin.execute(deletion, ChangeOptions.none()))) {
                assertThatThrownBy(change::run)
                        .hasMessageStartingWith("TM-603")
                        .hasMessageContainingAll(state, limit, "nothing was changed", "try again");
            }
            run(other, "lock table tidemark.topic_binding in access exclusive mode");
            assertThatThrownBy(() -> admin.planReset("etl", OffsetTarget.offset(5), ALL, UNCHECKED))
                    .hasMessageStartingWith("TM-212")
                    .hasMessageContainingAll(state, "try again")
                    .hasMessageNotContaining("changed");
            other.rollback();
        }
        assertUnchanged();
    }
}

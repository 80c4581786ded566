package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** Effects of a change that interfere with its transaction, or with the session. */
@Tag("exhaustive")
class EffectsIT {
    private static final PartitionSelection ALL = PartitionSelection.all();
    private static final ChangeOptions NONE = ChangeOptions.none();
    private static final PlanOptions UNCHECKED = PlanOptions.defaults().unchecked();

    @TempDir
    private Path directory;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final TidemarkAdmin admin = TidemarkAdmin.builder(
                    database.as(DatabaseRole.OPERATOR).dataSource())
            .kafka(kafka.admin())
            .build();
    private final String topic = kafka.createTopic(Servers.unique("effects"), 1);

    @BeforeEach
    void bind() {
        database.execute(
                "select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', '{10,20}')",
                "select tidemark.bind_topic('old', '" + topic + "', 'cluster', 'old id', '{10}')",
                "select tidemark.bind_topic('gone', 'flights', 'cluster', 'id', '{30}')");
    }

    private List<String> stored() {
        return database.query("select next_offset from tidemark.stored_offset order by group_id, topic, partition");
    }

    private ResetPlan reset() {
        return admin.planReset("etl", OffsetTarget.offset(5), ALL, UNCHECKED);
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static boolean swallow(Connection connection) {
        try {
            run(connection, "select 1 / 0");
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    /** Each kind of change, with these effects. */
    private Map<String, Consumer<ChangeOptions>> changes() {
        Map<String, Consumer<ChangeOptions>> changes = new TreeMap<>();
        ResetPlan reset = reset();
        RebindPlan rebind = admin.planRebind("old", topic, OffsetTarget.earliest(), PlanOptions.defaults());
        long change = database.number("select max(change_id) from tidemark.audit_log where action = 'reset'");
        UndoPlan undo = admin.planUndo("etl", change);
        PausePlan pause = admin.planPause("etl", ALL);
        DeletionPlan deletion = admin.planDeletion("gone");
        ResetPlan fresh = admin.planImport("new", Map.of(new TopicPartition(topic, 0), 0L), PlanOptions.defaults());
        changes.put("reset", options -> admin.execute(reset, options));
        changes.put("rebind", options -> admin.execute(rebind, options));
        changes.put("undo", options -> admin.execute(undo, options));
        changes.put("pause", options -> admin.execute(pause, options));
        changes.put("delete", options -> admin.execute(deletion, options));
        changes.put("import", options -> admin.execute(fresh, options));
        changes.put("drop", options -> admin.dropDeadLetters(DeadLetterQuery.of("etl"), options));
        return changes;
    }

    private void assertEach(ChangeOptions options, String... words) {
        admin.execute(admin.planReset("etl", OffsetTarget.offset(9), ALL, UNCHECKED));
        List<String> before = stored();
        changes().forEach((name, change) -> {
            assertThatThrownBy(() -> change.accept(options))
                    .as(name)
                    .isInstanceOf(TidemarkException.class)
                    .hasMessageStartingWith(ErrorCode.CHANGE_REFUSED.code())
                    .hasMessageContainingAll(words);
            assertThat(stored()).as(name).isEqualTo(before);
        });
        assertThat(database.number("select count(*) from tidemark.consumer_pause"))
                .isZero();
    }

    @Test
    void aFailedStatementThatIsSwallowedEndsTheChange() {
        assertEach(NONE.withEffects(EffectsIT::swallow), "after a statement that failed", "nothing was changed");
        assertEach(
                NONE.withEffects(EffectsIT::swallow).withEffects(connection -> {}),
                "after a statement that failed",
                "nothing was changed");
    }

    @Test
    void aSavepointOfItsOwnIsAllowed() {
        admin.execute(reset(), NONE.withEffects(connection -> {
            run(connection, "savepoint mine");
            swallow(connection);
            run(connection, "rollback to savepoint mine");
        }));
        assertThat(stored()).startsWith("5", "5");
    }

    @Test
    void aRollbackEndsTheChange() {
        assertEach(NONE.withEffects(connection -> run(connection, "rollback")), "ended", "nothing was changed");
        assertEach(NONE.withEffects(Connection::rollback), "ended", "nothing was changed");
        assertEach(
                NONE.withEffects(connection -> {
                    connection.rollback();
                    run(connection, "select 1 / 0");
                }),
                "failed with PSQLException",
                "nothing was changed");
        assertEach(NONE.withEffects(Connection::close), "closed or lost", "nothing was changed, unless");
        assertEach(
                NONE.withEffects(connection -> run(connection, "select pg_terminate_backend(pg_backend_pid())")),
                "failed with PSQLException",
                "nothing was changed, unless");
    }

    @ParameterizedTest
    @ValueSource(strings = {"commit", "connection", "autocommit", "then fails", "then fails with its own"})
    void aCommitIsTold(String how) {
        assertThatThrownBy(() -> admin.execute(reset(), NONE.withEffects(connection -> {
                    switch (how) {
                        case "connection" -> connection.commit();
                        case "autocommit" -> connection.setAutoCommit(true);
                        default -> run(connection, "commit");
                    }
                    if (how.equals("then fails")) {
                        run(connection, "select 1 / 0");
                    } else if (how.startsWith("then")) {
                        throw new TidemarkException(ErrorCode.UNEXPECTED, "the caller's own", null);
                    }
                })))
                .hasMessageStartingWith("TM-603")
                .hasMessageContaining("had committed the change")
                .hasMessageNotContaining("nothing was changed");
        assertThat(stored()).startsWith("5", "5");
    }

    private void deferred(String body) {
        database.owner()
                .execute(
                        "create table checked (a int)",
                        "grant insert on checked to public",
                        "create function deferred() returns trigger language plpgsql as $$ begin " + body + " end $$",
                        "create constraint trigger later after insert on checked deferrable initially deferred"
                                + " for each row execute function deferred()");
    }

    @Test
    void aDeferredTriggerIsAskedBeforeTheCommit() {
        deferred("raise exception 'data';");
        assertEach(
                NONE.withEffects(connection -> run(connection, "insert into checked values (1)")),
                "deferred",
                "P0001",
                "nothing was changed");
    }

    @Test
    void aTriggerOfTheStoreIsTold() {
        deferred("raise exception 'data';");
        database.owner()
                .execute("create constraint trigger later after update on tidemark.stored_offset deferrable initially"
                        + " deferred for each row execute function deferred()");
        assertThatThrownBy(() -> admin.execute(reset()))
                .hasMessageStartingWith("TM-603")
                .hasMessageContainingAll("a trigger or a constraint", "P0001", "nothing was changed")
                .hasMessageNotContaining("data;");
        assertThat(stored()).startsWith("10", "20");
    }

    private HikariDataSource pool(String init) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.as(DatabaseRole.OPERATOR).dataSource());
        config.setMaximumPoolSize(1);
        config.setConnectionInitSql(init);
        return new HikariDataSource(config);
    }

    private static Map<String, String> settings(HikariDataSource pool) throws SQLException {
        Map<String, String> settings = new TreeMap<>();
        try (Connection connection = pool.getConnection();
                Statement statement = connection.createStatement();
                ResultSet r =
                        statement.executeQuery("select name, setting from pg_settings where name !~ '[.]' union all"
                                + " select 'role', current_setting('role') union all select 'user', current_user")) {
            while (r.next()) {
                settings.put(r.getString(1), r.getString(2));
            }
            settings.put(
                    "threshold",
                    Integer.toString(connection.unwrap(PGConnection.class).getPrepareThreshold()));
        }
        return settings;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "set role other_role",
                "set local role other_role",
                "set search_path = nowhere",
                "set statement_timeout = '20s'",
                "set lock_timeout = '20s'",
                "set idle_in_transaction_session_timeout = '40s'",
                "set default_transaction_read_only = on",
                "set session characteristics as transaction isolation level serializable",
                "set time zone 'Asia/Tokyo'",
                "reset lock_timeout; set work_mem = '8MB'",
                "set role other_role; set search_path = nowhere; set statement_timeout = '30s'"
            })
    void theSessionHasItsSettingsBack(String sql) throws IOException, SQLException {
        String other = "of_" + database.name();
        database.superuser().execute("create role " + other, "grant " + other + " to " + DatabaseRole.OPERATOR.login());
        Path file = Files.writeString(directory.resolve("effects.sql"), sql.replace("other_role", other) + ";");
        String own =
                "set lock_timeout = '1min'; set idle_in_transaction_session_timeout = '50s'; set time zone 'Asia/Kolkata'";
        try (HikariDataSource pool = pool(own)) {
            TidemarkAdmin pooled = TidemarkAdmin.of(pool);
            Map<String, String> before = settings(pool);
            pooled.execute(pooled.planReset("etl", OffsetTarget.offset(5), ALL, UNCHECKED), NONE.withSql(file));
            assertThat(before).containsEntry("lock_timeout", "60000");
            assertThat(settings(pool)).isEqualTo(before);
            assertThat(stored()).startsWith("5", "5");
            ResetPlan again = pooled.planReset("etl", OffsetTarget.offset(6), ALL, UNCHECKED);
            assertThatThrownBy(() -> pooled.execute(
                            again, NONE.withSql(file).withEffects(connection -> run(connection, "select 1 / 0"))))
                    .hasMessageStartingWith("TM-603");
            assertThatThrownBy(() -> pooled.execute(
                            again, NONE.withSql(file).withEffects(connection -> run(connection, "commit"))))
                    .hasMessageContaining("committed");
            assertThat(settings(pool)).isEqualTo(before);
        }
    }

    @Test
    void anErrorRollsBackAndReturnsTheConnection() throws SQLException {
        try (HikariDataSource pool = pool("select 1")) {
            TidemarkAdmin pooled = TidemarkAdmin.of(pool);
            Map<String, String> before = settings(pool);
            ResetPlan plan = pooled.planReset("etl", OffsetTarget.offset(5), ALL, UNCHECKED);
            AssertionError own = new AssertionError("the caller's own");
            assertThatThrownBy(() -> pooled.execute(plan, NONE.withEffects(connection -> {
                        run(connection, "set statement_timeout = '20s'");
                        throw own;
                    })))
                    .isSameAs(own);
            assertThat(settings(pool)).isEqualTo(before);
        }
        assertThat(stored()).startsWith("10", "20");
    }
}

package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.store.schema.SchemaCheck;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The schema by itself, and what a consumer says of one that it cannot use. */
@Tag("database")
class SchemaIT {
    private final TestDatabase database = Servers.postgres().createDatabase();

    private void migrate(String schema) {
        try (HikariDataSource pool = database.owner().pool(2)) {
            TidemarkSchema.migrate(pool, schema);
        }
        database.grantAccess(schema);
    }

    private static Throwable failure(String jdbcUrl) {
        return Running.failureToStart(Servers.kafka().consumerConfig("schema", "consumer"), jdbcUrl);
    }

    @Test
    void everythingIsCommented() {
        migrate("tidemark");
        assertThat(database.query("select c.relname, a.attname from pg_class c"
                        + " join pg_attribute a on a.attrelid = c.oid and a.attnum >= 0 and not a.attisdropped"
                        + " where c.relnamespace = 'tidemark'::regnamespace and c.relkind in ('r', 'v')"
                        + " and c.relname <> '" + TidemarkSchema.HISTORY_TABLE + "'"
                        + " and col_description(c.oid, a.attnum) is null"))
                .as("columns without a comment")
                .isEmpty();
        assertThat(database.query("select c.relname from pg_class c where c.relnamespace = 'tidemark'::regnamespace"
                        + " and c.relkind in ('r', 'v') and c.relname <> '" + TidemarkSchema.HISTORY_TABLE + "'"
                        + " and obj_description(c.oid) is null"))
                .as("tables without a comment")
                .isEmpty();
        assertThat(database.query("select proname from pg_proc where pronamespace = 'tidemark'::regnamespace"
                        + " and obj_description(oid) is null"))
                .as("functions without a comment")
                .isEmpty();
        assertThat(database.query("select t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid"
                        + " where c.relnamespace = 'tidemark'::regnamespace and not t.tgisinternal"
                        + " and obj_description(t.oid) is null"))
                .as("triggers without a comment")
                .isEmpty();
    }

    @Test
    void noFunctionIsEverybodys() {
        migrate("tidemark");
        assertThat(
                        database.query(
                                "select oid::regprocedure from pg_proc"
                                        + " where pronamespace = 'tidemark'::regnamespace and has_function_privilege('public', oid, 'execute')"))
                .isEmpty();
        assertThat(database.query("select oid::regprocedure from pg_proc where pronamespace = 'tidemark'::regnamespace"
                        + " and not coalesce(proconfig @> '{\"search_path=pg_catalog, pg_temp\"}', false)"))
                .as("functions that look for names wherever the caller says")
                .isEmpty();
    }

    /** What a deployment does again and again: consumers and their stored offsets go through it untouched. */
    @Test
    void migratingAgainChangesNothing() {
        migrate("tidemark");
        database.owner()
                .execute(
                        "insert into tidemark.topic_binding (group_id, topic, cluster_id, partitions) values ('g', 't', 'c', 1)",
                        "insert into tidemark.stored_offset (group_id, topic, partition, next_offset) values ('g', 't', 0, 10)");
        List<String> before = contents();
        migrate("tidemark");
        assertThat(contents()).isEqualTo(before);
    }

    private List<String> contents() {
        List<String> all = new ArrayList<>();
        for (String table : List.of("store_info", "stored_offset", "audit_log", TidemarkSchema.HISTORY_TABLE)) {
            all.addAll(database.owner().query("select t.* from tidemark." + table + " t order by 1"));
        }
        return all;
    }

    @Test
    void aMigrationThatWasInterruptedIsTakenUpWhereItStopped() {
        try (HikariDataSource pool = database.owner().pool(2)) {
            Flyway.configure()
                    .dataSource(pool)
                    .locations(TidemarkSchema.LOCATION)
                    .schemas("tidemark")
                    .table(TidemarkSchema.HISTORY_TABLE)
                    .placeholders(Map.of("schema", "tidemark"))
                    .target("2")
                    .load()
                    .migrate();
        }
        assertThat(failure(database.owner().jdbcUrl())).hasMessageContaining("TM-203");
        migrate("tidemark");
        assertThat(database.query("select schema_version from tidemark.store_info"))
                .containsExactly(Integer.toString(SchemaCheck.SCHEMA_VERSION));
    }

    @Test
    void itLivesBesideAnApplicationsOwnMigrations() {
        database.owner().execute("create table theirs (a int)");
        try (HikariDataSource pool = database.owner().pool(2)) {
            Flyway.configure()
                    .dataSource(pool)
                    .baselineOnMigrate(true)
                    .baselineVersion("7")
                    .load()
                    .migrate();
            TidemarkSchema.migrate(pool, "offsets_of_a");
            TidemarkSchema.migrate(pool, "offsets_of_b");
            TidemarkSchema.migrate(pool, "offsets_of_b");
        }
        assertThat(database.owner().query("select version from offsets_of_b." + TidemarkSchema.HISTORY_TABLE))
                .containsExactlyElementsOf(IntStream.rangeClosed(1, SchemaCheck.SCHEMA_VERSION)
                        .mapToObj(String::valueOf)
                        .toList());
        assertThat(database.owner().query("select version from flyway_schema_history"))
                .containsExactly("7");
        assertThat(
                        database.owner()
                                .query(
                                        "select a.store_id <> b.store_id from offsets_of_a.store_info a, offsets_of_b.store_info b"))
                .containsExactly("t");
    }

    @Test
    void aSchemaOfSomebodyElseIsLeftAlone() {
        database.owner().execute("create schema theirs", "create table theirs.t (a int)");
        assertThatThrownBy(() -> migrate("theirs"))
                .hasMessageContaining("TM-103")
                .hasMessageContaining("theirs");
        assertThatThrownBy(() -> migrate("No Name")).hasMessageContaining("TM-103");
    }

    @Provokes(ErrorCode.SCHEMA_MISSING)
    @Test
    void aMissingSchemaNamesTheCommand() {
        assertThat(failure(database.jdbcUrl())).hasMessageContaining("TM-201").hasMessageContaining("migrate");
    }

    @Provokes({ErrorCode.SCHEMA_TOO_NEW, ErrorCode.SCHEMA_TOO_OLD})
    @Test
    void anotherVersionIsRefused() {
        migrate("tidemark");
        database.owner().execute("update tidemark.store_info set min_protocol = 99");
        assertThat(failure(database.jdbcUrl())).hasMessageContaining("TM-202").hasMessageContaining("99");
        database.owner().execute("update tidemark.store_info set min_protocol = 1, schema_version = 0");
        assertThat(failure(database.jdbcUrl())).hasMessageContaining("TM-203").hasMessageContaining("version 0");
    }

    @Provokes(ErrorCode.RIGHT_MISSING)
    @Test
    void aMissingRightNamesTheGrant() {
        migrate("tidemark");
        String role = "poor_" + database.name();
        database.superuser().execute("create role " + role + " login password 'p'");
        String url = withUser(role, "p");
        assertThat(failure(url))
                .hasMessageContaining("TM-204")
                .hasMessageContaining("lacks a right on schema tidemark")
                .hasMessageContaining("select tidemark.grant_access('<role>', 'writer')");
        database.owner().execute("grant usage on schema tidemark to " + role);
        assertThat(failure(url))
                .hasMessageContaining("TM-204")
                .hasMessageContaining("lacks a right on table store_info")
                .hasMessageContaining("select tidemark.grant_access('<role>', 'writer')");
    }

    @Provokes(ErrorCode.SERVER_READ_ONLY)
    @Test
    void aReadOnlyServerIsRefused() {
        migrate("tidemark");
        database.owner().execute("alter database " + database.name() + " set default_transaction_read_only = on");
        assertThat(failure(database.jdbcUrl())).hasMessageContaining("TM-205").hasMessageContaining("targetServerType");
    }

    /** Neither is a standby. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aReadOnlySessionIsRefusedForWhatItIs(boolean byPool) {
        migrate("tidemark");
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(database.jdbcUrl() + (byPool ? "" : "&options=-c%20default_transaction_read_only=on"));
        config.setMaximumPoolSize(2);
        config.setReadOnly(byPool);
        try (Running running = Running.start(
                new HikariDataSource(config),
                Servers.kafka().consumerConfig("read-only", "consumer"),
                builder -> builder.topics("nothing").handle((record, tx) -> {}))) {
            assertThat(running.failure())
                    .hasMessageContaining("TM-205")
                    .hasMessageContaining("readOnly")
                    .hasMessageContaining("default_transaction_read_only");
        }
    }

    @Test
    void aPoolOfOneConnectionIsTooSmallToMigrate() {
        try (HikariDataSource pool = database.owner().pool(1)) {
            assertThatThrownBy(() -> TidemarkSchema.migrate(pool))
                    .hasMessageContaining("TM-102")
                    .hasMessageContaining("maximumPoolSize");
        }
    }

    @Provokes(ErrorCode.SERVER_TOO_OLD)
    @Test
    void aServerThatIsTooOldIsRefused() {
        Optional<EmbeddedPostgresServer> server = EmbeddedPostgresServer.start13();
        assumeTrue(server.isPresent(), "the build found no PostgreSQL 13 for this platform");
        try (EmbeddedPostgresServer old = server.get()) {
            assertThat(failure(old.jdbcUrl("postgres", "postgres")))
                    .hasMessageContaining("TM-210")
                    .hasMessageContaining("PostgreSQL 13")
                    .hasMessageContaining("needs 14 or newer");
        }
    }

    @Provokes(ErrorCode.TABLE_UNLOGGED)
    @Test
    void anUnloggedTableIsRefused() {
        migrate("tidemark");
        database.owner().execute("alter table tidemark.stored_offset set unlogged");
        assertThat(failure(database.jdbcUrl())).hasMessageContaining("TM-207").hasMessageContaining("set logged");
    }

    @Tag("exhaustive")
    @Provokes(ErrorCode.LOGIN_REFUSED)
    @Test
    void aRefusedLoginNamesNoPassword() {
        assertThat(failure(database.jdbcUrl().replace("/" + database.name(), "/nowhere")))
                .hasMessageContaining("TM-209")
                .hasMessageContaining("3D000");
        assertThat(failure(withUser("nobody", "canary-password")))
                .hasMessageContaining("TM-209")
                .hasMessageNotContaining("canary-password");
    }

    @Provokes(ErrorCode.CONFLICTING_JDBC_SETTING)
    @Test
    void aDriverThatHidesFailuresIsRefused() {
        migrate("tidemark");
        assertThat(failure(database.jdbcUrl() + "&autosave=always")).hasMessageContaining("TM-104");
    }

    private String withUser(String user, String password) {
        return database.jdbcUrl()
                .replaceAll("\\?user=[^&]*(&password=[^&]*)?", "?user=" + user + "&password=" + password);
    }
}

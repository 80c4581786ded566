package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.internal.store.schema.SchemaCheck;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.Threads;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The SQL of the migrations makes what Flyway makes, and Flyway continues from there. */
@Tag("database")
@Tag("exhaustive")
class SchemaScriptIT {
    private static final String HISTORY =
            "select version, description, type, script, checksum, installed_by, success from tidemark."
                    + TidemarkSchema.HISTORY_TABLE + " where version is not null order by installed_rank";

    /** What is in a schema, besides the history of Flyway and its own comment: a row for each object, with everything about it. */
    private static final List<String> CATALOG = List.of(
            "select 'schema', nspowner::regrole, nspacl, obj_description(oid) from pg_namespace where nspname = '{s}'",
            "select 'relation', c.relname, c.relkind, c.relpersistence, c.relowner::regrole, c.reloptions, c.relacl,"
                    + " c.relrowsecurity, c.relreplident, obj_description(c.oid, 'pg_class')"
                    + " from pg_class c where {ours} order by 2",
            "select 'column', c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
                    + " a.attidentity, a.attgenerated, a.attstorage, a.attcollation::regcollation, a.attacl,"
                    // What the server itself keeps there, such as the pg_attver of Debian's 17.12, differs each time.
                    + " array(select o from unnest(a.attoptions) o where o !~ '^pg_' order by 1),"
                    + " pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum) from pg_class c join"
                    + " pg_attribute a on a.attrelid = c.oid and a.attnum > 0 left join pg_attrdef d on d.adrelid = c.oid"
                    + " and d.adnum = a.attnum where {ours} order by 2, 3",
            "select 'constraint', c.relname, k.conname, k.convalidated, pg_get_constraintdef(k.oid),"
                    + " obj_description(k.oid, 'pg_constraint')"
                    + " from pg_constraint k join pg_class c on c.oid = k.conrelid where {ours} order by 2, 3",
            "select 'index', c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid from pg_index i"
                    + " join pg_class c on c.oid = i.indrelid where {ours} order by 2, 3",
            "select 'view', c.relname, pg_get_viewdef(c.oid) from pg_class c where c.relkind = 'v' and {ours} order by"
                    + " 2",
            "select 'rule', c.relname, pg_get_ruledef(r.oid) from pg_rewrite r join pg_class c on c.oid = r.ev_class"
                    + " where {ours} order by 2, 3",
            "select 'trigger', c.relname, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid), obj_description(t.oid,"
                    + " 'pg_trigger') from pg_trigger t join pg_class c on c.oid = t.tgrelid where not t.tgisinternal and"
                    + " {ours} order by 2, 3",
            "select 'sequence', c.relname, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax,"
                    + " s.seqcache, s.seqcycle from pg_sequence s join pg_class c on c.oid = s.seqrelid where {ours} order"
                    + " by 2",
            "select 'function', p.oid::regprocedure::text, p.proowner::regrole, p.proacl, pg_get_functiondef(p.oid),"
                    + " obj_description(p.oid, 'pg_proc')"
                    + " from pg_proc p where p.pronamespace = '{s}'::regnamespace order by 2",
            "select 'type', t.typname, t.typtype, t.typowner::regrole, t.typacl from pg_type t where t.typnamespace ="
                    + " '{s}'::regnamespace and t.typname !~ 'tidemark_schema_history' order by 2",
            "select 'default right', d.defaclobjtype, d.defaclacl from pg_default_acl d",
            "select 'policy', p.polname from pg_policy p",
            "select 'version', schema_version, min_protocol from {s}.store_info");

    private final TestDatabase database = Servers.postgres().createDatabase();

    private static List<String> catalog(TestDatabase database, String schema) {
        List<String> rows = new ArrayList<>();
        for (String query : CATALOG) {
            rows.addAll(database.owner()
                    .query(query.replace("{s}", schema)
                            .replace(
                                    "{ours}",
                                    "c.relnamespace = '" + schema + "'::regnamespace and c.relname !~ '^"
                                            + TidemarkSchema.HISTORY_TABLE + "'")));
        }
        return rows;
    }

    private static void migrate(TestDatabase database, String schema) {
        try (HikariDataSource pool = database.owner().pool(2)) {
            TidemarkSchema.migrate(pool, schema);
        }
    }

    /** As the library of an earlier version would leave it. */
    static void migrateTo(TestDatabase database, int version) {
        try (HikariDataSource pool = database.owner().pool(2)) {
            Flyway.configure()
                    .dataSource(pool)
                    .locations(TidemarkSchema.LOCATION)
                    .schemas("tidemark")
                    .createSchemas(false)
                    .initSql("create schema if not exists tidemark")
                    .table(TidemarkSchema.HISTORY_TABLE)
                    .placeholders(Map.of("schema", "tidemark"))
                    .target(Integer.toString(version))
                    .load()
                    .migrate();
        }
    }

    private static TestDatabase migrated(String schema) {
        TestDatabase other = Servers.postgres().createDatabase();
        migrate(other, schema);
        return other;
    }

    static IntStream earlierVersions() {
        return IntStream.range(1, SchemaCheck.SCHEMA_VERSION);
    }

    @ParameterizedTest
    @ValueSource(strings = {"tidemark", "berlin_offsets"})
    void makesTheSchemaThatFlywayMakes(String schema) {
        database.owner().execute(TidemarkSchema.script(schema, 0));
        List<String> made = catalog(database, schema);
        assertThat(made).hasSizeGreaterThan(150).isEqualTo(catalog(migrated(schema), schema));
        migrate(database, schema);
        assertThat(catalog(database, schema)).as("after Flyway took it over").isEqualTo(made);
        assertThat(database.owner()
                        .query("select version, type, success from " + schema + "." + TidemarkSchema.HISTORY_TABLE))
                .containsExactly(SchemaCheck.SCHEMA_VERSION + "|BASELINE|t");
        migrate(database, schema);
        assertThat(database.owner().number("select count(*) from " + schema + "." + TidemarkSchema.HISTORY_TABLE))
                .isEqualTo(1);
    }

    /** Both with a history, which then has the rows that Flyway would have added, and without. */
    @ParameterizedTest
    @MethodSource("earlierVersions")
    void upgradesAsFlywayDoes(int from) {
        TestDatabase byFlyway = migrated("tidemark");
        migrateTo(database, from);
        database.owner().execute(TidemarkSchema.script("tidemark", from));
        assertThat(catalog(database, "tidemark")).isEqualTo(catalog(byFlyway, "tidemark"));
        assertThat(database.owner().query(HISTORY)).isEqualTo(byFlyway.owner().query(HISTORY));
        migrate(database, "tidemark");
        assertThat(database.owner().query(HISTORY)).isEqualTo(byFlyway.owner().query(HISTORY));

        TestDatabase without = Servers.postgres().createDatabase();
        migrateTo(without, from);
        without.owner().execute("drop table tidemark." + TidemarkSchema.HISTORY_TABLE);
        without.owner().execute(TidemarkSchema.script("tidemark", from));
        assertThat(catalog(without, "tidemark")).isEqualTo(catalog(byFlyway, "tidemark"));
    }

    private void assertTakenOverAt(int version) {
        assertThat(catalog(database, "tidemark")).isEqualTo(catalog(migrated("tidemark"), "tidemark"));
        assertThat(database.owner()
                        .query("select version from tidemark." + TidemarkSchema.HISTORY_TABLE
                                + " order by installed_rank"))
                .containsExactlyElementsOf(IntStream.rangeClosed(version, SchemaCheck.SCHEMA_VERSION)
                        .mapToObj(Integer::toString)
                        .toList());
    }

    /** What the script of an earlier version has made. */
    @ParameterizedTest
    @MethodSource("earlierVersions")
    void flywayContinuesFromTheVersionThatTheSchemaHas(int version) {
        migrateTo(database, version);
        database.owner().execute("drop table tidemark." + TidemarkSchema.HISTORY_TABLE);
        migrate(database, "tidemark");
        assertTakenOverAt(version);
    }

    /** An upgrade replaces the consumers before it grants anything. */
    @Test
    void consumersMayWriteWhatIsNewAtOnce() {
        migrateTo(database, 8);
        database.grantAccess("tidemark");
        migrate(database, "tidemark");
        String write =
                "update tidemark.stored_offset set given_up_in_row = 1, given_up_unproven = 1, given_up_offset = 1";
        database.writer().execute(write);
        assertThatThrownBy(() -> database.reader().execute(write))
                .hasMessageContaining("tidemark_reader may not do this");
        database.grantAccess("tidemark");
        database.writer().execute(write);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 8})
    void severalProcessesTakeItOverAtOnce(int version) {
        migrateTo(database, version);
        database.owner().execute("drop table tidemark." + TidemarkSchema.HISTORY_TABLE);
        List<CompletableFuture<Void>> all = IntStream.range(0, 8)
                .mapToObj(i ->
                        CompletableFuture.runAsync(() -> migrate(database, "tidemark"), Threads.named("migration")))
                .toList();
        all.forEach(CompletableFuture::join);
        assertTakenOverAt(version);
    }

    @Test
    void consumersWorkWithIt() {
        database.owner().execute(TidemarkSchema.script());
        database.grantAccess("tidemark");
        try (HikariDataSource pool = database.pool(2);
                TidemarkConsumer consumer = Tidemark.consumer(Servers.kafka().consumerConfig("script", "consumer"))
                        .deserializers(StringDeserializer::new, StringDeserializer::new)
                        .topics(Servers.kafka().createTopic(Servers.unique("script"), 1))
                        .database(pool)
                        .untilEnd()
                        .handle((record, tx) -> {})) {
            consumer.run();
        }
        assertThat(database.query("select count(*) from tidemark.stored_offset"))
                .containsExactly("1");
    }

    /** The schema may be there already, made by somebody else for a role that may create none. */
    @Test
    void anEmptySchemaNeedsNoRightOnTheDatabase() {
        database.superuser()
                .execute(
                        "create schema tidemark authorization " + DatabaseRole.OWNER.login(),
                        "revoke create on database " + database.name() + " from " + DatabaseRole.OWNER.login()
                                + ", public");
        database.owner().execute(TidemarkSchema.script());
        assertThat(database.owner().number("select schema_version from tidemark.store_info"))
                .isEqualTo(SchemaCheck.SCHEMA_VERSION);
    }

    @Test
    void aSchemaOfAnotherVersionIsRefused() {
        migrateTo(database, 6);
        List<String> before = catalog(database, "tidemark");
        for (int from : List.of(0, 5, 7, 8)) {
            assertThatThrownBy(() -> database.owner().execute(TidemarkSchema.script("tidemark", from)))
                    .rootCause()
                    .hasMessageContaining(from == 0 ? "schema tidemark is not empty" : "schema tidemark has version 6");
        }
        assertThat(catalog(database, "tidemark")).isEqualTo(before);
        assertThatThrownBy(() -> TidemarkSchema.script("tidemark", SchemaCheck.SCHEMA_VERSION + 1))
                .hasMessageContaining("TM-103")
                .hasMessageContaining("must be 0 to " + SchemaCheck.SCHEMA_VERSION);
        assertThatThrownBy(() -> TidemarkSchema.script("tidemark", -1)).hasMessageContaining("TM-103");
        assertThatThrownBy(() -> TidemarkSchema.script("No Name", 0)).hasMessageContaining("TM-103");
    }

    /** Also with a client that goes on after a failure, to the COMMIT at the end, as psql does by default. */
    @Test
    void whatFailsInTheMiddleChangesNothing() throws SQLException {
        migrateTo(database, 6);
        database.owner()
                .execute("create function tidemark.note_read_again(text, text, integer, bigint, text) returns void"
                        + " language sql as 'select'");
        List<String> before = catalog(database, "tidemark");
        try (Connection c = database.owner().connect();
                Statement s = c.createStatement()) {
            assertThatThrownBy(() -> s.execute(TidemarkSchema.script("tidemark", 6)))
                    .hasMessageContaining("note_read_again");
            s.execute("commit");
        }
        assertThat(catalog(database, "tidemark")).isEqualTo(before);
    }

    @Test
    void theCurrentVersionIsLeftAsItIs() {
        migrate(database, "tidemark");
        List<String> before = catalog(database, "tidemark");
        database.owner().execute(TidemarkSchema.script("tidemark", SchemaCheck.SCHEMA_VERSION));
        assertThat(catalog(database, "tidemark")).isEqualTo(before);
    }

    /** Its tables could be anybody's. */
    @Test
    void aSchemaWithoutItsVersionIsNotTakenOver() {
        database.owner().execute(TidemarkSchema.script());
        database.owner().execute("delete from tidemark.store_info");
        assertThatThrownBy(() -> migrate(database, "tidemark"))
                .hasMessageContaining("TM-201")
                .hasMessageContaining("store_info has no row");
    }
}

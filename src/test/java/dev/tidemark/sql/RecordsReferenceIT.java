package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Which statements read the unit, and that a job of none that does is refused. PostgreSQL is asked, too: without the unit, a statement that
 * reads it has a relation too few.
 */
@Tag("database")
@Tag("exhaustive")
class RecordsReferenceIT {
    private static final String NO_SUCH_RELATION = "42P01";
    private static TestDatabase database;

    @BeforeAll
    static void createTables() {
        database = Servers.flightDatabase(Servers.postgres());
        database.owner()
                .execute(
                        "create schema other",
                        "create table other.records (n int, key text)",
                        "create table t (n int, k text)",
                        "create table sizes (records int)",
                        "create function count_up() returns int language sql as 'insert into t values (1, null) returning n'",
                        "create function records(i int) returns int language sql as 'select i'",
                        "grant usage on schema other to public",
                        "grant all on all tables in schema other to public");
    }

    private static SqlStatement statement(String sql) {
        return SqlScript.parse(sql).get(0);
    }

    /** Whether the server looks for a relation of that name. */
    private static boolean missesRecords(String sql) throws SQLException {
        try (Connection c = database.connect();
                PreparedStatement s = c.prepareStatement(sql)) {
            var unused = s.getParameterMetaData();
            return false;
        } catch (SQLException e) {
            if (NO_SUCH_RELATION.equals(e.getSQLState())) {
                return true;
            }
            throw e;
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select from records",
                "table records",
                "TABLE Records",
                "insert into t select 1 from RECORDS",
                "insert into t (n) select 1 from \"records\" r",
                "select 1 from t, records",
                "select 1 from t a join t b on a.n = b.n, records r",
                "select 1 from t join records on true",
                "select 1 from t natural join records",
                "select 1 from t cross join records",
                "select 1 from (records cross join t)",
                "select 1 from ((t join t u using (n)) cross join records)",
                "select 1 from records as records",
                "select 1 from/* the unit */records",
                "select 1 from -- the unit\n records where true",
                "(select 1 from records) union (select 2)",
                "select 2 union select 1 from records",
                "values ((select count(*) from records))",
                "select array(select 1 from records)",
                "select exists (table records)",
                "select 1 where 1 in (select 1 from records)",
                "select extract(epoch from now()) from records",
                "select substring(k from 1) from t, records",
                "select count(*) filter (where n is distinct from 1) from t, records",
                "with a as (select 1 from records) select 1 from a",
                "with a(n) as (select 1), b as materialized (select 1 from a, records) insert into t select 1 from b",
                "with recursive a as (select 1 as n union all select n + 1 from a, records where n < 3) select 1 from a",
                "insert into t with records as (select 1 as n from records) select n from records",
                "insert into t select n from (with records as (select 1 as n) select n from records) x, records",
                "update t set n = 1 from records",
                "update t set n = (select count(*) from records)",
                "delete from t using records",
                "delete from t using t u join records on true where t.n = u.n",
                "delete from t using (records cross join t u) where t.n = u.n",
                "merge into t using records on false when not matched then insert values (1)",
                "merge into t using (select 1 as n from records) r on false when not matched then insert values (1)",
                "insert into t select 1 from lateral (select 1 from records) x",
                "insert into t values (1) on conflict do nothing returning (select 1 from records)"
            })
    void whatReadsTheUnit(String sql) throws SQLException {
        assertThat(missesRecords(sql)).as("what the server says of " + sql).isTrue();
        assertThat(statement(sql).readsRecords()).isTrue();
        SqlJob job = SqlJob.of("insert into t values (1);" + sql);
        try (Connection c = database.connect()) {
            job.check(c);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "insert into t values (1)",
                "insert into t select 1 -- from records",
                "insert into t select 1 /* from records */",
                "insert into t select 1 where 'from records' <> ''",
                "insert into t select 1 where $$ from records $$ <> ''",
                "do $$ begin perform 1 from records; end $$",
                "insert into sizes (records) values (1)",
                "insert into sizes (records) select records from sizes",
                "insert into t select records.n from t records",
                "insert into t select records.n from t as records",
                "insert into t select n as records from t",
                "insert into t select n records from t",
                "update sizes set records = records + 1",
                "update t set n = s.records from sizes s",
                "insert into t select a.n from t a, sizes s where a.n is distinct from records",
                "insert into t select 1 from sizes a join sizes b using (records)",
                "insert into t select 1 from sizes a join t b on true join sizes c using (records)",
                "insert into t select n from other.records",
                "insert into t select records.n from other.records",
                "insert into t select other.records.n from other.records",
                "insert into t select n from \"other\" . \"records\"",
                "insert into t select n from records(1) n",
                "insert into t select records(1)",
                "insert into t with records as (select 1 as n) select n from records",
                "insert into t with a as (select 1), records(n) as not materialized (select 2) select n from records",
                "with records as (select 1 as n) insert into t select n from records",
                "with recursive records(n) as (select 1 union all select n + 1 from records where n < 3) insert into t select n from records",
                "insert into t select extract(epoch from interval '1 s' * records) from sizes",
                "delete from t where n = 1",
                "select count_up()",
                "select 1"
            })
    void aJobThatReadsNoRecordIsRefusedUnlessThatIsMeant(String sql) throws SQLException {
        assertThat(missesRecords(sql)).as("what the server says of " + sql).isFalse();
        assertThatThrownBy(() -> SqlJob.of("select 1;" + sql))
                .isInstanceOfSatisfying(
                        InvalidConfigurationException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SETTING))
                .hasMessageContaining("no statement of the SQL job reads records")
                .hasMessageContaining("--without-records");
        SqlJob meant = SqlJob.of(sql, SqlJobOptions.defaults().withoutRecords());
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                "topic", 0, 0, "k".getBytes(StandardCharsets.UTF_8), "{}".getBytes(StandardCharsets.UTF_8));
        // Whose body the server reads when it runs.
        if (!sql.startsWith("do ")) {
            try (Connection c = database.connect()) {
                meant.check(c);
            }
            Jdbi.create(() -> database.connect()).useTransaction(tx -> {
                meant.handle(List.of(record), tx);
                tx.rollback();
            });
        }
    }

    /** The unit is nothing that these could read, and a name that means something else is none of it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "create temporary table unit_size (records int) on commit drop",
                "create temporary table u on commit drop as select records from sizes",
                "create or replace function f(records int) returns int language sql begin atomic select case when records > 0 then 1 else 2 end; end",
                "comment on column sizes.records is 'how many records'",
                "analyze sizes (records)",
                "call p(1)"
            })
    void aNameIsNoReference(String sql) {
        assertThat(SqlScript.parse(sql + "; insert into t select 1 from records"))
                .hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "create temp table u as select * from records",
                "create view v as select 1 from t, records",
                "copy t from records",
                "copy (select 1 from records) to stdout",
                "explain select 1 from records",
                "create function f() returns bigint language sql begin atomic select count(*) from records; end"
            })
    void whatCannotReadTheUnitIsRefused(String sql) {
        assertThatThrownBy(() -> SqlJob.of("select 1 from records;\n" + sql))
                .hasMessageContaining("line 2")
                .hasMessageContaining("reads records in");
    }
}

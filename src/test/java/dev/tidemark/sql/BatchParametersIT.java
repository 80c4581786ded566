package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.math.BigDecimal;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.util.PGobject;
import org.postgresql.util.PSQLException;

/** The statements of a batch and the types of its parameters, under the settings of the driver that change how it sends a batch. */
class BatchParametersIT {
    private static final Instant NOON = Instant.parse("2026-02-03T12:00:00.123456Z");
    private static final UUID ID = UUID.fromString("8b0c1f4e-6a0f-4c0e-9d53-0a6a0c1d2e3f");

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    private enum Mood {
        HAPPY,
        SAD
    }

    private void run(String options, SqlBatch<String, Integer> batch, int records) throws Exception {
        List<ConsumerRecord<String, Integer>> unit = new ArrayList<>();
        for (int i = 0; i < records; i++) {
            unit.add(new ConsumerRecord<>("t", 0, i, "k" + i, i));
        }
        try (Connection c = DriverManager.getConnection(database.owner().jdbcUrl() + options)) {
            c.setAutoCommit(false);
            batch.handle(unit, Jdbi.open(c));
            c.commit();
        }
    }

    private List<String> write(String column, @Nullable Object... values) throws Exception {
        database.owner().execute("drop table if exists typed", "create table typed (id serial, v " + column + ")");
        SqlBatch<String, Integer> batch = SqlBatch.of(
                "insert into typed (v) values (?)",
                (record, rows) -> rows.add(values.length == 0 ? null : values[record.value()]));
        run("&options=-c%20TimeZone=UTC", batch, Math.max(1, values.length));
        return database.query("select v::text from typed order by id");
    }

    @Test
    void valuesBecomeWhatTheColumnsHold() throws Exception {
        database.owner().execute("create type mood as enum ('HAPPY', 'SAD')");
        assertThat(write("text", "a", null, 'c', Mood.SAD)).containsExactly("a", "null", "c", "SAD");
        assertThat(write("int")).containsExactly("null");
        assertThat(write("bigint", 1, 2L, (short) 3, null)).containsExactly("1", "2", "3", "null");
        assertThat(write("numeric", new BigDecimal("1.50"), 2)).containsExactly("1.50", "2");
        assertThat(write("double precision", 1.5, 2.5f)).containsExactly("1.5", "2.5");
        assertThat(write("boolean", true, false)).containsExactly("true", "false");
        assertThat(write("bytea", new byte[] {1, -1}, new byte[0])).containsExactly("\\x01ff", "\\x");
        assertThat(write("uuid", ID)).containsExactly(ID.toString());
        assertThat(write("mood", Mood.HAPPY, null)).containsExactly("HAPPY", "null");
        assertThat(write(
                        "timestamptz",
                        NOON,
                        NOON.atOffset(ZoneOffset.ofHours(3)),
                        ZonedDateTime.ofInstant(NOON, ZoneId.of("Asia/Tokyo")),
                        Instant.parse("-0043-03-15T00:00:00Z")))
                .containsExactly(
                        "2026-02-03 12:00:00.123456+00",
                        "2026-02-03 12:00:00.123456+00",
                        "2026-02-03 12:00:00.123456+00",
                        "0044-03-15 00:00:00+00 BC");
        assertThat(write("timestamp", LocalDateTime.parse("2026-02-03T04:05:06")))
                .containsExactly("2026-02-03 04:05:06");
        assertThat(write("date", LocalDate.parse("2026-02-03"))).containsExactly("2026-02-03");
        assertThat(write("time", LocalTime.parse("04:05:06"))).containsExactly("04:05:06");
        PGobject json = new PGobject();
        json.setType("jsonb");
        json.setValue("{\"a\": 1}");
        assertThat(write("jsonb", json)).containsExactly("{\"a\": 1}");
    }

    @Test
    void collectionsAndArraysBecomeArrays() throws Exception {
        database.owner().execute("create type mood as enum ('HAPPY', 'SAD')");
        assertThat(write(
                        "text[]",
                        List.of("a", "b,\"c\\"),
                        Arrays.asList("a", null),
                        List.of(),
                        Arrays.asList(null, null),
                        (Object) new String[] {"x"},
                        Set.of(Mood.SAD)))
                .containsExactly("{a,\"b,\\\"c\\\\\"}", "{a,NULL}", "{}", "{NULL,NULL}", "{x}", "{SAD}");
        assertThat(write("int[]", List.of(1, 2), new int[] {3}, Arrays.asList(4, null)))
                .containsExactly("{1,2}", "{3}", "{4,NULL}");
        assertThat(write("bigint[]", List.of(1L), new Long[] {2L, null})).containsExactly("{1}", "{2,NULL}");
        assertThat(write("numeric[]", List.of(new BigDecimal("1.50"), new BigDecimal("1E+3"))))
                .containsExactly("{1.50,1000}");
        assertThat(write("float8[]", List.of(1.5))).containsExactly("{1.5}");
        assertThat(write("boolean[]", List.of(true, false))).containsExactly("{t,f}");
        assertThat(write("bytea[]", List.of(new byte[] {1}), new byte[][] {{2}, {3}}))
                .containsExactly("{\"\\\\x01\"}", "{\"\\\\x02\",\"\\\\x03\"}");
        assertThat(write("uuid[]", List.of(ID))).containsExactly("{" + ID + "}");
        assertThat(write("mood[]", List.of(Mood.SAD, Mood.HAPPY))).containsExactly("{SAD,HAPPY}");
        assertThat(write("timestamptz[]", List.of(NOON, NOON), List.of(OffsetDateTime.parse("2026-02-03T12:00Z"))))
                .containsExactly(
                        "{\"2026-02-03 12:00:00.123456+00\",\"2026-02-03 12:00:00.123456+00\"}",
                        "{\"2026-02-03 12:00:00+00\"}");
        assertThat(write("date[]", List.of(LocalDate.parse("2026-02-03")))).containsExactly("{2026-02-03}");
    }

    @Test
    void whatHasNoTypeIsNamedWithoutItsValue() {
        for (Object bad : List.of(
                Optional.of("secret"),
                List.of(Optional.of("secret")),
                List.of("secret", 1),
                List.of(List.of("secret")))) {
            assertThatThrownBy(() -> write("text", bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("parameter 1 is ")
                    .hasMessageNotContaining("secret");
        }
    }

    @Test
    void theWrongNumberOfParametersIsCounted() {
        SqlBatch<String, Integer> batch = SqlBatch.of("select ?::text, ?::int", (record, rows) -> rows.add("secret"));
        assertThatThrownBy(() -> run("", batch, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the statement of the SQL batch has 2 parameters, and the row 1");
    }

    @Test
    void aRowBelongsToItsRecord() {
        List<SqlBatch.Rows> kept = new ArrayList<>();
        SqlBatch<String, Integer> batch = SqlBatch.of("select ?::int", (record, rows) -> {
            kept.add(rows);
            kept.get(0).add(1);
        });
        assertThatThrownBy(() -> run("", batch, 2)).isInstanceOf(IllegalStateException.class);
    }

    /** The driver's own exception repeats all parameters. */
    @Test
    void theServersErrorIsThrownAsItIs() {
        database.owner().execute("create table few (a text, n int check (n < 5))");
        SqlBatch<String, Integer> batch =
                SqlBatch.of("insert into few values (?, ?)", (record, rows) -> rows.add("x", record.value()));
        for (String options : List.of("", "&reWriteBatchedInserts=true")) {
            assertThat(catchThrowable(() -> run(options, batch, 10)))
                    .isInstanceOf(PSQLException.class)
                    .isNotInstanceOf(BatchUpdateException.class)
                    .hasMessageContaining("few_n_check");
        }
    }

    private static SqlBatch<String, Integer> one(String sql) {
        return SqlBatch.of(sql, (record, rows) -> rows.add(record.value()));
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "&reWriteBatchedInserts=true",
                "&prepareThreshold=0",
                "&reWriteBatchedInserts=true&prepareThreshold=0",
                "&preferQueryMode=simple"
            })
    void statementsOfEveryKindRunForEachRow(String options) throws Exception {
        database.owner()
                .execute(
                        "create table k (id int, n int)",
                        "create unique index on k (id)",
                        "create table called (i int)",
                        "create function f(i int) returns int language plpgsql as $$ begin insert into called values (i);"
                                + " return i; end $$",
                        "create function g(i int) returns void language plpgsql as $$ begin insert into called values (i);"
                                + " end $$",
                        "create procedure p(i int, inout o int default 0) language plpgsql as $$ begin"
                                + " insert into called values (i); end $$");
        run(options, one("insert into k values (?, 0)"), 2_500);
        assertThat(database.number("select count(distinct id) from k")).isEqualTo(2_500);
        run(options, one("insert into k values (?, 1) on conflict (id) do nothing"), 10);
        assertThat(database.number("select sum(n) from k")).isZero();
        // Each key several times in a batch.
        run(
                options,
                SqlBatch.of(
                        "insert into k as k values (?, 1) on conflict (id) do update set n = k.n + excluded.n",
                        (record, rows) -> rows.add(record.value() % 3)),
                1_500);
        assertThat(database.query("select n from k where id < 4 order by id"))
                .containsExactly("500", "500", "500", "0");
        run(options, one("update k set n = 7 where id >= ? and id < 2000 returning id"), 2);
        assertThat(database.number("select count(*) from k where n = 7")).isEqualTo(2_000);
        run(options, one("delete from k where id = ?"), 2_000);
        assertThat(database.number("select count(*) from k")).isEqualTo(500);
        // Sees the rows before it.
        run(options, one("insert into k values (?, (select count(*) from k))"), 3);
        assertThat(database.query("select n from k where id < 3 order by id")).containsExactly("500", "501", "502");
        run(options, one("merge into k using (select ?::int as id) s on k.id = s.id when matched then delete"), 3);
        run(options, one("with x as (select ?::int as id) insert into k select id, 1 from x"), 3);
        assertThat(database.number("select count(*) from k where id < 3 and n = 1"))
                .isEqualTo(3);
        for (String call :
                List.of("select f(?)", "select f(?) as a, 1 as a", "select g(?)", "call p(?)", "values (f(?))")) {
            run(options, one(call), 3);
            assertThat(database.query("delete from called returning i"))
                    .as(call)
                    .containsExactly("0", "1", "2");
        }
        // Several rows: all of them.
        run(options, one("select f(i) from generate_series(1, ?::int) i"), 4);
        assertThat(database.number("select count(*) from called")).isEqualTo(6);
        run(options, SqlBatch.of("insert into called default values", (record, rows) -> rows.add()), 2);
        assertThat(database.number("select count(*) from called where i is null"))
                .isEqualTo(2);
    }

    @Tag("exhaustive")
    @Test
    void aRecordMayHaveNoRowOrMany() throws Exception {
        database.owner().execute("create table many (i int, text text)");
        String large = "x".repeat(1 << 20);
        SqlBatch<String, Integer> batch = SqlBatch.of("insert into many values (?, ?)", (record, rows) -> {
            for (int i = 0; i < 100 * (record.value() % 50); i++) {
                rows.add(record.value(), i == 0 && record.value() > 80 ? large : "");
            }
        });
        run("", batch, 100);
        assertThat(database.query("select i, count(*) from many group by i order by i"))
                .containsExactlyElementsOf(IntStream.range(0, 100)
                        .filter(i -> i % 50 > 0)
                        .mapToObj(i -> i + "|" + 100 * (i % 50))
                        .toList());
        run("", SqlBatch.of("insert into nowhere values (?)", (record, rows) -> {}), 10);
    }
}

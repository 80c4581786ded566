package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.SqlJobs;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Jobs in SQL, on real servers: what they see, what they do, what becomes of records that they cannot take. */
class SqlJobIT {
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());

    private static String statementFailed(String how) {
        return StatementFailedException.class.getName() + " sqlstate=" + how;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ConsumerRecord<byte[], byte[]> record(int offset, @Nullable String key, @Nullable String value) {
        return record(offset, 1_000, key == null ? null : bytes(key), value == null ? null : bytes(value));
    }

    private static ConsumerRecord<byte[], byte[]> record(
            int offset, long timestamp, byte @Nullable [] key, byte @Nullable [] value) {
        return new ConsumerRecord<>(
                "some",
                3,
                offset,
                timestamp,
                timestamp < 0 ? TimestampType.NO_TIMESTAMP_TYPE : TimestampType.CREATE_TIME,
                -1,
                -1,
                key,
                value,
                new RecordHeaders(),
                Optional.empty());
    }

    private void run(SqlJob job, List<ConsumerRecord<byte[], byte[]>> records) throws SQLException {
        Jdbi.create(() -> database.connect()).useTransaction(tx -> job.handle(records, tx));
    }

    private Running start(KafkaServer kafka, String topic, SqlJob job, UnitLimits limits) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.park())
                        .workers(2)
                        .limits(limits)
                        .deserializers(ByteArrayDeserializer::new, ByteArrayDeserializer::new)
                        .handleBatch(job));
    }

    @Test
    void realFlightsAreFoldedExactlyByTwoStatements() throws IOException {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("sql"), 4);
        List<Flight> flights = Flights.sample();
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, flights);
        }
        try (Running running = start(kafka, topic, SqlJob.read(SqlJobs.file("flights.sql")), UnitLimits.defaults())) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
        }
        ExactlyOnce.assertComplete(database, topic, kafka.logEnds(topic, 4), Flights.truth(flights));
    }

    /** HikariCP closes a connection on which the server said "not supported", before the job can ask it anything. */
    @Test
    void whatTheServerDoesNotSupportIsTheRecordsFailure() {
        database.owner().execute("create table seen (day text)");
        database.owner().execute("grant insert on seen to public");
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("unsupported"), 1);
        try (var producer = kafka.batchingProducer()) {
            for (String unit : List.of("day", "hour", "timezone", "week")) {
                var unused = producer.send(new ProducerRecord<>(topic, 0, unit, unit));
            }
        }
        SqlJob job = SqlJob.of(
                "insert into seen select date_trunc(value, now())::text from records",
                SqlJobOptions.defaults().withValue(ColumnType.TEXT));
        try (Running running = start(kafka, topic, job, UnitLimits.defaults())) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 4);
        }
        assertThat(database.query("select record_offset, error_class like '%0A000%' from tidemark.dead_letter"))
                .containsExactly("2|t");
        assertThat(database.number("select count(*) from seen")).isEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource
    void columnsHaveTheTypesThatWereAskedFor(ColumnType type) throws SQLException {
        database.owner().execute("create table seen (line text)");
        SqlJob job = SqlJob.of("""
                insert into seen
                select concat_ws(' ', topic, partition, "offset", extract(epoch from timestamp), pg_typeof(key), pg_typeof(value),
                                 case when pg_typeof(value) = 'bytea'::regtype then convert_from(value::text::bytea, 'UTF8')
                                      else value::text end, headers)
                  from records order by "offset"
                """, SqlJobOptions.defaults().withKey(type).withValue(type));
        ConsumerRecord<byte[], byte[]> full = record(7, 1_700_000_000_123L, bytes("\"k\""), bytes("{\"a\": 1}"));
        full.headers()
                .add("trace", bytes("old"))
                .add("trace", bytes("\u00e9\""))
                .add("none", null);
        run(job, List.of(full, record(8, -1, null, null)));
        String name = type.name().toLowerCase(Locale.ROOT);
        assertThat(database.query("select line from seen"))
                .containsExactly(
                        "some 3 7 1700000000.123000 " + name + " " + name
                                + " {\"a\": 1} {\"none\": null, \"trace\": \"\u00e9\\\"\"}",
                        "some 3 8 " + name + " " + name + " {}");
    }

    @Test
    void bytesThatFitNoTypeAreOnlyLookedAtWhereTheyAreUsed() throws SQLException {
        database.owner().execute("create table seen (n int)");
        ConsumerRecord<byte[], byte[]> odd = record(0, 0, new byte[] {0, (byte) 0xff}, new byte[] {0});
        run(SqlJob.of("insert into seen select count(*) from records"), List.of(odd));
        run(
                SqlJob.of(
                        "insert into seen select length(value) from records r, (select 1 from records) twice",
                        SqlJobOptions.defaults().withValue(ColumnType.BYTEA)),
                List.of(odd));
        assertThat(database.query("select n from seen")).containsExactly("1", "1");
        assertThatThrownBy(() ->
                        run(SqlJob.of("select 1;\n\ninsert into seen select length(key) from records"), List.of(odd)))
                .isInstanceOfSatisfying(StatementFailedException.class, e -> {
                    assertThat(e.getSQLState()).isEqualTo("22021");
                    assertThat(e.statement()).isEqualTo(2);
                    assertThat(e.line()).isEqualTo(3);
                });
    }

    @Test
    void tombstonesRemoveAndTheLatestValueStays() throws Exception {
        database.owner().execute("create table seats (flight text primary key, free int, changed timestamptz)");
        SqlJob job = SqlJob.read(SqlJobs.file("seats.sql"));
        run(
                job,
                List.of(
                        record(0, "a", "{\"free\":1}"),
                        record(1, "b", "{\"free\":2}"),
                        record(2, "a", "{\"free\":3}")));
        assertThat(database.query("select flight, free, extract(epoch from changed)::int from seats order by 1"))
                .containsExactly("a|3|1", "b|2|1");
        run(
                job,
                List.of(
                        record(3, "a", null),
                        record(4, "b", null),
                        record(5, "b", "{\"free\":4}"),
                        record(6, "c", null)));
        assertThat(database.query("select flight, free from seats order by 1")).containsExactly("b|4");
    }

    @Test
    void everyKindOfStatementReadsTheUnit() throws SQLException {
        database.owner().execute("create table t (k text primary key, v text)", "create table \"Records\" (k text)");
        run(SqlJob.of("""
                        create temporary table staged (k text, v text) on commit drop;
                        insert into staged with r as (select key, value from records) select * from r;
                        with recursive n(i) as (select 1 union all select i + 1 from n where i < 3), r as (select * from records)
                        insert into t select r.key || n.i, r.value ->> 'v' from n, r;
                        update t set v = upper(v) from records r where t.k = r.key || '1' and r.value ? 'v';
                        delete from t using records r where t.k = r.key || '2';
                        (select 1 from records) union (select 2);
                        values ((select count(*) from records));
                        table records;
                        do $$ begin insert into t select k || ';', v from staged; end $$;
                        insert into "Records" select k from staged;
                        """), List.of(record(0, "x", "{\"v\":\"a;b\"}")));
        assertThat(database.query("select k, v from t order by k"))
                .containsExactly("x1|A;B", "x3|a;b", "x;|{\"v\": \"a;b\"}");
        assertThat(database.query("select k from \"Records\"")).containsExactly("x");
    }

    @Tag("exhaustive")
    @Test
    void recordsThatCannotBeReadAreParkedAndTheRestTakesEffect() throws Exception {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("sql-bad"), 1);
        Map<Integer, byte[]> bad = Map.of(
                100, bytes("{\"origin\":"),
                200, bytes("{\"origin\":\"A\\u0000B\",\"delay\":1}"),
                201, new byte[] {'"', (byte) 0xff, '"'},
                900, bytes("\"zero \u0000\""),
                950, bytes("{\"origin\":\"ABC\",\"delay\":\"late\"}"));
        List<Flight> flights = Flights.sample();
        List<Flight> good = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(
                Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, kafka.bootstrapServers()),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (int i = 0; i < 1_000; i++) {
                Flight flight = flights.get(i);
                byte[] value = bad.getOrDefault(i, bytes(flight.json()));
                if (!bad.containsKey(i)) {
                    good.add(flight);
                }
                var unused = producer.send(new ProducerRecord<>(topic, 0, bytes(flight.key()), value));
            }
        }
        try (Running running = start(kafka, topic, SqlJob.read(SqlJobs.file("flights.sql")), UnitLimits.defaults())) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 1_000);
            running.until("ready", () -> running.consumer().health().ready());
        }
        ExactlyOnce.assertApplied(
                database,
                new TopicPartition(topic, 0),
                LongStream.range(0, 1_000).filter(offset -> !bad.containsKey((int) offset)));
        assertThat(database.query("select sum(departures), sum(total_delay) from airport"))
                .containsExactly(good.size() + "|"
                        + good.stream().mapToLong(Flight::delay).sum());
        assertThat(database.query("select record_offset, error_code, error_class,"
                        + " substring(error_message from 'statement . at line .+: ERROR: (.{12})')"
                        + " from tidemark.dead_letter order by 1"))
                .containsExactly(
                        "100|TM-502|" + statementFailed("22P02 (invalid text representation)") + "|invalid inpu",
                        "200|TM-502|" + statementFailed("22P05 (untranslatable character)") + "|unsupported ",
                        "201|TM-502|" + statementFailed("22021 (character not in repertoire)") + "|invalid byte",
                        "900|TM-502|" + statementFailed("22021 (character not in repertoire)") + "|invalid byte",
                        "950|TM-502|" + statementFailed("22P02 (invalid text representation)") + "|invalid inpu");
    }

    @Test
    void sqlThatIsWrongHaltsAndParksNothing() {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("sql-wrong"), 1);
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, Flights.sample().subList(0, 10));
        }
        SqlJob job = SqlJob.of("insert into applied (topic) select no_such_column from records");
        try (Running running = start(kafka, topic, job, UnitLimits.defaults())) {
            assertThat(running.failure())
                    .isInstanceOfSatisfying(
                            RecordFailedException.class,
                            e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_THE_RECORD))
                    .hasMessageContaining("42703");
        }
        assertThat(database.query("select 1 from tidemark.dead_letter")).isEmpty();
    }

    @Test
    void theServerLooksAtAJobBeforeItRuns() throws Exception {
        try (Connection c = database.connect()) {
            SqlJob.read(SqlJobs.file("flights.sql")).check(c);
            SqlJob.of("create temporary table s (k text) on commit drop; insert into s select key from records")
                    .check(c);
            assertThatThrownBy(() -> SqlJob.of("select 1 from records;\n-- next\nselect nothing from records")
                            .check(c))
                    .isInstanceOfSatisfying(
                            StatementFailedException.class,
                            e -> assertThat(e.getSQLState()).isEqualTo("42703"))
                    .hasMessageContaining("statement 2 at line 3");
            assertThatThrownBy(() -> SqlJob.of("insert into applied selec").check(c))
                    .hasMessageContaining("selec");
            assertThat(database.query("select 1 from applied")).isEmpty();
        }
    }

    @Test
    void aJobIsReadAsPsqlReadsIt(@TempDir Path directory) throws Exception {
        database.owner().execute("create table reading (n int, note text)", "create table load_stats (records int)");
        List<ConsumerRecord<byte[], byte[]>> three =
                List.of(record(0, "a", "{\"n\":1}"), record(1, "b", "{\"n\":2}"), record(2, "c", "{\"n\":3}"));
        // A function's body holds semicolons of its own.
        run(SqlJob.of("""
                        create temporary view two as select 2 as n;
                        create function pg_temp.next_number(i int) returns int language sql
                        begin atomic
                          select case when i is null then 0 else i + 1 end;
                        end;
                        insert into reading(n) select pg_temp.next_number((value->>'n')::int) from records;
                        drop function pg_temp.next_number; drop view two;
                        """), three);
        assertThat(database.query("select n from reading order by 1")).containsExactly("2", "3", "4");
        // Some editors begin a file with a byte order mark.
        Path bom = Files.writeString(
                directory.resolve("bom.sql"),
                "\ufeffinsert into reading(n) select 10 * (value->>'n')::int from records;");
        run(SqlJob.read(bom), three);
        assertThat(database.query("select n from reading where n >= 10 order by 1"))
                .containsExactly("10", "20", "30");
        // A column may be called records.
        run(SqlJob.of("""
                        create temporary table unit_size (records int) on commit drop;
                        insert into unit_size select count(*) from records;
                        insert into load_stats(records) select records from unit_size;
                        """), three);
        assertThat(database.query("select records from load_stats")).containsExactly("3");
    }

    @Test
    void anErrorNamesThePlaceInTheJob() throws Exception {
        Map<String, String> places = new LinkedHashMap<>();
        places.put(
                "-- a job of 3 lines\ninsert into applied (topic) select 1, nope\n  from records;",
                "line 2, column 39");
        places.put("select 1;\r\n\n select nope from records", "line 3, column 9");
        places.put("select 1; with a as (select 1)\nselect nope from a, records", "line 2, column 8");
        places.put(
                "select 1; /* \u00fc\ud83d\ude00 ? */ select '\ud83d\ude00?', value ? 'a' and nope from records",
                "line 1, column 51");
        places.put("\ufeffselect nope from records", "line 1, column 8");
        places.put("select 1; select nope", "line 1, column 18");
        places.put("insert into applied selec t from records", "line 1, column 21");
        for (Map.Entry<String, String> place : places.entrySet()) {
            try (Connection c = database.connect()) {
                SqlJob job = SqlJob.of(place.getKey(), SqlJobOptions.defaults().withoutRecords());
                assertThatThrownBy(() -> job.check(c))
                        .isInstanceOf(StatementFailedException.class)
                        .hasMessageEndingWith("(" + place.getValue() + ")")
                        .hasMessageNotContaining("Position");
                assertThatThrownBy(() -> run(job, List.of(record(0, "k", "{}"))))
                        .isInstanceOf(StatementFailedException.class)
                        .hasMessageEndingWith("(" + place.getValue() + ")");
            }
        }
        // Where the place is in what Tidemark adds, the job has none.
        assertThatThrownBy(() ->
                        run(SqlJob.of("select length(value::text) from records"), List.of(record(0, "k", "no json"))))
                .hasMessageContaining("statement 1 at line 1: ERROR: ")
                .hasMessageNotContaining("Position");
    }

    /** What a temporary table per unit would cost: 36 rows in the catalogs and 36 dead ones, each time. */
    @Test
    void unitsLeaveNothingInTheCatalogs() throws IOException {
        String written =
                "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) from pg_stat_sys_tables where relname in"
                        + " ('pg_class', 'pg_attribute', 'pg_type', 'pg_depend', 'pg_index')";
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("sql-catalog"), 1);
        List<Flight> flights = Flights.sample().subList(0, 300);
        try (var producer = kafka.producer()) {
            Servers.produce(producer, topic, flights);
        }
        long before = database.number(written);
        try (Running running = start(
                kafka,
                topic,
                SqlJob.read(SqlJobs.file("flights.sql")),
                UnitLimits.defaults().withMaxRecords(1))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == flights.size());
        }
        // The sessions have ended, and with that their statistics are there.
        assertThat(database.number(written) - before)
                .as("rows written to catalogs")
                .isLessThan(50);
    }

    @Test
    void aLargeUnitIsReadAsOne() throws SQLException {
        database.owner().execute("create table seen (n int, bytes bigint)");
        String value = "{\"v\":\"" + "x".repeat(20_000) + "\"}";
        run(
                SqlJob.of("insert into seen select count(*), sum(length(value->>'v')) from records"),
                IntStream.range(0, 1_000).mapToObj(i -> record(i, "k", value)).toList());
        assertThat(database.query("select n, bytes from seen")).containsExactly("1000|20000000");
    }
}

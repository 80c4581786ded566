package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.RecordHandler;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.sql.SqlJob;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.http.HttpConnectTimeoutException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A record is given up only on evidence that the failure is its own, for Java handlers and SQL jobs alike. */
@Tag("exhaustive")
class VerdictIT {
    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("verdict"), 1);
    private final Set<Integer> bad = new TreeSet<>();

    /** How the same SQL is run. */
    enum How {
        HANDLER,
        BATCH,
        JOB
    }

    @BeforeEach
    void tables() {
        database.superuser()
                .execute("create extension if not exists ltree", "create extension if not exists postgres_fdw");
        database.owner()
                .execute(
                        "create table reading (n int, note text)",
                        "create table place (n int, path ltree)",
                        "create procedure flush_all() language plpgsql as $$ begin commit; end $$",
                        "create procedure undo_all() language plpgsql as $$ begin rollback; end $$");
    }

    /** They arrive together: whether a record has neighbours changes what becomes of it. */
    private void send(int from, int to) {
        try (var producer = kafka.batchingProducer()) {
            for (int n = from; n < to; n++) {
                String path = bad.contains(n) ? "top..sub tree" : "top.sub";
                var unused = producer.send(
                        new ProducerRecord<>(topic, 0, null, "{\"n\":" + n + ",\"path\":\"" + path + "\"}"));
            }
        }
    }

    private Running start(How how, FailurePolicy policy, String sql) {
        if (how == How.JOB) {
            return Running.start(
                    database,
                    kafka.consumerConfig(topic, "cooperative"),
                    builder -> builder.topics(topic)
                            .onFailure(policy)
                            .deserializers(ByteArrayDeserializer::new, ByteArrayDeserializer::new)
                            .handleBatch(SqlJob.of(sql)));
        }
        String[] statements =
                sql.replace("from records", "from (select ?::jsonb as value) r").split(";");
        RecordHandler<String, String> handler = (record, tx) -> {
            for (String statement : statements) {
                if (statement.contains("?")) {
                    tx.execute(statement, record.value());
                } else {
                    tx.execute(statement);
                }
            }
        };
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> how == How.HANDLER
                        ? builder.topics(topic).onFailure(policy).handle(handler)
                        : builder.topics(topic).onFailure(policy).handleBatch((records, tx) -> {
                            for (ConsumerRecord<String, String> record : records) {
                                handler.handle(record, tx);
                            }
                        }));
    }

    private long stored() {
        return ExactlyOnce.progress(database, topic);
    }

    private List<String> parked() {
        return database.query("select record_offset from tidemark.dead_letter order by 1");
    }

    private static List<String> words(IntStream numbers) {
        return numbers.mapToObj(Integer::toString).toList();
    }

    private void untilHalted(Running running, String code) {
        assertThat(running.failure()).hasMessageContaining(code);
        assertThat(parked()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aBadRecordOfAnyClassIsParkedByItself(How how) {
        bad.add(1);
        send(0, 3);
        try (Running running = start(
                how,
                FailurePolicy.park(),
                "insert into place select (value->>'n')::int, (value->>'path')::ltree from records")) {
            running.until("all read", () -> stored() == 3);
        }
        assertThat(parked()).containsExactly("1");
        assertThat(database.query("select n from place order by n")).containsExactly("0", "2");
        assertThat(database.query("select error_stack like '%42601%' or error_message like '%ltree%'"
                        + " from tidemark.dead_letter"))
                .containsExactly("t");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "42601", "42P01", "42883", "XX000", "0A000", "P0001", "38000", "2F002", "21000", "HV000", "08P01",
                "26000", "42P05"
            })
    void oneThatFailsAmongOthersIsItselfWhateverItsCode(String code) {
        bad.addAll(List.of(0, 7, 8, 19));
        AtomicInteger unlucky = new AtomicInteger();
        RecordHandler<String, String> handler = (record, tx) -> {
            tx.execute("insert into reading values (?)", record.offset());
            if (bad.contains((int) record.offset())) {
                unlucky.incrementAndGet();
                tx.execute("do $$ begin raise exception using errcode = '" + code + "'; end $$");
            }
        };
        send(0, 20);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle(handler))) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(parked()).containsExactly("0", "7", "8", "19");
        assertThat(database.query("select n from reading order by n"))
                .isEqualTo(words(IntStream.range(0, 20).filter(n -> !bad.contains(n))));
        assertThat(unlucky.get()).isPositive();
    }

    static Stream<String> brokenTransactions() {
        return Stream.of(
                "call flush_all()",
                "call undo_all()",
                "release savepoint nowhere",
                "set transaction isolation level serializable");
    }

    @ParameterizedTest
    @MethodSource("brokenTransactions")
    void whatEndsTheTransactionHaltsAtTheFirstRecord(String statement) {
        send(0, 4);
        for (How how : new How[] {How.HANDLER, How.BATCH}) {
            try (Running running = start(
                    how,
                    FailurePolicy.park(),
                    "insert into reading(n) select (value->>'n')::int from records; " + statement)) {
                untilHalted(running, "TM-50");
            }
        }
        assertThat(stored()).isZero();
        assertThat(database.number("select count(*) from reading")).isZero();
    }

    @Test
    void aJobWhoseProcedureCommitsHaltsAtTheFirstRecord() {
        send(0, 4);
        try (Running running = start(
                How.JOB,
                FailurePolicy.skip(),
                "insert into reading(n) select (value->>'n')::int from records; call flush_all();")) {
            untilHalted(running, "TM-501");
        }
        assertThat(stored()).isZero();
        assertThat(database.number("select count(*) from reading")).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void aForeignServerThatIsDownIsWaitedFor(How how) {
        String port = Integer.toString(database.server().port());
        database.superuser()
                .execute(
                        "create server away foreign data wrapper postgres_fdw options (host 'localhost', port '1', dbname '"
                                + database.name() + "')",
                        "create user mapping for public server away options (user 'postgres', password 'x', password_required 'false')",
                        "create foreign table remote_reading (n int, note text) server away options (table_name 'reading')",
                        "grant insert on remote_reading to public");
        send(0, 4);
        try (Running running = start(
                how, FailurePolicy.park(), "insert into remote_reading(n) select (value->>'n')::int from records")) {
            running.until(
                    "it waits",
                    () -> running.consumer().status().partitions().stream()
                            .anyMatch(p -> p.state() == PartitionState.RETRYING));
            assertThat(parked()).isEmpty();
            database.superuser().execute("alter server away options (set port '" + port + "')");
            running.until("all read", () -> stored() == 4);
        }
        assertThat(parked()).isEmpty();
        assertThat(database.number("select count(*) from reading")).isEqualTo(4);
    }

    /** What says of itself that it passes; each from deep within. */
    private static final Map<String, Throwable> PASSING = Map.of(
            "Kafka's retriable", new SerializationException("x", new DisconnectException("registry")),
            "a connection refused", new IllegalStateException(new ConnectException("refused")),
            "a read that timed out", new UncheckedIOException(new SocketTimeoutException("slow")),
            "an HTTP time-out", new RuntimeException(new IOException(new HttpConnectTimeoutException("slow"))),
            "another database", new RuntimeException(new SQLException("away", "08001")),
            "another database's disk", new IllegalArgumentException(new SQLException("full", "53100")));

    static Stream<String> passing() {
        return PASSING.keySet().stream().sorted();
    }

    private static RuntimeException unchecked(Throwable failure) {
        return failure instanceof RuntimeException e ? e : new IllegalStateException(failure);
    }

    private void outageOf(Throwable failure, boolean whileDecoding) {
        AtomicInteger calls = new AtomicInteger();
        AtomicBoolean away = new AtomicBoolean(true);
        send(0, 60);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.skip())
                        .deserializers(StringDeserializer::new, () -> new StringDeserializer() {
                            @Override
                            public String deserialize(String name, byte[] data) {
                                if (whileDecoding && away.get()) {
                                    calls.incrementAndGet();
                                    throw unchecked(failure);
                                }
                                return super.deserialize(name, data);
                            }
                        })
                        .handle((record, tx) -> {
                            tx.execute("insert into reading values (?)", record.offset());
                            if (!whileDecoding && away.get()) {
                                calls.incrementAndGet();
                                throw unchecked(failure);
                            }
                        }))) {
            running.until("it was tried and waits", () -> calls.get() >= 3);
            away.set(false);
            running.until("all read", () -> stored() == 60);
        }
        assertThat(database.query("select n from reading order by n")).isEqualTo(words(IntStream.range(0, 60)));
    }

    @ParameterizedTest
    @MethodSource("passing")
    void whatPassesIsWaitedForInAHandler(String name) {
        outageOf(Objects.requireNonNull(PASSING.get(name)), false);
    }

    @Provokes(ErrorCode.DEPENDENCY_UNAVAILABLE)
    @ParameterizedTest
    @MethodSource("passing")
    void whatPassesIsWaitedForInADeserializer(String name) {
        outageOf(Objects.requireNonNull(PASSING.get(name)), true);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClassThatIsMissingHaltsAtTheFirstRecord(boolean whileDecoding) {
        send(0, 60);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.skip())
                        .deserializers(StringDeserializer::new, () -> new StringDeserializer() {
                            @Override
                            public String deserialize(String name, byte[] data) {
                                if (whileDecoding) {
                                    throw new NoClassDefFoundError("a/b/C");
                                }
                                return super.deserialize(name, data);
                            }
                        })
                        .handle((record, tx) -> {
                            throw new ExceptionInInitializerError(new IllegalStateException());
                        }))) {
            untilHalted(running, "TM-505");
        }
        assertThat(stored()).isZero();
    }

    static Stream<Throwable> alike() {
        return Stream.of(
                new IllegalStateException("all"),
                new NullPointerException(),
                new SQLException("no such function", "42883"),
                new SQLException("bad input", "22P02"),
                new SQLException("not null", "23502"),
                new StackOverflowError());
    }

    @ParameterizedTest
    @MethodSource("alike")
    void whereAllFailAlikeNoneIsGivenUp(Throwable failure) {
        send(0, 60);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.skip()).handle((record, tx) -> {
                    if (failure instanceof Exception e) {
                        throw e;
                    }
                    throw (Error) failure;
                }))) {
            untilHalted(running, "TM-505");
        }
        assertThat(stored()).isZero();
    }

    @Test
    void aWrongDeserializerEmptiesNoTopic() {
        send(0, 60);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.park())
                        .deserializers(
                                StringDeserializer::new, org.apache.kafka.common.serialization.LongDeserializer::new)
                        .handle((record, tx) -> tx.execute("insert into reading values (1)")))) {
            untilHalted(running, "TM-505");
        }
        assertThat(stored()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"IllegalStateException", "23502"})
    void recordsThatComeSinglyAreGivenUpAsLongAsThatIsCredible(String failure) {
        List<Long> tried = new ArrayList<>();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    tried.add(record.offset());
                    if (failure.equals("23502")) {
                        tx.execute("do $$ begin raise not_null_violation; end $$");
                    }
                    throw new IllegalStateException();
                }))) {
            for (int n = 0; n < 3; n++) {
                send(n, n + 1);
                int parked = n + 1;
                running.until("parked", () -> stored() == parked);
            }
            send(3, 4);
            if (failure.equals("23502")) {
                running.until("the data speak for themselves", () -> stored() == 4);
            } else {
                assertThat(running.failure()).hasMessageContaining("TM-505");
                assertThat(stored()).isEqualTo(3);
            }
        }
        assertThat(tried).contains(3L);
    }

    /** What the schema has no room for, while each record comes by itself: nothing but their number shows it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "insert into numbered (note) values ('x')",
                "insert into divided values (1000)",
                "insert into low values (1000)"
            })
    void aSchemaThatHasNoRoomIsNoRecordsFault(String sql) {
        room();
        database.owner()
                .execute("insert into numbered (note) values ('a')", "insert into numbered (note) values ('b')");
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> tx.execute(sql)))) {
            for (int n = 0; n < 3; n++) {
                send(n, n + 1);
                int parked = n + 1;
                running.until("parked", () -> stored() == parked);
            }
            send(3, 4);
            assertThat(running.failure()).hasMessageContaining("TM-505");
        }
        assertThat(parked()).containsExactly("0", "1", "2");
    }

    /** A record that has no place among others that have one. */
    @ParameterizedTest
    @ValueSource(strings = {"divided", "low", "checked", "of_domain"})
    void aRecordThatHasNoPlaceAmongOthersIsParked(String table) {
        room();
        bad.addAll(List.of(2, 9));
        send(0, 20);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    tx.execute("insert into reading values (?)", record.offset());
                    tx.execute("insert into " + table + " values (?)", bad.contains((int) record.offset()) ? 1000 : 1);
                }))) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(parked()).containsExactly("2", "9");
    }

    /** A check that a table or a domain names is about the record, however many break it one after the other. */
    @ParameterizedTest
    @ValueSource(
            strings = {"insert into checked values (1000)", "insert into of_domain values (1000)", "select check_it()"})
    void aCheckIsAboutTheRecord(String sql) {
        room();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> tx.execute(sql)))) {
            for (int n = 0; n < 5; n++) {
                send(n, n + 1);
                int parked = n + 1;
                running.until("parked", () -> stored() == parked);
            }
        }
        assertThat(parked()).hasSize(5);
    }

    private void room() {
        database.owner()
                .execute(
                        "create sequence few maxvalue 2",
                        "grant usage on sequence few to public",
                        "create table numbered (id int default nextval('few'), note text)",
                        "create table divided (n int) partition by range (n)",
                        "create table low partition of divided for values from (0) to (100)",
                        "create table checked (n int check (n < 100))",
                        "create domain small as int check (value < 100)",
                        "create table of_domain (n small)",
                        "create function check_it() returns void language plpgsql as $$ begin"
                                + " raise exception using errcode = 'check_violation'; end $$");
    }

    @Test
    void anOutageThatBeginsBetweenTwoRecordsDoesNotLookLikeABadOne() {
        AtomicBoolean away = new AtomicBoolean();
        AtomicInteger refused = new AtomicInteger();
        send(0, 500);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.retry(2, java.time.Duration.ofMillis(1))
                                .thenSkip())
                        .limits(UnitLimits.defaults().withMaxRecords(10))
                        .handle((record, tx) -> apply(record, tx, away, refused)))) {
            assertThat(running.failure()).hasMessageContaining("TM-505");
        }
        assertThat(refused.get()).isPositive();
        long reached = stored();
        assertThat(database.query("select n from reading order by n"))
                .isEqualTo(words(IntStream.range(0, (int) reached)));
        assertThat(database.number("select count(*) from tidemark.audit_log where action = 'skip'"))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "handler, 2, 1", "handler, 3, 1", "handler, 5, 1", "batch, 2, 1", "batch, 3, 1", "batch, 5, 1", "decode, 2, 1",
        "decode, 3, 1", "decode, 5, 1", "handler, 4, 2", "handler, 6, 3", "handler, 10, 5", "batch, 4, 2", "batch, 6, 3"
    })
    void whereTriesFailNowAndThenNoRecordIsGivenUp(String where, int period, int failing) {
        AtomicInteger tries = new AtomicInteger();
        Runnable flaky = () -> {
            if (tries.incrementAndGet() % period < failing) {
                throw new IllegalStateException("every so often");
            }
        };
        send(0, 60);
        try (Running running = Running.start(database, kafka.consumerConfig(topic, "cooperative"), builder -> {
            var any = builder.topics(topic)
                    .limits(UnitLimits.defaults().withMaxRecords(4))
                    .onFailure(FailurePolicy.park())
                    .deserializers(StringDeserializer::new, () -> (name, data) -> {
                        if (where.equals("decode")) {
                            flaky.run();
                        }
                        return new String(data, StandardCharsets.UTF_8);
                    });
            return where.equals("batch")
                    ? any.handleBatch((records, tx) -> {
                        for (ConsumerRecord<String, String> record : records) {
                            tx.execute("insert into reading values (?)", record.offset());
                        }
                        flaky.run();
                    })
                    : any.handle((record, tx) -> {
                        tx.execute("insert into reading values (?)", record.offset());
                        if (where.equals("handler")) {
                            flaky.run();
                        }
                    });
        })) {
            running.until("all read", () -> stored() == 60);
        }
        assertThat(parked()).isEmpty();
        assertThat(database.query("select n from reading order by n")).isEqualTo(words(IntStream.range(0, 60)));
        assertThat(tries.get()).isGreaterThan(period);
    }

    @Test
    void whatIsCredibleIsCountedByTopicWhateverThePartition() {
        String wide = kafka.createTopic(Servers.unique("wide"), 6);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(wide).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    throw new IllegalStateException();
                }))) {
            for (int partition = 0; partition < 3; partition++) {
                sendTo(wide, partition);
                int parked = partition + 1;
                running.until("parked", () -> parked().size() == parked);
            }
            sendTo(wide, 3);
            running.until(
                    "halted",
                    () -> running.consumer().status().partitions().stream()
                            .anyMatch(p -> p.state() == PartitionState.HALTED
                                    && p.lastError()
                                            .map(Problem::toString)
                                            .orElse("")
                                            .contains("TM-505")));
        }
        assertThat(parked()).hasSize(3);
    }

    private void sendTo(String to, int partition) {
        try (var producer = kafka.producer()) {
            var unused = producer.send(new ProducerRecord<>(to, partition, null, "one"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void recordsThatAreIgnoredProveNothing(How how) {
        database.owner()
                .execute("create function keep(i int) returns void language plpgsql as"
                        + " $$ begin insert into reading(n) values (i); end $$");
        send(0, 2);
        try (Running running = start(
                how,
                FailurePolicy.park(),
                "select keep((value->>'n')::int) from records where (value->>'n')::int % 2 = 1")) {
            running.until("two read", () -> stored() == 2);
            database.owner().execute("alter table reading rename to renamed");
            send(2, 42);
            assertThat(running.failure()).hasMessageContaining("TM-505");
        }
        assertThat(parked()).isEmpty();
        assertThat(stored()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"select keep(1, 'sad')", "insert into moods values (1, 'sad')"})
    void whatAnOldSessionHasKeptOfATypeIsNoRecordsFault(String statement) {
        String[] ddl = {
            "create type mood as enum ('sad', 'glad')",
            "create table moods (n int, m mood)",
            "create or replace function keep(i int, t text) returns void language plpgsql as"
                    + " $$ declare x mood := t; begin insert into moods values (i, x); end $$"
        };
        database.owner().execute(ddl);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    try (var s = tx.getConnection().prepareStatement(statement)) {
                        s.execute();
                    }
                }))) {
            for (int n = 0; n < 8; n++) {
                send(n, n + 1);
                int sent = n + 1;
                running.until("read " + n, () -> stored() == sent);
            }
            database.owner().execute("drop table moods", "drop type mood cascade");
            database.owner().execute(ddl);
            send(8, 12);
            running.until("all read", () -> stored() == 12);
        }
        assertThat(parked()).isEmpty();
        assertThat(database.number("select count(*) from moods")).isEqualTo(4);
    }

    /** An error that says nothing of itself begins at record 237, for all. */
    private static void apply(
            ConsumerRecord<String, String> record, Handle tx, AtomicBoolean away, AtomicInteger refused) {
        if (record.offset() == 237) {
            away.set(true);
        }
        if (away.get()) {
            refused.incrementAndGet();
            throw new IllegalStateException("no licence");
        }
        tx.execute("insert into reading values (?)", record.offset());
    }
}

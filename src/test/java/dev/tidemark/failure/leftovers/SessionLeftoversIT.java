package dev.tidemark.failure.leftovers;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.RedriveResult;
import dev.tidemark.UnitLimits;
import dev.tidemark.failure.FailureCase;
import dev.tidemark.failure.NamedPolicies;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.KeptSessions;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a record's handler leaves in the database session gives up no other record. */
@Tag("exhaustive")
class SessionLeftoversIT extends LeftoversCase {
    @BeforeEach
    void table() {
        database.owner().execute("create table written (n int)");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "create temp table passing (n int)",
                "prepare passing as select 1",
                "set search_path = nowhere",
                "set standard_conforming_strings = off; prepare passing as select 1",
                "set default_transaction_read_only = on",
                "set default_transaction_isolation = 'serializable'; create temp table passing (n int primary key)",
                "set statement_timeout = '30s'; declare passing cursor with hold for select 1"
            })
    void isNoOtherRecordsFailure(String statement) {
        send(0, RECORDS);
        try (Running running = start(FailurePolicy.park(), (record, tx) -> {
            tx.execute("insert into written values (?)", record.offset());
            if (record.offset() % 10 == 7) {
                for (String part : statement.split(";")) {
                    tx.execute(part);
                }
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
            // One by one, so that connections go back to the pool between them.
            for (int n = RECORDS; n < RECORDS + 18; n++) {
                send(n, n + 1);
                int sent = n + 1;
                running.until("read " + n, () -> ExactlyOnce.progress(database, topic) == sent);
            }
        }
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isZero();
        List<String> all =
                IntStream.range(0, RECORDS + 18).mapToObj(Integer::toString).toList();
        assertThat(database.query("select n from written order by n")).isEqualTo(all);
    }

    private Running start(FailurePolicy policy, RecordHandler<String, String> handler) {
        return start(policy, 4, handler);
    }

    /** A healthy record's handler; that of record 17 leaves something behind. */
    private static void writeAndLeave(long offset, Handle tx, String left) {
        tx.execute("insert into written values (?)", offset);
        if (offset == 17) {
            tx.execute(left);
        }
        if (left.contains("timeout") && offset == 24) {
            tx.execute("select pg_sleep(0.4)");
        }
    }

    private void assertWrittenWithout(int... missing) {
        assertThat(database.query("select record_offset from tidemark.dead_letter union all select from_offset from"
                        + " tidemark.audit_log where action = 'skip' order by 1"))
                .isEqualTo(IntStream.of(missing).mapToObj(Integer::toString).toList());
        assertThat(database.query("select n from written order by n"))
                .isEqualTo(IntStream.range(0, RECORDS)
                        .filter(n -> IntStream.of(missing).noneMatch(m -> m == n))
                        .mapToObj(Integer::toString)
                        .toList());
    }

    /** A bad record has shown before that failures of this kind are records' own. */
    @ParameterizedTest
    @CsvSource({
        "park, set search_path = nowhere, insert into nope values (1)",
        "skip, set search_path = nowhere, insert into nope values (1)",
        "park key, create temp table passing (n int), create temp table written2 (n int); create temp table written2 (n int)",
        "park, create temp table passing (n int), create temp table written2 (n int); create temp table written2 (n int)",
        "skip, set statement_timeout = '150ms', set local statement_timeout = '100ms'; select pg_sleep(2)"
    })
    void isNoOtherRecordsFailureAfterOneOfItsKind(String policy, String left, String bad) {
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), (record, tx) -> {
            if (record.offset() == 3) {
                for (String part : bad.split(";")) {
                    tx.execute(part);
                }
            }
            writeAndLeave(record.offset(), tx, left);
            if (left.startsWith("create") && record.offset() == 24) {
                tx.execute(left);
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWrittenWithout(3);
    }

    @ParameterizedTest
    @CsvSource({
        "park, set search_path = nowhere",
        "skip, create temp table written (n int check (n < 0))",
        "park key, set default_transaction_read_only = on",
        "halt, set search_path = nowhere"
    })
    void isNoOtherRecordsFailureBehindAnExceptionOfTheHandlersOwn(String policy, String left) {
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), (record, tx) -> {
            try {
                tx.execute("insert into written values (?)", record.offset());
            } catch (RuntimeException hidden) {
                throw new IllegalStateException("could not write");
            }
            if (record.offset() == 17) {
                tx.execute(left);
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWrittenWithout();
    }

    @ParameterizedTest
    @CsvSource({
        "halt, set search_path = nowhere",
        "retry and halt, set search_path = nowhere",
        "halt, create temp table written (n int check (n < 0))",
        "retry and halt, set statement_timeout = '150ms'",
        "halt, create temp table pg_class (n int)"
    })
    void haltsNoOtherRecord(String policy, String left) {
        send(0, RECORDS);
        try (Running running =
                start(NamedPolicies.policy(policy), (record, tx) -> writeAndLeave(record.offset(), tx, left))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWrittenWithout();
    }

    /** What a rollback keeps: a bad record has shown before that failures of this kind are records' own. */
    @ParameterizedTest
    @ValueSource(strings = {"park", "skip"})
    void whatARollbackKeepsIsNoOtherRecordsFailure(String policy) {
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), RECORDS, (record, tx) -> {
            tx.execute("insert into written values (?)", record.offset());
            if (record.offset() == 3) {
                tx.execute("prepare twice as select 1");
                tx.execute("prepare twice as select 1");
            }
            if (record.offset() == 4) {
                tx.execute("prepare once as select 1");
            }
            if (record.offset() == 5) {
                throw new IllegalStateException("bad");
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWrittenWithout(3, 5);
    }

    @ParameterizedTest
    @CsvSource({
        "prepare, park, P0001, 40, 5",
        "prepare, park, P0001, 40, 5 6",
        "prepare, skip, 22012, 40, 5 6 7 8",
        "prepare, park key, 42P01, 1, 3 20",
        "prepare, park, own, 40, 39",
        "lock, park, P0001, 40, 5 6",
        "lock, skip, own, 40, 5 6 30"
    })
    void cleanUpThatAFailureKeptFromRunningFailsNoOther(
            String what, String policy, String state, int most, String failing) {
        List<Long> bad = Stream.of(failing.split(" ")).map(Long::valueOf).toList();
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), most, (record, tx) -> {
            boolean prepares = what.equals("prepare");
            if (prepares) {
                tx.execute("prepare mine (int) as insert into written values ($1)");
            } else if (!tx.select("select pg_try_advisory_lock(42)")
                    .mapTo(Boolean.class)
                    .one()) {
                throw new IllegalStateException("somebody else has it");
            }
            if (bad.contains(record.offset())) {
                if (state.equals("own")) {
                    throw new IllegalArgumentException("bad");
                }
                tx.execute("do $$ begin raise exception using errcode = '" + state + "'; end $$");
            }
            tx.execute(
                    prepares
                            ? "execute mine (" + record.offset() + ")"
                            : "insert into written values (" + record.offset() + ")");
            tx.execute(prepares ? "deallocate mine" : "select pg_advisory_unlock(42)");
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWrittenWithout(bad.stream().mapToInt(Long::intValue).toArray());
    }

    /** Other sessions would wait for it for as long as the pool keeps this one. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aLockOfTheSessionEndsWithTheFailure(int workers) {
        String two = kafka.createTopic(Servers.unique("locks"), 2);
        try (var producer = kafka.producer()) {
            for (int n = 0; n < RECORDS; n++) {
                var unused = producer.send(new ProducerRecord<>(two, n % 2, null, Integer.toString(n)));
            }
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(two, "cooperative"),
                builder -> builder.topics(two)
                        .workers(workers)
                        .onFailure(FailurePolicy.park())
                        .handle((record, tx) -> {
                            tx.execute("select pg_advisory_lock(42)");
                            tx.execute("insert into written values (?)", Integer.valueOf(record.value()));
                            if (record.value().equals("3")) {
                                tx.execute("do $$ begin raise exception 'bad'; end $$");
                            }
                            tx.execute("select pg_advisory_unlock(42)");
                        }))) {
            running.until("all read", () -> ExactlyOnce.progress(database, two) == RECORDS);
        }
        assertThat(database.query("select n from written order by n"))
                .isEqualTo(IntStream.range(0, RECORDS)
                        .filter(n -> n != 3)
                        .mapToObj(Integer::toString)
                        .toList());
    }

    /** The driver knows, or asks the server, what an earlier handler has set. */
    @ParameterizedTest
    @CsvSource({
        "halt, schema, set search_path = nowhere",
        "park, schema, set search_path = nowhere",
        "skip, isolation, set default_transaction_isolation = 'serializable'",
        "halt, isolation, set default_transaction_isolation = 'serializable'",
        "park, application, set application_name = 'mine'"
    })
    void isNoFailureOfWhoOnlyAsksItsConnection(String policy, String asked, String left) {
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), (record, tx) -> {
            Connection c = tx.getConnection();
            boolean usual = switch (asked) {
                case "schema" -> "public".equals(c.getSchema());
                case "isolation" -> c.getTransactionIsolation() == Connection.TRANSACTION_READ_COMMITTED;
                default -> !"mine".equals(c.getClientInfo("ApplicationName"));
            };
            if (!usual) {
                throw new IllegalStateException("not as usual");
            }
            tx.execute("insert into public.written values (?)", record.offset());
            if (record.offset() == 17) {
                tx.execute(left);
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWrittenWithout();
    }

    /** PostgreSQL looks for a type among temporary tables first. */
    @ParameterizedTest
    @ValueSource(strings = {"text", "uuid", "xid8", "stored_offset"})
    void aTemporaryTableNamedLikeATypeStopsNothing(String name) {
        send(0, RECORDS);
        try (Running running = start(FailurePolicy.halt(), (record, tx) -> {
            tx.execute("insert into written values (" + record.offset() + ")");
            if (record.offset() == 17) {
                tx.execute("create temp table " + name + " (n int)");
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWrittenWithout();
    }

    /** A connection that Tidemark drops on purpose is no trouble of the pool's. */
    @Test
    void thePoolWarnsOfNoConnectionThatIsDropped() {
        send(0, RECORDS);
        String pool = "com.zaxxer.hikari.pool.ProxyConnection";
        var config = kafka.consumerConfig(topic, "cooperative");
        try (LogCapture log = LogCapture.of(String.valueOf(config.get("group.id")), pool)) {
            try (Running running = Running.start(
                    database,
                    config,
                    builder -> builder.topics(topic)
                            .onFailure(FailurePolicy.park())
                            .handle((record, tx) -> {
                                tx.execute("insert into written values (?)", record.offset());
                                if (record.offset() % 10 == 7) {
                                    tx.execute("select 1 / 0");
                                }
                            }))) {
                running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
            }
            assertThat(log.by(pool)).isEmpty();
        }
        assertWrittenWithout(7, 17, 27, 37);
    }

    /** A clean-up by SQL, behind the statement that failed for what was left. */
    @ParameterizedTest
    @CsvSource({"park, log", "park, drop", "halt, drop", "skip, deallocate", "halt, deallocate"})
    void haltsNoOtherRecordThatCleansUpBySql(String policy, String kind) {
        database.owner().execute("create table error_log (n int)", "grant all on error_log to public");
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), (record, tx) -> {
            long n = record.offset();
            try {
                switch (kind) {
                    case "log" -> tx.execute("insert into written values (?)", n);
                    case "drop" -> {
                        tx.execute("create temp table stage as select " + n + " as n");
                        tx.execute("insert into written select n from stage");
                    }
                    default -> {
                        tx.execute("prepare mine as insert into written values (" + n + ")");
                        tx.execute("execute mine");
                    }
                }
            } catch (RuntimeException e) {
                tx.execute("insert into public.error_log values (?)", n);
                throw e;
            }
            if (n != 17) {
                tx.execute(
                        kind.equals("log") ? "select 1" : kind.equals("drop") ? "drop table stage" : "deallocate mine");
            } else if (kind.equals("log")) {
                tx.execute("set search_path = nowhere");
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWrittenWithout();
    }

    /** What the store itself refuses is no trouble of the session's: the run ends, and says why. */
    @ParameterizedTest
    @CsvSource({"park, revoke, TM-204", "park, trigger, TM-900", "skip, trigger, TM-900", "park, column, TM-900"})
    void aRecordThatCannotBeGivenUpEndsTheRun(String policy, String how, String code) {
        switch (how) {
            case "revoke" ->
                database.owner().execute("revoke insert on tidemark.dead_letter from " + DatabaseRole.WRITER.login());
            case "column" ->
                database.owner()
                        .execute("alter table tidemark.dead_letter add column tenant text not null default null");
            default ->
                database.owner()
                        .execute(
                                "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$",
                                "create trigger refuse before insert on tidemark."
                                        + (policy.equals("park") ? "dead_letter" : "audit_log")
                                        + " for each row execute function refuse()");
        }
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), (record, tx) -> {
            tx.execute("insert into written values (?)", record.offset());
            if (record.offset() == 7) {
                tx.execute("select 1 / 0");
            }
        })) {
            assertThat(running.failure()).hasMessageContaining(code);
        }
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(7);
    }

    /** DDL of its own under its own prepared statement fails in each session, also while another partition keeps the worker busy. */
    @ParameterizedTest
    @CsvSource({"park, kept", "skip, kept", "park key, lookup", "halt, kept", "skip, structure"})
    void whatADoomedRecordMakesStaleItselfIsItsOwn(String policy, String kind) {
        database.superuser()
                .execute(
                        "create table changing (n int)",
                        "alter table changing owner to " + DatabaseRole.WRITER.login(),
                        "create table of_others (n int)",
                        "grant all on of_others to public");
        String busy = kafka.createTopic(Servers.unique("busy"), 1);
        send(0, RECORDS);
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic, busy)
                                .workers(1)
                                .limits(UnitLimits.defaults().withMaxRecords(4))
                                .onFailure(NamedPolicies.policy(policy))
                                .handle((record, tx) -> {
                                    if (record.topic().equals(busy)) {
                                        tx.execute("insert into of_others values (?)", record.offset());
                                        return;
                                    }
                                    tx.execute("insert into written values (?)", record.offset());
                                    if (record.offset() == 7) {
                                        STALE.get(kind).forEach(tx::execute);
                                    }
                                }))) {
            boolean halts = policy.equals("halt");
            running.until("read", () -> {
                var unused = producer.send(new ProducerRecord<>(busy, 0, null, "x"));
                return halts ? FailureCase.isHalted(running) : position() == RECORDS;
            });
            if (halts) {
                assertThat(position()).isEqualTo(7);
            } else {
                assertWrittenWithout(7);
            }
        }
    }

    /** The group reads another topic, too. */
    private long position() {
        return database.number(
                "select coalesce(sum(next_offset), 0) from tidemark.stored_offset where topic = '" + topic + "'");
    }

    private static final Map<String, List<String>> STALE = Map.of(
            "kept",
            List.of(
                    "prepare mine as select * from changing",
                    "alter table changing add column more int",
                    "execute mine"),
            "lookup",
            List.of("do $$ begin raise exception 'cache lookup failed for type 1' using errcode = 'XX000'; end $$"),
            "structure",
            List.of("do $$ begin raise exception 'structure of query does not match' using errcode = '42804'; end $$"));

    /** Where each session has been used before, nobody can tell whose failure it is. */
    @ParameterizedTest
    @CsvSource({
        "park, set search_path = nowhere",
        "skip, create temp table written (n int check (n < 0))",
        "park key, create temp table written (n int unique check (n = 17))",
        "halt, set search_path = nowhere"
    })
    void haltsWithItsReasonWhereThePoolKeepsItsSessions(String policy, String left) throws Exception {
        send(0, RECORDS);
        HikariConfig config = new HikariConfig();
        config.setDataSource(new KeptSessions(database, 3));
        config.setMaximumPoolSize(3);
        try (Running running = Running.start(
                new HikariDataSource(config),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .workers(1)
                        .onFailure(NamedPolicies.policy(policy))
                        .limits(UnitLimits.defaults().withMaxRecords(1))
                        .handle((record, tx) -> {
                            tx.execute("insert into written values (?)", record.offset());
                            if (record.offset() >= 17) {
                                tx.execute(left);
                            }
                        }))) {
            assertThat(running.failure())
                    .hasMessageContaining(policy.equals("halt") ? "TM-502" : "TM-505")
                    .hasMessageContaining("sessions that handlers have used");
        }
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isZero();
        assertThat(database.number("select count(*) from tidemark.audit_log where action = 'skip'"))
                .isZero();
    }

    /** Letters are applied one after the other on one connection. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "set default_transaction_read_only = on",
                "set search_path = nowhere",
                "create temp table written (n int check (n < 0))",
                "create temp table text (n int)",
                "set default_transaction_isolation = 'serializable'",
                "prepare mine as select 1"
            })
    void keepsNoOtherLetterFromBeingApplied(String left) {
        AtomicBoolean fixed = new AtomicBoolean();
        send(0, 12);
        try (Running running = start(FailurePolicy.park(), (record, tx) -> {
            if (!fixed.get() && record.offset() % 2 == 1) {
                throw new IllegalStateException("bad");
            }
            tx.execute("insert into written values (?)", record.offset());
            if (left.startsWith("prepare") || record.offset() == 5) {
                tx.execute(left);
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 12);
            fixed.set(true);
            List<Long> ids = database.query("select id from tidemark.dead_letter order by record_offset").stream()
                    .map(Long::parseLong)
                    .toList();
            assertThat(running.consumer().redrive(ids))
                    .extracting(RedriveResult::status)
                    .containsOnly(RedriveResult.Status.APPLIED);
        }
        assertThat(database.query("select n from written order by n"))
                .isEqualTo(IntStream.range(0, 12).mapToObj(Integer::toString).toList());
    }
}

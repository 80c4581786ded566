package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.sql.SqlJob;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.UnableToExecuteStatementException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Another session holds a lock that a unit needs: Tidemark waits for it, whatever time limits are set, and no record is given up for it. */
@Tag("exhaustive")
class HeldLocksIT {
    private static final int RECORDS = 40;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("held"), 2);
    private volatile int bad = -1;

    /** What is held. */
    enum Held {
        OFFSET_ROW("select from tidemark.stored_offset where partition = 0 for update"),
        OFFSET_TABLE("lock table tidemark.stored_offset in share mode"),
        EFFECT_ROW("update total set n = n where partition = 0"),
        EFFECT_TABLE("lock table total in exclusive mode"),
        /** Whatever is given up waits for it. */
        DEAD_LETTERS("lock table tidemark.dead_letter in exclusive mode"),
        AUDIT_LOG("lock table tidemark.audit_log in exclusive mode");

        private final String sql;

        Held(String sql) {
            this.sql = sql;
        }

        boolean isForGivingUp() {
            return this == DEAD_LETTERS || this == AUDIT_LOG;
        }
    }

    @BeforeEach
    void tables() {
        database.owner()
                .execute(
                        "create table done (partition int, n bigint)",
                        "create table total (partition int primary key, n bigint)",
                        "insert into total values (0, 0), (1, 0)");
    }

    private void send(int from, int to) {
        try (var producer = kafka.producer()) {
            for (int n = from; n < to; n++) {
                for (int partition = 0; partition < 2; partition++) {
                    var unused = producer.send(new ProducerRecord<>(topic, partition, null, Integer.toString(n)));
                }
            }
        }
    }

    private void handle(ConsumerRecord<String, String> record, Handle tx) {
        tx.execute("insert into done values (?, ?)", record.partition(), record.offset());
        tx.execute("update total set n = n + 1 where partition = ?", record.partition());
        if (record.partition() == 0 && record.offset() == bad) {
            tx.execute("select 1 / 0");
        }
    }

    private Running start(FailurePolicy policy, String timeout) {
        if (!timeout.isEmpty()) {
            database.superuser()
                    .execute("alter role " + database.writer().role() + " in database " + database.name() + " set "
                            + timeout);
        }
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(policy).handle(this::handle));
    }

    private long stored(int partition) {
        return ExactlyOnce.stored(database, topic, new TopicPartition(topic, partition));
    }

    private static boolean isRetrying(Running running) {
        return running.consumer().status().partitions().stream().anyMatch(p -> p.state() == PartitionState.RETRYING);
    }

    private void assertAllDone(List<Integer> without) {
        for (int partition = 0; partition < 2; partition++) {
            int current = partition;
            List<String> expected = IntStream.range(0, RECORDS)
                    .filter(n -> current != 0 || !without.contains(n))
                    .mapToObj(Integer::toString)
                    .toList();
            assertThat(database.query("select n from done where partition = " + partition + " order by n"))
                    .isEqualTo(expected);
            assertThat(database.number("select n from total where partition = " + partition))
                    .isEqualTo(expected.size());
        }
    }

    private void assertGivenUp(int records) {
        assertThat(database.number("select count(*) from tidemark.audit_log where action in ('skip', 'park')"))
                .isEqualTo(records);
    }

    @ParameterizedTest
    @EnumSource
    void isWaitedForWhateverTheTimeLimit(Held held) throws SQLException {
        FailurePolicy policy = held == Held.DEAD_LETTERS ? FailurePolicy.park() : FailurePolicy.skip();
        try (Running running = start(policy, "statement_timeout = '1s'");
                Connection person = database.superuser().connect();
                Statement s = person.createStatement()) {
            send(0, RECORDS / 2);
            running.until("the first half", () -> ExactlyOnce.progress(database, topic) == RECORDS);
            person.setAutoCommit(false);
            s.execute(held.sql);
            if (held.isForGivingUp()) {
                bad = RECORDS / 2 + 3;
            }
            send(RECORDS / 2, RECORDS);
            AtomicInteger retries = new AtomicInteger();
            running.until("it has waited for more than one time limit", () -> {
                retries.addAndGet(isRetrying(running) ? 1 : 0);
                return retries.get() > 60;
            });
            assertGivenUp(0);
            person.commit();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
        }
        assertAllDone(held.isForGivingUp() ? List.of(bad) : List.of());
        assertGivenUp(held.isForGivingUp() ? 1 : 0);
    }

    @ParameterizedTest
    @CsvSource({"1, ''", "1, statement_timeout = '1s'", "2, ''"})
    void oneHeldOffsetRowStopsItsOwnPartitionOnly(int workers, String timeout) throws SQLException {
        if (!timeout.isEmpty()) {
            database.superuser()
                    .execute("alter role " + database.writer().role() + " in database " + database.name() + " set "
                            + timeout);
        }
        try (Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .workers(workers)
                                .onFailure(FailurePolicy.skip())
                                .handle(this::handle));
                Connection person = database.superuser().connect();
                Statement s = person.createStatement()) {
            send(0, RECORDS / 2);
            running.until("the first half", () -> ExactlyOnce.progress(database, topic) == RECORDS);
            person.setAutoCommit(false);
            s.execute(Held.OFFSET_ROW.sql);
            send(RECORDS / 2, RECORDS);
            running.until("the other partition goes on", () -> stored(1) == RECORDS);
            running.until(
                    "the held one says what it waits for",
                    () -> running.consumer().status().partitions().stream()
                            .anyMatch(p -> p.partition().partition() == 0
                                    && p.lastError()
                                            .filter(e -> e.code() == ErrorCode.ROW_LOCKED)
                                            .isPresent()));
            assertThat(stored(0)).isEqualTo(RECORDS / 2);
            person.commit();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
            running.until(
                    "nothing is retried any more",
                    () -> running.consumer().status().partitions().stream()
                            .allMatch(p -> p.lastError().isEmpty()));
        }
        assertAllDone(List.of());
        assertGivenUp(0);
    }

    @ParameterizedTest
    @CsvSource({"statement_timeout = '700ms'", "lock_timeout = '300ms'"})
    void aHaltingPolicyIsNotAskedAboutAHeldRowEither(String timeout) throws SQLException {
        try (Running running = start(FailurePolicy.halt(), timeout);
                Connection person = database.superuser().connect();
                Statement s = person.createStatement()) {
            person.setAutoCommit(false);
            s.execute(Held.EFFECT_ROW.sql);
            send(0, RECORDS);
            AtomicInteger retries = new AtomicInteger();
            running.until("it waits", () -> retries.addAndGet(isRetrying(running) ? 1 : 0) > 40);
            person.rollback();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
        }
        assertAllDone(List.of());
    }

    @Test
    void aRowThatIsHeldBeyondTheDeadlineIsWaitedFor() throws SQLException {
        try (Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .limits(UnitLimits.defaults().withDeadline(Duration.ofSeconds(2)))
                                .onFailure(FailurePolicy.skip())
                                .handle(this::handle));
                Connection person = database.superuser().connect();
                Statement s = person.createStatement()) {
            person.setAutoCommit(false);
            s.execute(Held.EFFECT_ROW.sql);
            send(0, RECORDS);
            AtomicInteger retries = new AtomicInteger();
            running.until("it waits", () -> retries.addAndGet(isRetrying(running) ? 1 : 0) > 20);
            assertGivenUp(0);
            person.rollback();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
        }
        assertAllDone(List.of());
        assertGivenUp(0);
    }

    @Test
    void aRecordThatIsSlowByItselfIsGivenUp() {
        database.superuser()
                .execute("alter role " + database.writer().role() + " in database " + database.name()
                        + " set statement_timeout = '500ms'");
        send(0, RECORDS);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    handle(record, tx);
                    if (record.partition() == 0 && record.offset() == 7) {
                        tx.execute("select pg_sleep(30)");
                    }
                }))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
        }
        assertAllDone(List.of(7));
        assertThat(database.query("select partition, record_offset from tidemark.dead_letter"))
                .containsExactly("0|7");
    }

    /** What somebody else holds and one record needs. */
    enum Needed {
        ROW("select from needed where k = 1 for update", "update needed set k = k where k = 1"),
        TABLE("lock table needed in access exclusive mode", "perform from needed"),
        ADVISORY("select pg_advisory_xact_lock(4711)", "perform pg_advisory_xact_lock(4711)"),
        KEY("insert into needed values (2)", "insert into needed values (2)"),
        PARENT("select from needed where k = 1 for update", "insert into child values (1)"),
        /** At the COMMIT. */
        PARENT_LATER("select from needed where k = 1 for update", "insert into child_later values (1)"),
        /** The wait begins late. */
        ROW_AFTER_WORK(ROW.held, "perform pg_sleep(0.1); update needed set k = k where k = 1");

        private final String held;
        private final String need;

        Needed(String held, String need) {
            this.held = held;
            this.need = need;
        }
    }

    /** Limits that the store has not set. */
    enum Limit {
        LONG_WAITS("set local lock_timeout = '60s'", "statement_timeout = '1s'"),
        SHORT_STATEMENTS("set local statement_timeout = '300ms'", ""),
        SHORT_STATEMENTS_AND_LONG_WAITS("set local statement_timeout = '400ms'; set local lock_timeout = '60s'", ""),
        DEADLINE("set local lock_timeout = '60s'", ""),
        /** Over before anybody looks, most times. */
        TINY("set local statement_timeout = '1ms'", "");

        private final String sql;
        private final String ofRole;

        Limit(String sql, String ofRole) {
            this.sql = sql;
            this.ofRole = ofRole;
        }

        private UnitLimits limits() {
            return this == DEADLINE ? UnitLimits.defaults().withDeadline(Duration.ofSeconds(3)) : UnitLimits.defaults();
        }
    }

    /** Record 3 of partition 0 needs it, in a handler or a job that sets its limits itself. */
    private Running startNeeding(String need, Limit limit, boolean job, FailurePolicy policy) {
        database.owner()
                .execute(
                        "create table needed (k int primary key)",
                        "insert into needed values (1)",
                        "create table child (k int references needed)",
                        "create table child_later (k int references needed deferrable initially deferred)",
                        "create function need() returns void language plpgsql as $$ begin " + need + "; end $$");
        if (!limit.ofRole.isEmpty()) {
            database.superuser()
                    .execute("alter role " + database.writer().role() + " in database " + database.name() + " set "
                            + limit.ofRole);
        }
        if (job) {
            return Running.start(
                    database,
                    kafka.consumerConfig(topic, "cooperative"),
                    builder -> builder.topics(topic)
                            .limits(limit.limits())
                            .onFailure(policy)
                            .deserializers(ByteArrayDeserializer::new, ByteArrayDeserializer::new)
                            .handleBatch(SqlJob.of(limit.sql + """
                                    ;
                                    insert into done select partition, "offset" from records;
                                    update total t set n = t.n + r.n
                                      from (select partition, count(*) as n from records group by 1) r
                                     where r.partition = t.partition;
                                    select need() from records where partition = 0 and "offset" = 3
                                    """)));
        }
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(limit.limits())
                        .onFailure(policy)
                        .handle((record, tx) -> {
                            handle(record, tx);
                            if (record.partition() == 0 && record.offset() == 3) {
                                tx.execute(limit.sql);
                                tx.execute("select need()");
                            }
                        }));
    }

    @ParameterizedTest
    @CsvSource({
        "ROW, LONG_WAITS, false",
        "ROW, SHORT_STATEMENTS, false",
        "ROW, SHORT_STATEMENTS_AND_LONG_WAITS, true",
        "ROW, DEADLINE, false",
        "TABLE, SHORT_STATEMENTS_AND_LONG_WAITS, false",
        "TABLE, DEADLINE, true",
        "ADVISORY, SHORT_STATEMENTS, true",
        "ADVISORY, DEADLINE, false",
        "KEY, SHORT_STATEMENTS, false",
        "KEY, LONG_WAITS, true",
        "PARENT, SHORT_STATEMENTS_AND_LONG_WAITS, false",
        "PARENT_LATER, SHORT_STATEMENTS, false",
        "ROW_AFTER_WORK, SHORT_STATEMENTS_AND_LONG_WAITS, false"
    })
    void isWaitedForWhateverLimitsTheHandlerSets(Needed needed, Limit limit, boolean job) throws SQLException {
        try (Running running = startNeeding(needed.need, limit, job, FailurePolicy.skip());
                Connection person = database.superuser().connect();
                Statement s = person.createStatement()) {
            person.setAutoCommit(false);
            s.execute(needed.held);
            send(0, RECORDS);
            AtomicInteger retries = new AtomicInteger();
            running.until("it waits, or goes on without it", () -> {
                retries.addAndGet(isRetrying(running) ? 1 : 0);
                return retries.get() > 60 || stored(0) > 3;
            });
            assertThat(stored(0)).isLessThanOrEqualTo(3);
            assertGivenUp(0);
            running.until(
                    "it says why",
                    () -> running.consumer().status().partitions().stream()
                            .anyMatch(p -> p.lastError()
                                    .filter(e -> e.code() == ErrorCode.UNIT_WAITS)
                                    .isPresent()));
            person.rollback();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
        }
        assertAllDone(List.of());
        assertGivenUp(0);
    }

    /** What takes long by itself is the record's, even if it has locked something, or has waited a moment for it. */
    @ParameterizedTest
    @CsvSource({
        "perform pg_sleep(600), SHORT_STATEMENTS, false",
        "perform pg_sleep(600), SHORT_STATEMENTS_AND_LONG_WAITS, true",
        "perform pg_sleep(600), DEADLINE, false",
        "perform pg_sleep(600), TINY, false",
        "for i in 1..2000000000 loop null; end loop, SHORT_STATEMENTS, false",
        "for i in 1..2000000000 loop null; end loop, DEADLINE, true",
        "update needed set k = k; perform pg_sleep(600), LONG_WAITS, false"
    })
    void workUnderTheHandlersOwnLimitsIsGivenUp(String work, Limit limit, boolean job) {
        send(0, RECORDS);
        try (Running running = startNeeding(work, limit, job, FailurePolicy.park())) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
        }
        assertAllDone(List.of(3));
        assertThat(database.query("select partition, record_offset from tidemark.dead_letter"))
                .containsExactly("0|3");
    }

    /** Why nobody sees the wait, or takes it for something else. */
    enum Unseen {
        /** The role that a session has taken may not see what the role that logged in does. */
        ROLE_TAKEN,
        NOT_TRACKED,
        AFTER_A_LONG_STATEMENT,
        /** The handler is busy for much longer before the failure arrives. */
        CAUGHT_AT_A_SAVEPOINT;

        private void prepare(TestDatabase database) {
            String writer = "alter role " + database.writer().role() + " in database " + database.name() + " set ";
            if (this == NOT_TRACKED) {
                database.superuser().execute(writer + "track_activities = off");
            } else if (this == ROLE_TAKEN) {
                String taken = Servers.unique("taken").replace('-', '_');
                database.superuser()
                        .execute(
                                "create role " + taken + " in role pg_read_all_data, pg_write_all_data",
                                "grant " + taken + " to " + database.writer().role(),
                                "select tidemark.grant_access('" + taken + "', 'writer')",
                                writer + "role = " + taken);
            }
        }

        private void need(Handle tx) {
            switch (this) {
                case AFTER_A_LONG_STATEMENT -> {
                    tx.execute("select pg_sleep(1)");
                    tx.execute("set local statement_timeout = '20ms'");
                    tx.execute(TAKE);
                    tx.execute("set local statement_timeout = 0");
                }
                case CAUGHT_AT_A_SAVEPOINT -> {
                    tx.savepoint("before");
                    try {
                        tx.execute("set local statement_timeout = '200ms'");
                        tx.execute(TAKE);
                    } catch (UnableToExecuteStatementException e) {
                        tx.rollbackToSavepoint("before");
                        tx.execute("select pg_sleep(2)");
                        throw e;
                    }
                }
                default -> {
                    tx.execute("set local statement_timeout = '200ms'");
                    tx.execute(TAKE);
                }
            }
        }

        private static final String TAKE = "update needed set k = k where k = 1";
    }

    /** More often than what is too short to be seen is taken for a wait. */
    @ParameterizedTest
    @EnumSource
    void isWaitedForHoweverHardItIsToSee(Unseen unseen) throws SQLException {
        database.owner()
                .execute(
                        "create table needed (k int primary key)",
                        "insert into needed values (1)",
                        "grant update on needed to public");
        unseen.prepare(database);
        AtomicInteger tries = new AtomicInteger();
        try (Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic)
                                .onFailure(FailurePolicy.skip())
                                .handle((record, tx) -> {
                                    handle(record, tx);
                                    if (record.partition() == 0 && record.offset() == 3) {
                                        tries.incrementAndGet();
                                        unseen.need(tx);
                                    }
                                }));
                Connection person = database.superuser().connect();
                Statement s = person.createStatement()) {
            person.setAutoCommit(false);
            s.execute(Needed.ROW.held);
            send(0, RECORDS);
            running.until("it has waited often, or goes on without it", () -> tries.get() > 16 || stored(0) > 3);
            assertGivenUp(0);
            assertThat(stored(0)).isEqualTo(3);
            person.rollback();
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
        }
        assertAllDone(List.of());
        assertGivenUp(0);
    }

    /** It is decided all the same, if not as soon. */
    @ParameterizedTest
    @EnumSource(names = {"ROLE_TAKEN", "NOT_TRACKED"})
    void workIsGivenUpHoweverHardItIsToSee(Unseen unseen) {
        unseen.prepare(database);
        send(0, RECORDS);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    handle(record, tx);
                    if (record.partition() == 0 && record.offset() == 3) {
                        tx.execute("set local statement_timeout = '300ms'");
                        tx.execute("select pg_sleep(600)");
                    }
                }))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
        }
        assertAllDone(List.of(3));
        assertThat(database.query("select partition, record_offset from tidemark.dead_letter"))
                .containsExactly("0|3");
    }
}

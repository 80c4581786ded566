package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
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
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Another session holds a lock that a unit needs: Tidemark waits for it, whatever time limits are set, and no record is given up for it. */
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
}

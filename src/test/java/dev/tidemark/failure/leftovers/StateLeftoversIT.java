package dev.tidemark.failure.leftovers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RedriveResult;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.failure.NamedPolicies;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.HashPrefixSqlParser;
import org.jdbi.v3.core.statement.SqlStatements;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** What a record's handler leaves around its session, such as settings of Jdbi or of its thread, gives up and holds up no other record. */
@Tag("exhaustive")
class StateLeftoversIT extends LeftoversCase {
    @BeforeEach
    void records() {
        database.owner()
                .execute(
                        "create table written (n int)",
                        "create table others (n int)",
                        "create table hot (n int)",
                        "insert into hot values (0)",
                        "grant all on written, others, hot to public");
        send(0, RECORDS);
    }

    private void assertAllWritten(Running running) {
        running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        assertEachWritten();
    }

    private void assertEachWritten() {
        assertThat(database.query("select n from written order by n"))
                .isEqualTo(
                        IntStream.range(0, RECORDS).mapToObj(Integer::toString).toList());
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isZero();
    }

    private static void configure(Handle tx, String what) {
        SqlStatements statements = tx.getJdbi().getConfig(SqlStatements.class);
        if (what.equals("parser")) {
            statements.setSqlParser(new HashPrefixSqlParser());
        } else {
            statements.setTemplateEngine((sql, context) -> {
                throw new IllegalArgumentException("no template");
            });
        }
    }

    @ParameterizedTest
    @CsvSource({"park, parser", "skip, parser", "halt, parser", "park, template", "halt, template"})
    void settingsOfJdbi(String policy, String what) {
        try (Running running = start(NamedPolicies.policy(policy), 4, (record, tx) -> {
            long n = record.offset();
            if (n == 24) {
                tx.createUpdate("insert into written values (:n)").bind("n", n).execute();
            } else {
                try (var s = tx.getConnection().prepareStatement("insert into written values (" + n + ")")) {
                    s.executeUpdate();
                }
            }
            if (n == 7) {
                configure(tx, what);
            }
        })) {
            assertAllWritten(running);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"park", "skip", "halt"})
    void theThreadsClassLoader(String policy) {
        try (Running running = start(NamedPolicies.policy(policy), 4, (record, tx) -> {
            if (record.offset() == 24 && Thread.currentThread().getContextClassLoader() == null) {
                throw new IllegalStateException("no class loader");
            }
            tx.execute("insert into written values (?)", record.offset());
            if (record.offset() == 7 || record.offset() == 23) {
                Thread.currentThread().setContextClassLoader(null);
            }
        })) {
            assertAllWritten(running);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"set search_path = nowhere", "create temp table written (n int check (n < 0))"})
    void aSessionWhoseDriverWasUnwrapped(String left) {
        AtomicBoolean fixed = new AtomicBoolean();
        try (Running running = start(FailurePolicy.park(), 4, (record, tx) -> {
            tx.getConnection().unwrap(PGConnection.class).escapeLiteral("x");
            if (!fixed.get() && record.offset() % 4 == 1) {
                throw new IllegalStateException("bad");
            }
            tx.execute("insert into written values (?)", record.offset());
            if (fixed.get() && record.offset() == 5) {
                tx.execute(left);
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
            fixed.set(true);
            List<Long> ids = database.query("select id from tidemark.dead_letter order by record_offset").stream()
                    .map(Long::parseLong)
                    .toList();
            assertThat(running.consumer().redrive(ids))
                    .extracting(RedriveResult::status)
                    .containsOnly(RedriveResult.Status.APPLIED);
        }
        assertEachWritten();
    }

    @ParameterizedTest
    @ValueSource(strings = {"repeatable read", "serializable"})
    void anIsolationLevelThatMakesContention(String level) throws Exception {
        try (Connection own = database.connect();
                Running running = start(FailurePolicy.park(), 1, (record, tx) -> {
                    tx.execute("insert into written values (?)", record.offset());
                    try (var s = own.createStatement()) {
                        s.execute("update hot set n = n + 1");
                    }
                    tx.execute("update hot set n = n + 1");
                    if (record.offset() == 17) {
                        tx.execute("set default_transaction_isolation = '" + level + "'");
                    }
                })) {
            assertAllWritten(running);
        }
    }

    /** Another topic keeps the worker busy, so that its connection does not go back to the pool. */
    @Test
    void aSessionUnderAPolicyThatRetries() {
        String busy = kafka.createTopic(Servers.unique("busy"), 1);
        AtomicInteger asked = new AtomicInteger();
        try (var producer = kafka.producer();
                Running running = Running.start(
                        database,
                        kafka.consumerConfig(topic, "cooperative"),
                        builder -> builder.topics(topic, busy)
                                .workers(1)
                                .limits(UnitLimits.defaults().withMaxRecords(4))
                                .onFailure(failure -> {
                                    asked.incrementAndGet();
                                    return FailureAction.retryAfter(Duration.ofMillis(300));
                                })
                                .handle((record, tx) -> {
                                    tx.execute(
                                            record.topic().equals(busy)
                                                    ? "insert into public.others values (?)"
                                                    : "insert into written values (?)",
                                            record.offset());
                                    if (record.topic().equals(topic) && record.offset() == 17) {
                                        tx.execute("set search_path = nowhere");
                                    }
                                }))) {
            running.until("all read", () -> {
                for (int i = 0; i < 5; i++) {
                    var unused = producer.send(new ProducerRecord<>(busy, 0, null, "x"));
                }
                return database.number("select count(*) from written") == RECORDS;
            });
        }
        assertEachWritten();
        assertThat(asked.get()).isBetween(1, 3);
    }

    /** Records that fail together, and clean up by SQL behind that: each is tried by itself. */
    @ParameterizedTest
    @CsvSource({
        "halt, prepare, 40",
        "park, prepare, 40",
        "park, cursor, 40",
        "skip, temp, 40",
        "park, temp, 1",
        "halt, cursor, 3"
    })
    void whatOneOfTheSameUnitLeaves(String policy, String kind, int most) {
        try (Running running = start(NamedPolicies.policy(policy), most, (record, tx) -> {
            long n = record.offset();
            try {
                switch (kind) {
                    case "prepare" -> tx.execute("prepare mine as select 1");
                    case "cursor" -> tx.execute("declare mine cursor for select 1");
                    default -> tx.execute("create temp table mine (n int) on commit drop");
                }
                tx.execute("insert into written values (?)", n);
            } catch (RuntimeException e) {
                tx.execute("insert into others values (?)", n);
                throw e;
            }
            if (kind.equals("prepare") && n != 1) {
                tx.execute("deallocate mine");
            }
        })) {
            assertAllWritten(running);
        }
    }

    /** All records fail for it, and none is to blame; nor did the handler touch the transaction that it was given. */
    @ParameterizedTest
    @CsvSource({"park, false", "halt, false", "park, true", "halt, true"})
    void aFailedTransactionOfAnotherConnection(String policy, boolean copies) throws SQLException {
        try (Connection own = database.connect()) {
            own.setAutoCommit(false);
            try (Running running = start(NamedPolicies.policy(policy), 4, (record, tx) -> {
                if (copies) {
                    tx.getConnection()
                            .unwrap(PGConnection.class)
                            .getCopyAPI()
                            .copyIn("copy written from stdin", new StringReader(record.offset() + "\n"));
                } else {
                    tx.execute("insert into written values (?)", record.offset());
                }
                try (Statement statement = own.createStatement()) {
                    statement.execute("select '" + (record.offset() == 7 ? "bad" : "1") + "'::int");
                }
            })) {
                assertThat(running.failure())
                        .asInstanceOf(InstanceOfAssertFactories.type(TidemarkException.class))
                        .extracting(TidemarkException::code)
                        .isNotEqualTo(ErrorCode.TRANSACTION_BROKEN);
            }
        }
        assertThat(database.number("select count(*) from tidemark.dead_letter where record_offset <> 7"))
                .isZero();
        assertThat(database.number("select count(*) from written where n >= 7")).isZero();
    }
}

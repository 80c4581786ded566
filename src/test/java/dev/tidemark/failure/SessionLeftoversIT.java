package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.UnitLimits;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a record's handler leaves in the database session gives up no other record. */
@Tag("exhaustive")
class SessionLeftoversIT {
    private static final int RECORDS = 40;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("session"), 1);

    @BeforeEach
    void table() {
        database.owner().execute("create table written (n int)");
    }

    private void send(int from, int to) {
        try (var producer = kafka.producer()) {
            for (int n = from; n < to; n++) {
                var unused = producer.send(new ProducerRecord<>(topic, 0, null, Integer.toString(n)));
            }
        }
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
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(4))
                        .onFailure(policy)
                        .handle(handler));
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

    private void assertWrittenWithout(int missing) {
        assertThat(database.query("select record_offset from tidemark.dead_letter union all select from_offset from"
                        + " tidemark.audit_log where action = 'skip'"))
                .isEqualTo(missing < 0 ? List.of() : List.of(Integer.toString(missing)));
        assertThat(database.query("select n from written order by n"))
                .isEqualTo(IntStream.range(0, RECORDS)
                        .filter(n -> n != missing)
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
        assertWrittenWithout(-1);
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
        assertWrittenWithout(-1);
    }
}

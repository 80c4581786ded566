package dev.tidemark.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.sql.SqlBatch.Rows;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.LogCapture;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A batch in a consumer: each record once, and a record that fails is found, whatever it fails on. */
class SqlBatchIT {
    private static final int RECORDS = 300;
    private static final int BAD = 170;
    private static final String APPLY = "insert into applied (topic, partition, record_offset) values (?, ?, ?)";
    private static final String ENTER =
            "insert into entry (topic, partition, record_offset, n, at, twin) values (?, ?, ?, ?, ?::timestamptz, ?)";
    private static final String REWRITE = "reWriteBatchedInserts=true";

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("declared"), 1);
    private final List<Flight> flights = Flights.sample().subList(0, RECORDS);

    /** What is wrong with one record. */
    private enum Fault {
        CONSTRAINT(REWRITE, ""),
        CAST("", REWRITE),
        COUNT("", REWRITE),
        TYPE(REWRITE, ""),
        THROWN(REWRITE, ""),
        CAUGHT("", REWRITE),
        DEFERRED("", REWRITE);

        private final String options;
        private final String otherOptions;

        Fault(String options, String otherOptions) {
            this.options = options;
            this.otherOptions = otherOptions;
        }

        void add(ConsumerRecord<String, String> record, Rows rows) throws SQLException {
            boolean bad = record.offset() == BAD;
            if (bad && this == THROWN) {
                throw new IllegalStateException("the function: " + record.value());
            }
            if (bad && this == COUNT) {
                rows.add(record.topic(), record.value());
                return;
            }
            if (bad && this == CAUGHT) {
                try {
                    rows.add(record.value());
                } catch (IllegalArgumentException e) {
                    // As if the record had no row.
                }
                return;
            }
            rows.add(
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    bad && this == TYPE ? Optional.of(record.value()) : bad && this == CONSTRAINT ? -1 : 1,
                    bad && this == CAST ? "never" : null,
                    bad && this == DEFERRED ? "nobody" : null);
        }
    }

    private void produce(String... topics) {
        try (var producer = kafka.producer()) {
            for (String to : topics) {
                Servers.produce(producer, to, flights);
            }
        }
    }

    private Running start(String options, FailurePolicy policy, Fault fault) {
        database.owner()
                .execute(
                        "create table twin (name text primary key)",
                        "create table entry (topic text, partition int, record_offset bigint, n int check (n > 0),"
                                + " at timestamptz, twin text references twin deferrable initially deferred,"
                                + " seq bigint generated always as identity)",
                        "grant all on twin, entry to public");
        produce(topic);
        return Running.start(
                TestDatabase.pool(database.writer().jdbcUrl() + "&" + options, 3),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(policy)
                        .limits(UnitLimits.defaults().withMaxDuration(Duration.ofMinutes(5)))
                        .handleBatch(SqlBatch.of(ENTER, fault::add)));
    }

    private List<String> entered() {
        return database.query("select record_offset from entry order by seq");
    }

    private static List<String> offsets(int end) {
        return IntStream.range(0, end)
                .filter(i -> i != BAD)
                .mapToObj(Integer::toString)
                .toList();
    }

    private void assertOneIsParked(String options, Fault fault) {
        try (LogCapture log = LogCapture.of(topic);
                Running running = start(options, FailurePolicy.park(), fault)) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
            assertThat(log.news())
                    .allSatisfy(line -> assertThat(line.getFormattedMessage())
                            .doesNotContain(flights.get(BAD).json()));
        }
        assertThat(entered()).isEqualTo(offsets(RECORDS));
        String error = switch (fault) {
            case CONSTRAINT, CAST, DEFERRED -> "org.postgresql.util.PSQLException";
            case COUNT, TYPE, CAUGHT -> "java.lang.IllegalArgumentException";
            case THROWN -> "java.lang.IllegalStateException";
        };
        assertThat(database.query("select record_offset, error_code, split_part(error_class, ' ', 1)"
                        + " from tidemark.dead_letter"))
                .containsExactly(BAD + "|TM-502|" + error);
    }

    private void assertOneIsSkipped(String options, Fault fault) {
        try (Running running = start(options, FailurePolicy.skip(), fault)) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertThat(entered()).isEqualTo(offsets(RECORDS));
        assertThat(database.query("select from_offset from tidemark.audit_log where action = 'skip'"))
                .containsExactly(Integer.toString(BAD));
    }

    private void assertOneHalts(String options, Fault fault) {
        try (Running running = start(options, FailurePolicy.halt(), fault)) {
            assertThat(running.failure()).hasMessageContaining("TM-502");
        }
        assertThat(entered()).isEqualTo(offsets(BAD));
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(BAD);
    }

    @ParameterizedTest
    @CsvSource({"CONSTRAINT, true", "COUNT, false", "DEFERRED, true"})
    void aBadRecordIsParked(Fault fault, boolean rewrite) {
        assertOneIsParked(rewrite ? REWRITE : "", fault);
    }

    @Test
    void aBadRecordIsSkipped() {
        assertOneIsSkipped("", Fault.CONSTRAINT);
    }

    @Tag("exhaustive")
    @Test
    void aBadRecordHalts() {
        assertOneHalts(REWRITE, Fault.CAST);
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @EnumSource
    void aBadRecordIsParkedEitherWay(Fault fault) {
        assertOneIsParked(fault.options, fault);
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @EnumSource
    void aBadRecordIsSkippedEitherWay(Fault fault) {
        assertOneIsSkipped(fault.otherOptions, fault);
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @EnumSource
    void aBadRecordHaltsEitherWay(Fault fault) {
        assertOneHalts(fault.otherOptions, fault);
    }

    /** Nothing is parked for what every record fails on. */
    @Test
    void aFunctionThatAlwaysFailsIsNotTheRecords() {
        produce(topic);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.park())
                        .handleBatch(SqlBatch.of(APPLY, (record, rows) -> rows.add(record.topic()))))) {
            assertThat(running.failure()).hasMessageContaining("TM-505");
        }
        assertThat(ExactlyOnce.progress(database, topic)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", REWRITE})
    void eachRecordOfSeveralTopicsTakesEffectOnce(String options) {
        String wide = kafka.createTopic(Servers.unique("declared"), 3);
        produce(topic, wide);
        try (Running running = Running.start(
                TestDatabase.pool(database.writer().jdbcUrl() + "&" + options, 3),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic, wide)
                        .workers(2)
                        .limits(UnitLimits.defaults().withMaxRecords(70))
                        .handleBatch(SqlBatch.of(
                                APPLY,
                                (record, rows) -> rows.add(record.topic(), record.partition(), record.offset()))))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
        }
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
        assertThat(database.number("select count(*) from applied")).isEqualTo(2 * RECORDS);
    }

    @Tag("exhaustive")
    @Test
    void aConnectionThatIsLostInTheMiddleParksNothing() {
        produce(topic);
        AtomicBoolean cut = new AtomicBoolean();
        SqlBatch<String, String> batch = SqlBatch.of(APPLY, (record, rows) -> {
            if (record.offset() == BAD && !cut.getAndSet(true)) {
                database.superuser()
                        .query("select pg_terminate_backend(pid, 10000) from pg_stat_activity"
                                + " where datname = current_database() and pid <> pg_backend_pid()"
                                + " and state = 'idle in transaction'");
            }
            rows.add(record.topic(), record.partition(), record.offset());
        });
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handleBatch(batch))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertThat(cut).isTrue();
        ExactlyOnce.assertApplied(
                database,
                new TopicPartition(topic, 0),
                IntStream.range(0, RECORDS).asLongStream());
        assertThat(database.query("select 1 from tidemark.dead_letter")).isEmpty();
    }
}

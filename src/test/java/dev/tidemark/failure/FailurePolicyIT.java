package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.DeadLetter;
import dev.tidemark.DeadLetters;
import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkListener;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Flights.Flight;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of records that fail, under each policy; every other record takes effect once, in order. */
class FailurePolicyIT {
    private static final int RECORDS = 1_000;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("policy"), 2);
    private final List<Flight> flights = Flights.sample().subList(0, RECORDS);
    private final Set<String> bad = new ConcurrentSkipListSet<>();

    private static String place(int partition, long offset) {
        return partition + "@" + offset;
    }

    private boolean isBad(ConsumerRecord<?, ?> record) {
        return bad.contains(place(record.partition(), record.offset()));
    }

    /** Both partitions get the flights, under keys {@code k0} to {@code k9} in turn, and one header. */
    private void produce() {
        try (var producer = kafka.producer()) {
            for (int i = 0; i < RECORDS; i++) {
                for (int partition = 0; partition < 2; partition++) {
                    ProducerRecord<String, String> record = new ProducerRecord<>(
                            topic, partition, "k" + i % 10, flights.get(i).json());
                    record.headers().add("number", Integer.toString(i).getBytes(StandardCharsets.UTF_8));
                    var unused = producer.send(record);
                }
            }
        }
        assertThat(kafka.logEnds(topic, 2).values()).containsOnly((long) RECORDS);
    }

    private void handleBatch(List<ConsumerRecord<String, String>> records, Handle tx) throws Exception {
        FlightEffects.foldBatch(records, tx);
        if (records.stream().anyMatch(this::isBad)) {
            tx.execute("insert into airport values ('bad', null, 1)");
        }
    }

    private void handleOne(ConsumerRecord<String, String> record, Handle tx) {
        FlightEffects.foldOne(record, tx);
        if (isBad(record)) {
            throw new IllegalArgumentException("bad " + record.value());
        }
    }

    private Running start(FailurePolicy policy) {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(policy).handleBatch(this::handleBatch));
    }

    private void untilAllRead(Running running) {
        running.until("all read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS);
    }

    private Set<String> deadLetters() {
        return new TreeSet<>(
                database.query("select partition || '@' || record_offset from tidemark.dead_letter order by id"));
    }

    /** Every record took effect once and in order, but for these, which did not at all. */
    private void assertAllBut(Set<String> without) {
        assertThat(database.query("select partition || '@' || record_offset from applied"
                        + " group by partition, record_offset having count(*) > 1"))
                .as("applied more than once")
                .isEmpty();
        Set<String> applied = new TreeSet<>(database.query("select partition || '@' || record_offset from applied"));
        Set<String> expected = new TreeSet<>();
        IntStream.range(0, RECORDS).forEach(i -> {
            expected.add(place(0, i));
            expected.add(place(1, i));
        });
        expected.removeAll(without);
        assertThat(applied).isEqualTo(expected);
        assertThat(database.query("select 1 from (select partition, record_offset, lag(record_offset)"
                        + " over (partition by partition order by seq) as before from applied) a"
                        + " where before >= record_offset"))
                .as("out of order")
                .isEmpty();
    }

    @Test
    void parkedRecordsAreWrittenDownRawAndTheirNeighboursGoOn() {
        produce();
        bad.addAll(List.of(place(0, 0), place(0, 500), place(0, 501), place(1, 999)));
        try (Running running = start(FailurePolicy.park())) {
            untilAllRead(running);
            running.until("ready", () -> running.consumer().health().ready());
        }
        assertAllBut(bad);
        assertThat(deadLetters()).isEqualTo(new TreeSet<>(bad));
        assertThat(database.query("select convert_from(key, 'UTF8'), convert_from(value, 'UTF8'), header_keys[1],"
                        + " convert_from(header_values[1], 'UTF8'), holds_key, error_code, attempts, timestamp_type,"
                        + " incarnation from tidemark.dead_letter where partition = 0 and record_offset = 501"))
                .containsExactly("k1|" + flights.get(501).json() + "|number|501|f|TM-502|1|CreateTime|1");
        assertThat(database.query("select error_class, error_message like '%null value in column%',"
                        + " error_stack like '%foldBatch%' or error_stack like '%handleBatch%'"
                        + " from tidemark.dead_letter where partition = 1"))
                .hasSize(1)
                .first()
                .asString()
                .startsWith("org.jdbi.v3.core.statement.UnableToExecuteStatementException sqlstate=23502"
                        + " (not null violation: column ")
                .endsWith("|t|t");
        assertThat(database.query(
                        "select partition || '@' || from_offset, to_offset - from_offset, reason like 'TM-502%'"
                                + " from tidemark.audit_log where action = 'park' order by id"))
                .hasSize(4)
                .contains("0@500|1|t");
    }

    @Test
    void aBadRecordIsFoundWithinTwiceTheLogarithm() {
        produce();
        bad.add(place(1, 777));
        AtomicInteger calls = new AtomicInteger();
        AtomicBoolean givenUp = new AtomicBoolean();
        TidemarkListener watching = new TidemarkListener() {
            @Override
            public void skipped(RecordsGivenUp records) {
                givenUp.set(true);
            }
        };
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.skip())
                        .addListener(watching)
                        // A unit is as large as what waits, however slow the machine is.
                        .limits(UnitLimits.defaults().withMaxDuration(Duration.ofMinutes(5)))
                        .handleBatch((records, tx) -> {
                            boolean searching = calls.get() > 0 && !givenUp.get();
                            if (records.stream().anyMatch(r -> r.partition() == 1 && (searching || isBad(r)))) {
                                calls.incrementAndGet();
                            }
                            handleBatch(records, tx);
                        }))) {
            untilAllRead(running);
        }
        assertAllBut(bad);
        // From the first failure to the verdict, at most 2,000 records: 2 log2 of that.
        assertThat(calls.get()).isBetween(2, 2 * 11);
        assertThat(database.query(
                        "select from_offset, to_offset, reason from tidemark.audit_log where action = 'skip'"))
                .singleElement()
                .asString()
                .startsWith("777|778|TM-502")
                .doesNotContain(flights.get(777).json());
        assertThat(deadLetters()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"batch", "record"})
    void laterRecordsOfAParkedKeyFollowIt(String kind) {
        produce();
        bad.addAll(List.of(place(0, 503), place(1, 0)));
        try (Running running = Running.start(database, kafka.consumerConfig(topic, "consumer"), builder -> {
            TidemarkBuilder<String, String> b = builder.topics(topic).onFailure(FailurePolicy.parkKey());
            return kind.equals("batch") ? b.handleBatch(this::handleBatch) : b.handle(this::handleOne);
        })) {
            untilAllRead(running);
        }
        Set<String> parked = new TreeSet<>();
        IntStream.range(0, RECORDS).forEach(i -> {
            if (i % 10 == 3 && i >= 503) {
                parked.add(place(0, i));
            }
            if (i % 10 == 0) {
                parked.add(place(1, i));
            }
        });
        assertThat(deadLetters()).isEqualTo(parked);
        assertAllBut(parked);
        assertThat(database.query(
                        "select distinct error_code, attempts, holds_key from tidemark.dead_letter order by 1"))
                .containsExactly("TM-502|1|t", "null|0|t");
    }

    @Test
    void aFollowerThatMeetsPassingTroubleStillFollows() {
        produce();
        bad.add(place(0, 3));
        // The first follower is refused once, as by a deadlock.
        database.owner()
                .execute(
                        "create sequence refusals",
                        "create function refuse_once() returns trigger language plpgsql as $f$ begin"
                                + " if new.attempts = 0 and nextval('refusals') = 1 then"
                                + " raise exception using errcode = '40P01'; end if; return new; end $f$",
                        "create trigger refuse_once before insert on tidemark.dead_letter"
                                + " for each row execute function refuse_once()");
        try (Running running = start(FailurePolicy.parkKey())) {
            untilAllRead(running);
        }
        assertThat(database.number("select last_value from refusals")).isGreaterThan(1);
        Set<String> parked = new TreeSet<>();
        IntStream.iterate(3, i -> i < RECORDS, i -> i + 10).forEach(i -> parked.add(place(0, i)));
        assertThat(deadLetters()).isEqualTo(parked);
        assertAllBut(parked);
    }

    @Test
    void whereEveryRecordFailsNoneIsGivenUp() {
        produce();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.parkKey().withMaxConsecutiveFailures(5))
                        .handle((record, tx) -> {
                            throw new IllegalStateException("all of them");
                        }))) {
            assertThat(running.failure()).hasMessageContaining("TM-505").hasMessageContaining("none succeeds");
        }
        assertThat(deadLetters()).isEmpty();
        assertThat(database.number("select count(*) from applied")).isZero();
    }

    @Test
    void aKeyStaysParkedForTheNextOwner() {
        produce();
        bad.add(place(0, 3));
        try (Running first = start(FailurePolicy.parkKey())) {
            untilAllRead(first);
        }
        int before = deadLetters().size();
        try (var producer = kafka.producer();
                Running second = start(FailurePolicy.parkKey())) {
            var unused = producer.send(
                    new ProducerRecord<>(topic, 0, "k3", flights.get(0).json()));
            var unused2 = producer.send(
                    new ProducerRecord<>(topic, 0, "k4", flights.get(0).json()));
            producer.flush();
            second.until("both read", () -> ExactlyOnce.progress(database, topic) == 2 * RECORDS + 2);
        }
        assertThat(deadLetters()).hasSize(before + 1).contains(place(0, RECORDS));
        assertThat(database.number("select count(*) from applied where record_offset = " + (RECORDS + 1)))
                .isEqualTo(1);
    }

    @Test
    void aRecordIsRetriedByItselfWhileTheOthersGoOn() {
        produce();
        bad.add(place(0, 100));
        AtomicInteger alone = new AtomicInteger();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(
                                FailurePolicy.retry(3, Duration.ofMillis(100)).thenPark())
                        .handleBatch((records, tx) -> {
                            if (records.size() == 1 && isBad(records.get(0)) && alone.incrementAndGet() == 3) {
                                // The third time, its cause is gone.
                                bad.clear();
                            }
                            handleBatch(records, tx);
                        }))) {
            running.until("the other partition goes on", () -> stored(1) == RECORDS);
            untilAllRead(running);
            running.until(
                    "nothing is retried any more",
                    () -> running.consumer().status().partitions().stream()
                            .allMatch(p -> p.state() == PartitionState.RUNNING
                                    && p.lastError().isEmpty()));
        }
        assertThat(alone.get()).isEqualTo(3);
        assertThat(deadLetters()).isEmpty();
        assertAllBut(Set.of());
    }

    @Test
    void afterItsRetriesARecordIsParkedWithTheNumberOfItsAttempts() {
        produce();
        bad.add(place(0, 100));
        try (Running running =
                start(FailurePolicy.retry(2, Duration.ofMillis(20)).thenPark())) {
            untilAllRead(running);
        }
        assertThat(database.query("select partition, record_offset, attempts from tidemark.dead_letter"))
                .containsExactly("0|100|3");
        assertAllBut(bad);
    }

    @Test
    void thePolicyCanBeTheUsersOwn() {
        produce();
        bad.addAll(List.of(place(0, 10), place(0, 20), place(1, 30)));
        FailurePolicy own = failure -> {
            assertThat(failure.cause()).hasMessageContaining("null value");
            if (failure.record().partition() == 1) {
                return FailureAction.halt();
            }
            return failure.record().offset() == 10 ? FailureAction.skip() : FailureAction.park();
        };
        try (Running running = start(own)) {
            running.until(
                    "one partition is read, the other halts",
                    () -> stored(0) == RECORDS
                            && running.consumer().status().partitions().get(1).state() == PartitionState.HALTED);
            assertThat(stored(1)).isEqualTo(30);
            running.until(
                    "why it stands still, in SQL",
                    () -> database.query("select topic, partition, error_code, halted_at is not null,"
                                    + " error_text like 'TM-502%offset 30%' from tidemark.partition_state")
                            .equals(List.of(topic + "|1|TM-502|t|t")));
        }
        assertThat(deadLetters()).containsExactly(place(0, 20));
    }

    /** Fails on values whose record is bad. */
    private static final class Picky extends StringDeserializer {
        @Override
        public String deserialize(String name, Headers headers, byte[] bytes) {
            if (headers.lastHeader("number") != null
                    && new String(headers.lastHeader("number").value(), StandardCharsets.UTF_8).equals("321")) {
                // What a parser does with a value that is nested too deeply.
                throw new StackOverflowError("cannot read " + deserialize(name, bytes));
            }
            return deserialize(name, bytes);
        }
    }

    @Provokes(ErrorCode.RECORD_UNDECODABLE)
    @Test
    void whatCannotBeDecodedIsParkedToo() {
        produce();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.retry(1, Duration.ofMillis(10)).thenPark())
                        .deserializers(StringDeserializer::new, Picky::new)
                        .handleBatch(this::handleBatch))) {
            untilAllRead(running);
        }
        assertAllBut(Set.of(place(0, 321), place(1, 321)));
        assertThat(database.query("select partition, record_offset, error_code, attempts, error_class,"
                        + " convert_from(value, 'UTF8') = '"
                        + flights.get(321).json().replace("'", "''") + "'"
                        + " from tidemark.dead_letter order by 1"))
                .containsExactly(
                        "0|321|TM-503|2|java.lang.StackOverflowError|t",
                        "1|321|TM-503|2|java.lang.StackOverflowError|t");
    }

    @Tag("exhaustive")
    @Provokes(ErrorCode.NOT_THE_RECORD)
    @ParameterizedTest
    @ValueSource(
            strings = {
                "select no_such_column from airport",
                "select 1 from no_such_table",
                "select code, count(*) from airport group by code for update"
            })
    void aFailureThatIsNotTheRecordsHaltsInsteadOfParking(String statement) {
        produce();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handleBatch((records, tx) -> {
                    FlightEffects.foldBatch(records, tx);
                    tx.execute(statement);
                }))) {
            assertThat(running.failure()).hasMessageContaining("TM-505").hasMessageContaining("SQLSTATE");
        }
        assertThat(deadLetters()).isEmpty();
        assertThat(database.number("select count(*) from applied")).isZero();
        assertThat(ExactlyOnce.progress(database, topic)).isZero();
    }

    @Tag("exhaustive")
    @Test
    void aPartitionWhoseRecordsAllFailHaltsThoughAnotherGoesOn() {
        produce();
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).onFailure(FailurePolicy.park()).handle((record, tx) -> {
                    FlightEffects.foldOne(record, tx);
                    if (record.partition() == 0 && record.offset() >= 50) {
                        throw new IllegalStateException("all of them");
                    }
                }))) {
            running.until(
                    "it halts",
                    () -> stored(1) == RECORDS
                            && running.consumer().status().partitions().get(0).state() == PartitionState.HALTED);
            assertThat(running.consumer()
                            .status()
                            .partitions()
                            .get(0)
                            .lastError()
                            .map(Problem::toString)
                            .orElseThrow())
                    .startsWith("TM-505");
        }
        // Those before the first succeeded between two of its failures, but none behind it did.
        assertThat(stored(0)).isEqualTo(50);
        assertThat(deadLetters()).isEmpty();
    }

    @Tag("exhaustive")
    @Test
    void noMoreInARowAreGivenUpThanThePolicySays() {
        produce();
        IntStream.range(100, 120).forEach(i -> bad.add(place(0, i)));
        try (Running running = start(FailurePolicy.park().withMaxConsecutiveFailures(7))) {
            running.until(
                    "it halts",
                    () -> stored(1) == RECORDS
                            && running.consumer().status().partitions().get(0).state() == PartitionState.HALTED);
            assertThat(running.consumer()
                            .status()
                            .partitions()
                            .get(0)
                            .lastError()
                            .map(Problem::toString)
                            .orElseThrow())
                    .startsWith("TM-505")
                    .contains("7 records in a row");
        }
        assertThat(deadLetters()).hasSize(7);
        assertThat(stored(0)).isEqualTo(107);
    }

    @Test
    void trickyRecordsCanBeParked() throws Exception {
        byte[] unreadable = {0, -1, -2, 0};
        try (var producer = kafka.producer()) {
            ProducerRecord<String, String> record = new ProducerRecord<>(topic, 0, null, null);
            record.headers()
                    .add("zero\u0000in name", unreadable)
                    .add("empty", new byte[0])
                    .add("none", null);
            producer.send(record).get();
        }
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.parkKey())
                        .handle((record, tx) -> {
                            throw new IllegalStateException("zero \u0000 and half a pair \ud800 in the message");
                        }))) {
            running.until("parked", () -> deadLetters().equals(Set.of(place(0, 0))));
        }
        try (Connection c = database.connect()) {
            DeadLetter letter = DeadLetters.of(topic).list(c, 0, 10).get(0);
            assertThat(letter.record().key()).isNull();
            assertThat(letter.record().value()).isNull();
            assertThat(letter.holdsKey()).as("there is no key to hold").isFalse();
            assertThat(letter.record().headers().lastHeader("zero\ufffdin name").value())
                    .isEqualTo(unreadable);
            assertThat(letter.record().headers().lastHeader("none").value()).isNull();
            assertThat(letter.errorMessage().orElseThrow()).startsWith("zero \ufffd and half a pair");
        }
    }

    private long stored(int partition) {
        return ExactlyOnce.stored(database, topic, new TopicPartition(topic, partition));
    }
}

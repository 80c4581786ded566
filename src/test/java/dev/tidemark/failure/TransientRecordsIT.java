package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.UnitLimits;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLTransientException;
import java.sql.Statement;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.TimeoutException;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A record that waits for something stops its own partition only, whatever else its unit holds. */
@Tag("exhaustive")
class TransientRecordsIT {
    private static final int GATE = 2;

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final String topic = kafka.createTopic(Servers.unique("transient"), 3);
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);

    /** What the record waits for. */
    enum Waits {
        /** As docs/failures.md shows it. */
        KNOWN,
        SERVICE,
        KAFKA,
        LOCK,
        LOCK_AT_COMMIT
    }

    @BeforeEach
    void tables() {
        database.owner()
                .execute(
                        "create table took (n bigint, at_commit boolean not null default false)",
                        "create table target (n int)",
                        "insert into target values (1)",
                        "create function lock_target() returns trigger language plpgsql as $$ begin"
                                + " perform from target for update nowait; return null; end $$",
                        "create constraint trigger t after insert on took deferrable initially deferred for each row"
                                + " when (new.at_commit) execute function lock_target()",
                        "grant all on took, target to public");
    }

    private boolean othersApplied() {
        return database.number("select count(*) from took") >= 5;
    }

    private void waitFor(Waits what, Handle tx) throws Exception {
        boolean ready = othersApplied();
        switch (what) {
            case KNOWN -> {
                if (!ready) {
                    throw new SQLTransientException("not known yet");
                }
            }
            case SERVICE -> {
                if (!ready) {
                    throw new IllegalStateException(new SocketTimeoutException("no reply"));
                }
            }
            case KAFKA -> {
                if (!ready) {
                    throw new TimeoutException("no metadata");
                }
            }
            case LOCK -> tx.execute("select from target for update nowait");
            case LOCK_AT_COMMIT -> tx.execute("insert into took values (-1, true)");
        }
    }

    private void send(int partition, String value, int records) {
        try (var producer = kafka.producer()) {
            for (int i = 0; i < records; i++) {
                var unused = producer.send(new ProducerRecord<>(topic, partition, null, value));
            }
        }
    }

    private long next(int partition) {
        return database.number("select coalesce(max(next_offset), 0) from tidemark.stored_offset where topic = '"
                + topic + "' and partition = " + partition);
    }

    private Running start(Waits what, boolean batches) {
        RecordHandler<String, String> handler = (record, tx) -> {
            switch (record.value()) {
                case "gate" -> {
                    entered.countDown();
                    released.await();
                }
                case "waits" -> waitFor(what, tx);
                default -> tx.execute("insert into took values (?)", record.offset());
            }
        };
        return Running.start(database, kafka.consumerConfig(topic, "cooperative"), builder -> {
            var all = builder.topics(topic).workers(1).onFailure(FailurePolicy.halt());
            return batches
                    ? all.handleBatch((records, tx) -> {
                        for (var record : records) {
                            handler.handle(record, tx);
                        }
                    })
                    : all.handle(handler);
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingBeforeItWaits(boolean batches) throws Exception {
        try (Running running = start(Waits.KNOWN, batches)) {
            send(GATE, "gate", 1);
            entered.await();
            send(0, "free", 5);
            send(0, "waits", 1);
            running.until(
                    "all wait for the worker",
                    () -> running.consumer().status().queue().records() == 6);
            released.countDown();
            running.until("all is read", () -> next(0) == 6);
        }
        assertThat(database.number("select count(*) from took")).isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource({
        "KNOWN, false",
        "KNOWN, true",
        "SERVICE, true",
        "KAFKA, false",
        "LOCK, false",
        "LOCK, true",
        "LOCK_AT_COMMIT, false"
    })
    void stopsNoOtherPartitionOfItsUnit(Waits what, boolean batches) throws Exception {
        try (Connection holder = database.owner().connect();
                Running running = start(what, batches)) {
            holder.setAutoCommit(false);
            holder.createStatement().execute("select from target for update");
            // While the only worker is busy, the others wait until one unit can take all of them.
            send(GATE, "gate", 1);
            entered.await();
            send(0, "waits", 1);
            send(1, "free", 5);
            running.until(
                    "all wait for the worker",
                    () -> running.consumer().status().queue().records() == 6);
            released.countDown();
            running.until("the other partition is read", () -> next(1) == 5);
            holder.rollback();
            running.until("all is read", () -> next(0) == 1);
        }
        assertThat(database.number("select count(*) from took where n >= 0")).isEqualTo(5);
    }

    /** One partition of 40 records, of which one fails; each record writes its offset. */
    private Running startSingly(String policy, RecordHandler<String, String> fails) {
        send(0, "free", 40);
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .limits(UnitLimits.defaults().withMaxRecords(8))
                        .onFailure(NamedPolicies.policy(policy))
                        .handle((record, tx) -> {
                            tx.execute("insert into took values (?)", record.offset());
                            fails.handle(record, tx);
                        }));
    }

    /** Whose neighbours get what they ask for, that is not the server's shortage. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "park | select pg_database_size('no_such_database')",
                "skip | select has_database_privilege('no_such_database', 'connect')",
                "park | do $$ begin raise exception 'file' using errcode = '58P01'; end $$",
                "skip | do $$ begin raise exception 'name' using errcode = '58P03'; end $$"
            })
    void whatOnlyOneRecordAsksInVainIsItsOwn(String policy, String sql) {
        try (Running running = startSingly(policy, (record, tx) -> {
            if (record.offset() == 7) {
                tx.execute(sql);
            }
        })) {
            running.until("all is read", () -> next(0) == 40);
        }
        assertThat(database.number("select count(*) from took where n <> 7")).isEqualTo(39);
        assertThat(database.number("select count(*) from took where n = 7")).isZero();
    }

    /** The JDK says the same of a host that it cannot look up for now. */
    @ParameterizedTest
    @CsvSource({"park, [no address]", "skip, [::1%no_such_interface]", "park, ", "halt, [no address]"})
    void anAddressThatIsNoneIsNotWaitedFor(String policy, @Nullable String address) {
        try (Running running = startSingly(policy, (record, tx) -> {
            if (record.offset() == 7) {
                Object unused =
                        address == null ? InetAddress.getByAddress(new byte[3]) : InetAddress.getAllByName(address);
            }
        })) {
            if (policy.equals("halt")) {
                running.until("halted", () -> isReported(running, ErrorCode.HANDLER_FAILED));
            } else {
                running.until("all is read", () -> next(0) == 40);
            }
        }
        assertThat(database.number("select count(*) from took where n = 7")).isZero();
        assertThat(database.number("select count(*) from took")).isEqualTo(policy.equals("halt") ? 7 : 39);
    }

    /** Its tenant has no database, and those of others have. */
    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(strings = {"park", "skip"})
    void aDatabaseThatOnlyOneRecordNamesInVainIsItsOwn(String policy) {
        try (Running running = startSingly(policy, (record, tx) -> {
            String name = record.offset() == 7 ? "no_such_tenant" : database.name();
            try (Connection tenant =
                            DriverManager.getConnection(database.jdbcUrl().replace("/" + database.name(), "/" + name));
                    Statement statement = tenant.createStatement()) {
                statement.execute("select 1");
            }
        })) {
            running.until("all is read", () -> next(0) == 40);
        }
        assertThat(database.number("select count(*) from took where n <> 7")).isEqualTo(39);
        assertThat(database.number("select count(*) from took where n = 7")).isZero();
    }

    /** Another session needs what there is, for a while, and light records do not notice. */
    @ParameterizedTest
    @ValueSource(strings = {"park", "skip", "halt"})
    void aShortageThatOnlyHeavyRecordsMeetIsWaitedFor(String policy) {
        AtomicInteger failures = new AtomicInteger();
        AtomicBoolean over = new AtomicBoolean();
        try (Running running = startSingly(policy, (record, tx) -> {
            if (record.offset() == 7 && !over.get()) {
                failures.incrementAndGet();
                tx.execute("do $$ begin raise exception 'x' using errcode = '53200'; end $$");
            }
        })) {
            running.until("it waits", () -> failures.get() > 7 && isReported(running, ErrorCode.DATABASE_UNAVAILABLE));
            over.set(true);
            running.until("all is read", () -> next(0) == 40);
        }
        assertThat(database.number("select count(*) from took")).isEqualTo(40);
    }

    @Test
    void whatOnlyOneRecordAsksInVainHalts() {
        try (Running running = startSingly("halt", (record, tx) -> {
            if (record.offset() == 7) {
                tx.execute("select pg_database_size('no_such_database')");
            }
        })) {
            running.until("halted", () -> isReported(running, ErrorCode.HANDLER_FAILED));
        }
        assertThat(next(0)).isEqualTo(7);
    }

    /** As none succeeds, it is waited for, and nothing is given up. */
    @ParameterizedTest
    @CsvSource({"park, 58P03", "skip, 58P01", "halt, 58P02", "halt, 3D000"})
    void aShortageIsWaitedFor(String policy, String state) {
        AtomicInteger failures = new AtomicInteger();
        AtomicBoolean over = new AtomicBoolean();
        try (Running running = startSingly(policy, (record, tx) -> {
            if (record.offset() >= 7 && !over.get()) {
                failures.incrementAndGet();
                tx.execute("do $$ begin raise exception 'x' using errcode = '" + state + "'; end $$");
            }
        })) {
            running.until("it waits", () -> failures.get() > 40 && isReported(running, ErrorCode.DATABASE_UNAVAILABLE));
            over.set(true);
            running.until("all is read", () -> next(0) == 40);
        }
        assertThat(database.number("select count(*) from took")).isEqualTo(40);
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isZero();
    }

    private static boolean isReported(Running running, ErrorCode code) {
        return running.consumer().status().partitions().stream()
                .anyMatch(partition ->
                        partition.lastError().map(error -> error.code() == code).orElse(false));
    }
}

package dev.tidemark.failure.leftovers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.UnitLimits;
import dev.tidemark.failure.NamedPolicies;
import dev.tidemark.testkit.Running;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a handler lacks on the new thread on which a record is tried before a verdict is no evidence against the record. */
class NewThreadIT extends LeftoversCase {
    private static final ThreadLocal<Connection> OF_THE_THREAD = new ThreadLocal<>();
    private static final ThreadLocal<Integer> SESSION = new ThreadLocal<>();
    private static final ThreadLocal<String> TENANT = new ThreadLocal<>();

    private final AtomicReference<Thread> first = new AtomicReference<>();

    @BeforeEach
    void table() {
        database.owner()
                .execute(
                        "create table written (n int, session int not null)",
                        "grant all on written to public",
                        "create sequence sessions");
    }

    private boolean isFirst() {
        first.compareAndSet(null, Thread.currentThread());
        return first.get() == Thread.currentThread();
    }

    /** As one that belongs to the thread that made it: a confined memory segment, a native handle, a session that is opened once. */
    private int resource(String how) {
        boolean own = isFirst();
        if (how.equals("confined") && !own) {
            throw new IllegalStateException("of another thread");
        }
        if (own) {
            SESSION.set(1);
        }
        return how.equals("opened once") && SESSION.get() == null ? -1 : 1;
    }

    private RecordHandler<String, String> bound(String how, Failing failing) {
        return (record, tx) -> {
            int session = resource(how);
            failing.check(record.offset());
            tx.execute("insert into written values (?, ?)", record.offset(), session < 0 ? null : session);
        };
    }

    private interface Failing {
        void check(long n);
    }

    /** It fails for the first time that it is tried, which is before the resource is asked for on the first thread only. */
    @ParameterizedTest
    @CsvSource({
        "opened once, park, 4",
        "opened once, skip, 1",
        "opened once, halt, 4",
        "confined, park, 1",
        "confined, skip, 4",
        "confined, halt, 1"
    })
    void isNoEvidenceAgainstARecordThatFailedOnce(String how, String policy, int most) {
        AtomicBoolean failed = new AtomicBoolean();
        try (Running running = start(NamedPolicies.policy(policy), most, bound(how, n -> {
            if (n == 7 && failed.compareAndSet(false, true)) {
                throw new IllegalArgumentException("once");
            }
        }))) {
            for (int n = 0; n < 10; n++) {
                int read = n + 1;
                send(n, read);
                running.until("read", () -> read() == read);
            }
        }
        assertThat(database.number("select count(*) from written")).isEqualTo(10);
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isZero();
    }

    /** A record that is bad is given up for what is wrong with it, and nothing else is. */
    @ParameterizedTest
    @CsvSource({"opened once, park, 4", "confined, park, 1", "confined, skip, 4"})
    void keepsNoBadRecordFromBeingGivenUp(String how, String policy, int most) {
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), most, bound(how, n -> {
            if (n % 10 == 7) {
                throw new IllegalArgumentException("bad");
            }
        }))) {
            running.until("all read", () -> read() == RECORDS);
        }
        assertThat(database.number("select count(*) from written")).isEqualTo(RECORDS - 4);
        assertThat(database.query("select distinct error_class from tidemark.dead_letter"))
                .isEqualTo(policy.equals("skip") ? List.of() : List.of("java.lang.IllegalArgumentException"));
    }

    /** Another service does not reply, three times, whenever a bad record is tried on a new thread: it is tried there again later. */
    @ParameterizedTest
    @ValueSource(strings = {"park", "skip"})
    void isTriedAgainAfterOutagesThere(String policy) {
        AtomicInteger outages = new AtomicInteger();
        try (Running running = start(NamedPolicies.policy(policy), 1, (record, tx) -> {
            long n = record.offset();
            if (!isFirst() && n == 3 && outages.incrementAndGet() <= 3) {
                throw new IllegalStateException(new SocketTimeoutException("no reply"));
            }
            enter();
            try {
                if (n == 3) {
                    throw new IllegalArgumentException("bad");
                }
                tx.execute("insert into written values (?, 1)", n);
            } finally {
                leaveUnless(n == 6);
            }
        })) {
            for (int n = 0; n < 12; n++) {
                int read = n + 1;
                send(n, read);
                running.until("read", () -> read() == read);
            }
        }
        assertThat(database.number("select count(*) from written")).isEqualTo(11);
    }

    private static void enter() {
        if (TENANT.get() != null) {
            throw new IllegalStateException("a tenant is set already");
        }
        TENANT.set("t");
    }

    private static void leaveUnless(boolean stays) {
        if (!stays) {
            TENANT.remove();
        }
    }

    /** What the policy has tried again is not tried in what another record has left. */
    @ParameterizedTest
    @ValueSource(strings = {"for ever", "often, then park", "undecodable"})
    void isUsedForWhatThePolicyTriesAgain(String how) {
        send(0, RECORDS);
        FailurePolicy policy = how.equals("often, then park")
                ? FailurePolicy.retry(1000, Duration.ofMillis(50)).thenPark()
                : failure -> FailureAction.retryAfter(Duration.ofMillis(50));
        boolean decoding = how.equals("undecodable");
        Deserializer<String> values = (topic, data) -> {
            if (decoding) {
                enter();
                leaveUnless(new String(data, StandardCharsets.UTF_8).equals("7"));
            }
            return new String(data, StandardCharsets.UTF_8);
        };
        try (Running running = started(values, policy, 4, Duration.ofMinutes(5), (record, tx) -> {
            if (!decoding) {
                enter();
            }
            tx.execute("insert into written values (?, 1)", record.offset());
            if (!decoding) {
                leaveUnless(record.offset() == 7);
            }
        })) {
            running.until("all read", () -> read() == RECORDS);
        }
        assertThat(database.number("select count(*) from written")).isEqualTo(RECORDS);
    }

    private Running started(
            Deserializer<String> values,
            FailurePolicy policy,
            int most,
            Duration deadline,
            RecordHandler<String, String> handler) {
        return start(
                values,
                policy,
                UnitLimits.defaults()
                        .withMaxRecords(most)
                        .withDeadline(deadline)
                        .withMaxDuration(Duration.ofSeconds(1)),
                handler);
    }

    /** The usual thread is a new one since record 2, and another new one has come and gone. */
    @Tag("exhaustive")
    @Test
    void isSeenToHangLikeTheFirst() {
        CountDownLatch hangs = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        Deserializer<String> values = (topic, data) -> {
            String value = new String(data, StandardCharsets.UTF_8);
            if (value.equals("10")) {
                hangs.countDown();
                try {
                    over.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
            return value;
        };
        try (Running running = started(values, FailurePolicy.park(), 4, Duration.ofSeconds(3), (record, tx) -> {
            enter();
            leaveUnless(record.offset() == 2);
            if (record.offset() == 5) {
                throw new IllegalArgumentException("bad");
            }
            tx.execute("insert into written values (?, 1)", record.offset());
        })) {
            for (int n = 0; n < 10; n++) {
                int read = n + 1;
                send(n, read);
                running.until("read", () -> read() == read);
            }
            send(10, 11);
            running.until(
                    "seen to hang",
                    () -> hangs.getCount() == 0 && !running.consumer().health().live());
            over.countDown();
            running.until("read", () -> read() == 11);
        }
    }

    /** Its pool lets it wait for ever: the try there ends at the deadline. */
    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void isGivenUpWhereItWaitsForEver(int connections) {
        send(0, 12);
        try (HikariDataSource others = database.pool(connections)) {
            others.setConnectionTimeout(0);
            try (Running running =
                    started(new StringDeserializer(), FailurePolicy.park(), 4, Duration.ofSeconds(2), (record, tx) -> {
                        if (OF_THE_THREAD.get() == null) {
                            OF_THE_THREAD.set(others.getConnection());
                        }
                        try (Statement statement = OF_THE_THREAD.get().createStatement()) {
                            statement.execute("select 1");
                        }
                        if (record.offset() % 5 == 1) {
                            throw new IllegalArgumentException("bad");
                        }
                        tx.execute("insert into written values (?, 1)", record.offset());
                    })) {
                running.until("all read", () -> read() == 12);
            }
        }
        assertThat(database.number("select count(*) from written")).isEqualTo(9);
        assertThat(database.number("select count(*) from tidemark.dead_letter where record_offset % 5 = 1"))
                .isEqualTo(3);
    }

    /** A record that is applied has left the thread's connection in a failed transaction, which is no fault of the next one's. */
    @ParameterizedTest
    @ValueSource(strings = {"park", "halt"})
    void isTriedBeforeAFailedTransactionOfTheThreadsConnectionHalts(String policy) {
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), 4, (record, tx) -> {
            Connection own = OF_THE_THREAD.get();
            if (own == null) {
                own = DriverManager.getConnection(database.jdbcUrl());
                own.setAutoCommit(false);
                OF_THE_THREAD.set(own);
            }
            tx.execute("insert into written values (?, 1)", record.offset());
            try (Statement statement = own.createStatement()) {
                statement.execute("select 1");
                if (record.offset() % 20 == 7) {
                    assertThatThrownBy(() -> statement.execute("select 'x'::int"))
                            .isNotNull();
                }
            }
        })) {
            running.until("all read", () -> read() == RECORDS);
        }
        assertThat(database.number("select count(*) from written")).isEqualTo(RECORDS);
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isZero();
    }
}

package dev.tidemark.failure.leftovers;

import static dev.tidemark.RedriveResult.Status.APPLIED;
import static dev.tidemark.RedriveResult.Status.FAILED;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordHandler;
import dev.tidemark.RedriveResult;
import dev.tidemark.UnitLimits;
import dev.tidemark.failure.NamedPolicies;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.Running;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a record's handler or deserializer leaves on its thread gives up and halts no other record. */
class ThreadLeftoversIT extends LeftoversCase {
    private static final int BAD = 7;
    private static final ThreadLocal<Connection> OWN = new ThreadLocal<>();

    private final ThreadLocal<String> tenant = new ThreadLocal<>();
    private final ThreadLocal<String> inherited = new InheritableThreadLocal<>();
    private final Set<Thread> entered = ConcurrentHashMap.newKeySet();

    @BeforeEach
    void records() {
        database.owner().execute("create table written (n int)", "grant all on written to public");
    }

    /** Refuses to begin where it has not ended. */
    private void enter(String how) {
        boolean begun = switch (how) {
            case "local" -> tenant.get() != null;
            case "inheritable" -> inherited.get() != null;
            default -> !entered.add(Thread.currentThread());
        };
        if (begun) {
            throw new IllegalStateException("a tenant is set already");
        }
        tenant.set("t");
        inherited.set("t");
    }

    private void leave() {
        tenant.remove();
        inherited.remove();
        entered.remove(Thread.currentThread());
    }

    private RecordHandler<String, String> handler(String how, boolean fails) {
        return (record, tx) -> {
            enter(how);
            if (record.offset() == BAD && fails) {
                throw new IllegalArgumentException("bad");
            }
            tx.execute("insert into written values (?)", record.offset());
            if (record.offset() != BAD) {
                leave();
            }
        };
    }

    private void assertWritten(int count) {
        assertThat(database.number("select count(distinct n) from written where n <> " + BAD))
                .isEqualTo(count);
        assertThat(database.number("select count(*) from written where n <> " + BAD))
                .isEqualTo(count);
        assertThat(database.number("select count(*) from tidemark.dead_letter where record_offset <> " + BAD))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({"park, local, 4", "skip, local, 1", "park, inheritable, 1", "skip, inheritable, 4", "park, by thread, 4"
    })
    void ofARecordThatFails(String policy, String how, int most) {
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), most, handler(how, true))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWritten(RECORDS - 1);
        assertThat(database.number("select count(*) from written where n = " + BAD))
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({"halt, local, 4", "halt, inheritable, 1", "park, local, 1", "skip, by thread, 4"})
    void ofARecordThatIsApplied(String policy, String how, int most) {
        send(0, RECORDS);
        try (Running running = start(NamedPolicies.policy(policy), most, handler(how, false))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWritten(RECORDS - 1);
        assertThat(database.number("select count(*) from written where n = " + BAD))
                .isEqualTo(1);
    }

    /** Each is a unit of its own, with nothing behind it that could be tried. */
    @ParameterizedTest
    @ValueSource(strings = {"park", "skip"})
    void whileRecordsComeSingly(String policy) {
        try (Running running = start(NamedPolicies.policy(policy), 4, handler("local", true))) {
            for (int n = 0; n < 14; n++) {
                int read = n + 1;
                send(n, read);
                running.until("read", () -> ExactlyOnce.progress(database, topic) == read);
            }
        }
        assertWritten(13);
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(strings = {"park", "skip"})
    void ofADeserializer(String policy) {
        send(0, RECORDS);
        Deserializer<String> values = (topic, data) -> {
            String value = new String(data, StandardCharsets.UTF_8);
            enter("local");
            if (value.equals(Integer.toString(BAD))) {
                throw new SerializationException("bad");
            }
            leave();
            return value;
        };
        try (Running running = start(
                values,
                NamedPolicies.policy(policy),
                UnitLimits.defaults(),
                (record, tx) -> tx.execute("insert into written values (?)", record.offset()))) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWritten(RECORDS - 1);
    }

    /** The caller's thread is the caller's: what fails there is kept, and succeeds once the thread is as it was. */
    @Test
    void ofADeadLetter() {
        AtomicBoolean fixed = new AtomicBoolean();
        RecordHandler<String, String> again = handler("local", true);
        send(0, 12);
        try (Running running = start(FailurePolicy.park(), 12, (record, tx) -> {
            if (fixed.get()) {
                again.handle(record, tx);
            } else if (record.offset() % 2 == 1) {
                throw new IllegalStateException("bad");
            } else {
                tx.execute("insert into written values (?)", record.offset());
            }
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == 12);
            fixed.set(true);
            List<Long> ids = database.query("select id from tidemark.dead_letter order by record_offset").stream()
                    .map(Long::valueOf)
                    .toList();
            List<RedriveResult> first = running.consumer().redrive(ids);
            leave();
            List<RedriveResult> second = running.consumer().redrive(ids.subList(4, 6));
            assertThat(first).extracting(RedriveResult::status).startsWith(APPLIED, APPLIED, APPLIED, FAILED);
            assertThat(second).extracting(RedriveResult::status).containsExactly(APPLIED, APPLIED);
        } finally {
            leave();
        }
        assertThat(database.query("select n from written order by n"))
                .isEqualTo(List.of("0", "1", "2", "3", "4", "5", "6", "8", "9", "10", "11"));
    }

    /** It has one for each of its threads, and there are no more: a bad record is given up all the same, and nothing waits for ever. */
    @Tag("exhaustive")
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aConnectionOfEachThread(int connections) {
        send(0, RECORDS);
        try (HikariDataSource others = database.pool(connections)) {
            others.setConnectionTimeout(300);
            try (Running running = start(FailurePolicy.park(), 4, (record, tx) -> {
                if (OWN.get() == null) {
                    OWN.set(others.getConnection());
                }
                try (Statement statement = OWN.get().createStatement()) {
                    statement.execute("select 1");
                }
                if (record.offset() % 10 == BAD) {
                    throw new IllegalArgumentException("bad");
                }
                tx.execute("insert into written values (?)", record.offset());
            })) {
                running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
            }
        }
        assertThat(database.number("select count(distinct n) from written")).isEqualTo(RECORDS - 4);
        assertThat(database.number("select count(*) from tidemark.dead_letter where record_offset % 10 = " + BAD))
                .isEqualTo(4);
    }

    /** It sees what the thread that started the consumer had, wherever it runs. */
    @Test
    void whatTheApplicationPassesOnToItsThreads() {
        ThreadLocal<String> context = new InheritableThreadLocal<>();
        context.set("of the application");
        send(0, RECORDS);
        try (Running running = start(FailurePolicy.park(), 4, (record, tx) -> {
            if (!"of the application".equals(context.get())) {
                throw new IllegalStateException("no context");
            }
            handler("local", true).handle(record, tx);
        })) {
            running.until("all read", () -> ExactlyOnce.progress(database, topic) == RECORDS);
        }
        assertWritten(RECORDS - 1);
    }
}

package dev.tidemark.failure.leftovers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.failure.NamedPolicies;
import dev.tidemark.testkit.Running;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whatever a handler does for want of what its first thread has shows nothing about a record that failed by chance. */
class NewThreadLacksIT extends LeftoversCase {
    private static final ThreadLocal<Integer> SESSION = new ThreadLocal<>();

    private final AtomicReference<Thread> first = new AtomicReference<>();

    @BeforeEach
    void table() {
        database.owner().execute("create table written (n int)", "grant all on written to public");
    }

    @ParameterizedTest
    @CsvSource({
        "park, commits",
        "skip, commits",
        "halt, commits",
        "park, cleans up",
        "halt, cleans up",
        "park, closes",
        "park, sets isolation",
        "halt, rolls back to nothing",
        "park, read only",
        "skip, class",
        "halt, class",
        "park, shortage",
        "park, deadlock",
        "halt, retries",
        "park, role"
    })
    void isNoFailureOfTheRecord(String policy, String how) {
        AtomicInteger failed = new AtomicInteger();
        send(0, 20);
        try (Running running = start(NamedPolicies.policy(policy), 4, (record, tx) -> {
            // Opened once, by whoever comes first.
            if (first.compareAndSet(null, Thread.currentThread())) {
                SESSION.set(1);
            }
            if (record.offset() == 7 && failed.incrementAndGet() <= 2) {
                throw new IllegalArgumentException("twice: in its unit, and alone");
            }
            tx.execute("insert into written values (?)", record.offset());
            if (SESSION.get() == null) {
                // Nobody has begun a transaction of its own framework here, as it thinks: it ends the connection's.
                switch (how) {
                    case "commits" -> tx.getConnection().commit();
                    case "closes" -> tx.getConnection().close();
                    case "sets isolation" -> tx.execute("set transaction isolation level serializable");
                    case "rolls back to nothing" -> tx.execute("rollback to savepoint mine");
                    case "read only" -> {
                        tx.execute("set transaction read only");
                        tx.execute("insert into written values (?)", record.offset());
                    }
                    case "role" -> tx.execute("set transaction_read_only = on");
                    case "class" -> throw new NoClassDefFoundError("of the thread's class loader");
                    case "shortage" -> tx.execute("do $$ begin raise exception using errcode = '53300'; end $$");
                    case "deadlock" -> tx.execute("do $$ begin raise exception using errcode = '40P01'; end $$");
                    case "retries" -> tx.execute("do $$ begin raise exception using errcode = '40001'; end $$");
                    default -> {
                        try {
                            tx.execute("select 1 / 0");
                        } finally {
                            tx.execute("reset work_mem");
                        }
                    }
                }
            }
        })) {
            running.until("read", () -> read() == 20);
        }
        assertThat(database.query("select n from written order by n"))
                .isEqualTo(IntStream.range(0, 20).mapToObj(Integer::toString).toList());
    }
}

package dev.tidemark.failure.leftovers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.UnitLimits;
import dev.tidemark.failure.NamedPolicies;
import dev.tidemark.testkit.Running;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.jdbi.v3.core.Handle;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Code that is interrupted may return as if it had done all that it was to do: what it returns must not count. */
class InterruptedCallsIT extends LeftoversCase {
    private static final int LINES = 3;
    private static final int BAD = 7;
    private static final int END = 12;
    private static final UnitLimits QUICK =
            UnitLimits.defaults().withDeadline(Duration.ofSeconds(1)).withMaxDuration(Duration.ofMillis(500));

    /** How often the record fails before it hangs. */
    private final AtomicInteger failures = new AtomicInteger();

    private final CountDownLatch hanging = new CountDownLatch(1);

    /** Whether nobody can see afterwards that it was interrupted. */
    private boolean swallows;

    /** Once is enough. */
    private final AtomicBoolean interrupted = new AtomicBoolean();

    @BeforeEach
    void table() {
        database.owner().execute("create table written (n int, line int)", "grant all on written to public");
    }

    private void awaitInterrupt() {
        hanging.countDown();
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            interrupted.set(true);
            if (!swallows) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private boolean hangs(long n) {
        return n == BAD && failures.get() <= 0 && !interrupted.get();
    }

    /** Fails on one record, which hangs later, and ends what it does when it is interrupted. */
    private void handle(long n, String value, Handle tx, String where) {
        if (n == BAD && (where.equals("policy") ? !interrupted.get() : failures.getAndDecrement() > 0)) {
            throw new IllegalStateException("the service replied 503");
        }
        if (value == null) {
            tx.execute("insert into written values (?, -1)", n);
            return;
        }
        if (hangs(n) && where.equals("before")) {
            awaitInterrupt();
            return;
        }
        for (int line = 0; line < LINES && !Thread.currentThread().isInterrupted(); line++) {
            tx.execute("insert into written values (?, ?)", n, line);
            if (hangs(n) && where.equals("between")) {
                awaitInterrupt();
            }
        }
    }

    private String value(byte[] data, String where) {
        long n = Long.parseLong(new String(data, StandardCharsets.UTF_8));
        boolean now = where.equals("deserializer at once") && n == BAD && !interrupted.get();
        if (now || (where.equals("deserializer") && hangs(n))) {
            awaitInterrupt();
            return null;
        }
        return Long.toString(n);
    }

    private Running start(FailurePolicy policy, int most, String where) {
        return start(
                (t, data) -> value(data, where),
                policy,
                QUICK.withMaxRecords(most),
                (record, tx) -> handle(record.offset(), record.value(), tx, where),
                builder -> builder.drainTimeout(Duration.ofSeconds(1)).closeTimeout(Duration.ofSeconds(1)));
    }

    private void assertAppliedOnce() {
        assertThat(database.query("select n || ' ' || line from written order by n, line"))
                .isEqualTo(IntStream.range(0, END)
                        .boxed()
                        .flatMap(n -> IntStream.range(0, LINES).mapToObj(line -> n + " " + line))
                        .toList());
        assertThat(database.number("select count(*) from tidemark.dead_letter")).isZero();
        assertThat(database.number("select count(*) from tidemark.audit_log where action in ('skip', 'park')"))
                .isZero();
    }

    private void assertRead(Running running) {
        running.until("read", () -> read() == END);
    }

    /** The record has failed, so that it is tried on a new thread, and there it takes too long. */
    @ParameterizedTest
    @CsvSource({
        "before, park, 1",
        "before, halt, 4",
        "before, skip, 4",
        "between, park, 1",
        "between, halt, 4",
        "deserializer, park, 1",
        "deserializer, skip, 4"
    })
    void countForNothingOnANewThread(String where, String policy, int most) {
        // In its unit, and by itself: then it is tried on a new thread.
        failures.set(most == 1 ? 1 : 2);
        send(0, END);
        try (Running running = start(NamedPolicies.policy(policy), most, where)) {
            assertRead(running);
        }
        assertThat(interrupted).isTrue();
        assertAppliedOnce();
    }

    /** The consumer is closed, and does not wait. */
    @ParameterizedTest
    @CsvSource({
        "before, false",
        "between, true",
        "deserializer, true",
        "deserializer at once, false",
        "deserializer at once, true"
    })
    void countForNothingAtTheEnd(String where, boolean swallowed) {
        swallows = swallowed;
        send(0, END);
        try (Running running = start(FailurePolicy.park(), 4, where)) {
            running.until("it hangs", () -> hanging.getCount() == 0);
        }
        awaitInterrupted();
        try (Running running = start(FailurePolicy.park(), 4, where)) {
            assertRead(running);
        }
        assertAppliedOnce();
    }

    private void awaitInterrupted() {
        Awaitility.await("interrupted").atMost(Running.PATIENCE).untilTrue(interrupted);
    }

    private static FailureAction action(String name) {
        return switch (name) {
            case "park" -> FailureAction.park();
            case "skip" -> FailureAction.skip();
            default -> FailureAction.halt();
        };
    }

    /** A policy that asks a service, and has a default for when it does not reply. */
    @ParameterizedTest
    @CsvSource({"park, true", "skip, false", "skip, true", "halt, true"})
    void ofAPolicyDecidesNothing(String otherwise, boolean swallowed) {
        swallows = swallowed;
        send(0, END);
        FailurePolicy asking = failure -> {
            awaitInterrupt();
            return action(otherwise);
        };
        try (Running running = start(asking, 4, "policy")) {
            running.until("it hangs", () -> hanging.getCount() == 0);
        }
        awaitInterrupted();
        try (Running running = start(asking, 4, "policy")) {
            assertRead(running);
        }
        assertAppliedOnce();
    }
}

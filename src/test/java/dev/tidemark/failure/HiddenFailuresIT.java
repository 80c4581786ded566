package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.Running;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A failure that the handler's own clean-up, or its swallowing, hides behind 25P02 is still the failure that it was. */
class HiddenFailuresIT extends FailureCase {
    private static void raise(Handle tx, String state) {
        tx.execute("do $$ begin raise exception using errcode = '" + state + "'; end $$");
    }

    private static void raiseAndCleanUp(Handle tx, String state) {
        try {
            raise(tx, state);
        } finally {
            tx.execute("reset work_mem");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"40P01", "40001", "55P03", "53200"})
    void whatPassesIsWaitedForBehindACleanUp(String state) {
        AtomicBoolean once = new AtomicBoolean();
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7 && once.compareAndSet(false, true)) {
                raiseAndCleanUp(tx, state);
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertDone(20, Set.of());
    }

    @ParameterizedTest
    @ValueSource(strings = {"40P01", "40001"})
    void whatPassesIsWaitedForWhereTheHandlerSwallowsIt(String state) {
        AtomicBoolean once = new AtomicBoolean();
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7 && once.compareAndSet(false, true)) {
                try {
                    raise(tx, state);
                } catch (RuntimeException e) {
                    assertThat(e).isNotNull();
                }
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertDone(20, Set.of());
    }

    /** Nothing about what the handler throws shows what failed; only the transaction does. */
    @ParameterizedTest
    @CsvSource({"40P01,", "40001,", "55P03,", "53100,", "55P03, P0001", "53100, 22023"})
    void whatPassesIsWaitedForBehindAnExceptionOfTheHandlersOwn(String state, String own) {
        AtomicBoolean lasts = new AtomicBoolean(true);
        AtomicInteger tries = new AtomicInteger();
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7 && lasts.get()) {
                tries.incrementAndGet();
                raiseAndHide(tx, state, own);
            }
        })) {
            running.until("tried often", () -> tries.get() >= 11 || stored() > 7);
            lasts.set(false);
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).isEmpty();
        assertDone(20, Set.of());
    }

    private static void raiseAndHide(Handle tx, String state, @Nullable String own) throws SQLException {
        try {
            raise(tx, state);
        } catch (RuntimeException hidden) {
            throw own == null ? new SQLException("busy") : new SQLException("busy", own);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lock_timeout", "statement_timeout"})
    void aLockIsWaitedForBehindAnExceptionOfTheHandlersOwn(String limit) throws SQLException {
        database.owner()
                .execute(
                        "create table account (n int)",
                        "insert into account values (0)",
                        "grant all on account to public");
        AtomicInteger tries = new AtomicInteger();
        send(0, 20);
        try (Connection person = database.owner().connect();
                Statement s = person.createStatement();
                Running running = start(FailurePolicy.park(), (record, tx) -> {
                    if (record.offset() == 7) {
                        tries.incrementAndGet();
                        tx.execute("set local " + limit + " = '200ms'");
                        updateAndHide(tx);
                    }
                })) {
            person.setAutoCommit(false);
            s.execute("update account set n = 1");
            running.until("tried often", () -> tries.get() >= 11 || stored() > 7);
            person.rollback();
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).isEmpty();
        assertDone(20, Set.of());
    }

    private static void updateAndHide(Handle tx) {
        try {
            tx.execute("update account set n = n + 1");
        } catch (RuntimeException hidden) {
            throw new IllegalStateException("busy");
        }
    }

    /** It is the record's, and speaks for itself only under its own name. */
    @ParameterizedTest
    @ValueSource(strings = {"22012", "P0001", "42P01"})
    void anyOtherFailureBehindAnExceptionOfTheHandlersOwnIsTheRecords(String state) {
        send(0, 20);
        try (Running running = start(FailurePolicy.park(), (record, tx) -> {
            if (record.offset() == 7) {
                raiseAndHide(tx, state, null);
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).containsExactly("7");
        assertDone(20, Set.of(7));
    }

    @Test
    void aTransactionThatTheHandlerMadeReadOnlyHaltsBehindACleanUpToo() {
        send(0, 20);
        try (Running running = start(FailurePolicy.park(), (record, tx) -> {
            if (record.offset() == 7) {
                tx.execute("set transaction read only");
                try {
                    tx.execute("insert into done values (-1)");
                } finally {
                    tx.execute("reset work_mem");
                }
            }
        })) {
            assertThat(running.failure()).hasMessageContaining("TM-505");
        }
        assertThat(givenUp()).isEmpty();
    }

    /** Clean-up by SQL after a failed statement is the handler's mistake; it hides what failed. */
    @Test
    void anyOtherFailureBehindACleanUpHalts() {
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7) {
                raiseAndCleanUp(tx, "22012");
            }
        })) {
            assertThat(running.failure()).hasMessageContaining("TM-501");
        }
        assertThat(givenUp()).isEmpty();
    }
}

package dev.tidemark.failure;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.FailurePolicy;
import dev.tidemark.testkit.Running;
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/** Failures that look like others: what a handler hides behind a clean-up or an exception of its own, and what looks like others' doing. */
@Tag("exhaustive")
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
    @CsvSource({"40P01,", "40001,", "55P03,", "53200,", "55P03, P0001", "53100, 22023"})
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

    /** A file that is missing for a while, for all records. */
    @ParameterizedTest
    @CsvSource({"skip, own", "park, own", "halt, own", "park, clean-up", "skip, clean-up"})
    void whatMayPassIsWaitedForWhicheverWayItIsHidden(String policy, String how) {
        AtomicBoolean lasts = new AtomicBoolean(true);
        AtomicInteger tries = new AtomicInteger();
        send(0, 20);
        try (Running running = start(NamedPolicies.policy(policy), (record, tx) -> {
            if (record.offset() >= 7 && lasts.get()) {
                tries.incrementAndGet();
                if (how.equals("own")) {
                    raiseAndHide(tx, "58P01", null);
                }
                raiseAndCleanUp(tx, "58P01");
            }
        })) {
            running.until("tried often", () -> tries.get() >= 60 || stored() > 7);
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

    /** It looks like a lock of another session. */
    @ParameterizedTest
    @ValueSource(strings = {"insert into log values (1)", "declare c cursor for select * from log; fetch c"})
    void aTableThatItsOwnTransactionUsesIsTheRecords(String use) {
        database.owner()
                .execute(
                        "create table log (n bigint)",
                        "insert into log select generate_series(1, 1000)",
                        "create function nothing() returns trigger language plpgsql as $$ begin return null; end $$",
                        "create constraint trigger later after insert on log deferrable initially deferred"
                                + " for each row execute function nothing()",
                        "grant all on log to public");
        send(0, 20);
        try (Running running = start(FailurePolicy.park(), (record, tx) -> {
            if (record.offset() == 7) {
                for (String statement : use.split(";")) {
                    tx.execute(statement);
                }
                tx.execute("truncate log");
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).containsExactly("7");
        assertDone(20, Set.of(7));
    }

    /** It looks like a server that lacks something for now. */
    @Test
    void aStatementThatNeedsMoreTemporaryFilesThanItsRoleMayHaveIsTheRecords() {
        database.superuser()
                .execute("alter role " + database.writer().role() + " in database " + database.name()
                        + " set temp_file_limit = '64kB'");
        send(0, 20);
        try (Running running = start(FailurePolicy.skip(), (record, tx) -> {
            if (record.offset() == 7) {
                tx.execute("set local work_mem = '64kB'");
                tx.execute("select md5(n::text) from generate_series(1, 200000) n order by 1");
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).containsExactly("7");
        assertDone(20, Set.of(7));
    }

    /** A pool closes the connection for some of these by itself. */
    @ParameterizedTest
    @CsvSource({
        "08001, park",
        "08006, skip",
        "57P01, halt",
        "57P03, park",
        "0A000, none",
        "57P01, none",
        "08006, none",
        "HV00N, park key"
    })
    void whatPassesIsWaitedForWhereThePoolHasAnOpinion(String state, String policy) {
        AtomicBoolean lasts = new AtomicBoolean(true);
        AtomicInteger tries = new AtomicInteger();
        send(0, 20);
        try (Running running = start(NamedPolicies.policy(policy.equals("none") ? "halt" : policy), (record, tx) -> {
            if (record.offset() == 7 && lasts.get()) {
                tries.incrementAndGet();
                if (policy.equals("none")) {
                    // It goes on without what is not supported.
                    Connection c = tx.getConnection();
                    Savepoint before = c.setSavepoint();
                    try {
                        raise(tx, state);
                    } catch (RuntimeException e) {
                        c.rollback(before);
                    }
                } else {
                    try {
                        raise(tx, state);
                    } catch (RuntimeException hidden) {
                        throw new IllegalStateException("no stock");
                    }
                }
            }
        })) {
            running.until("tried often", () -> tries.get() >= 8 || stored() > 7);
            assertThat(stored() > 7).as("goes on by itself").isEqualTo(policy.equals("none"));
            lasts.set(false);
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).isEmpty();
        assertDone(20, Set.of());
    }

    /** As in a restart, of which the handler says nothing. */
    @ParameterizedTest
    @CsvSource({"park, ", "halt, ", "skip, P0001", "halt, P0001"})
    void aSessionThatWasEndedShowsNothingAboutTheRecord(String policy, @Nullable String own) {
        AtomicInteger tries = new AtomicInteger();
        send(0, 20);
        try (Running running = start(NamedPolicies.policy(policy), (record, tx) -> {
            if (record.offset() == 7 && tries.incrementAndGet() <= 6) {
                try {
                    tx.execute("select pg_terminate_backend(pg_backend_pid())");
                } catch (RuntimeException hidden) {
                    if (own == null) {
                        throw new IllegalStateException("gone");
                    }
                    throw new SQLException("gone", own);
                }
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).isEmpty();
        assertDone(20, Set.of());
    }

    /** It has copied before, so that the driver's own connection is known to it. */
    @ParameterizedTest
    @CsvSource({"40P01, park", "55P03, skip", "53100, halt", "57P01, park"})
    void whatPassesIsWaitedForWhereTheHandlerCopies(String state, String policy) {
        AtomicBoolean lasts = new AtomicBoolean(true);
        AtomicInteger tries = new AtomicInteger();
        database.owner()
                .execute(
                        "create table copied (n bigint)",
                        "grant all on copied to public",
                        "create function raised(state text) returns int language plpgsql as"
                                + " $$ begin raise exception using errcode = state; end $$");
        send(0, 20);
        try (Running running = start(NamedPolicies.policy(policy), (record, tx) -> {
            CopyManager copy = tx.getConnection().unwrap(PGConnection.class).getCopyAPI();
            long unused = copy.copyIn("copy public.copied from stdin", new StringReader(record.offset() + "\n"));
            if (record.offset() == 7 && lasts.get()) {
                tries.incrementAndGet();
                try {
                    long failing = copy.copyOut("copy (select raised('" + state + "')) to stdout", new StringWriter());
                } catch (SQLException hidden) {
                    throw new IllegalStateException("busy");
                }
            }
        })) {
            running.until("tried often", () -> tries.get() >= 8 || stored() > 7);
            lasts.set(false);
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).isEmpty();
        assertDone(20, Set.of());
    }

    /** The server has ended its transaction, and it returns as if nothing had happened. */
    @ParameterizedTest
    @ValueSource(strings = {"park", "skip"})
    void aSilenceThatTheHandlerDoesNotMentionIsItsOwn(String policy) {
        send(0, 20);
        try (Running running = Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(NamedPolicies.policy(policy))
                        .transactionIdleTimeout(Duration.ofSeconds(1))
                        .handle((record, tx) -> {
                            tx.execute("insert into public.done values (?)", record.offset());
                            if (record.offset() == 7) {
                                LockSupport.parkNanos(Duration.ofMillis(1_500).toNanos());
                                try {
                                    tx.execute("select 1");
                                } catch (RuntimeException e) {
                                    assertThat(e).isNotNull();
                                }
                            }
                        }))) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).containsExactly("7");
        assertDone(20, Set.of(7));
    }

    /** However much the database has told the handler before. */
    @ParameterizedTest
    @ValueSource(ints = {10, 40, 200})
    void whatPassesIsWaitedForBehindManyOthers(int duplicates) {
        database.owner()
                .execute(
                        "create table item (n int primary key)",
                        "insert into item values (1)",
                        "grant all on item to public");
        AtomicBoolean lasts = new AtomicBoolean(true);
        AtomicInteger tries = new AtomicInteger();
        send(0, 20);
        try (Running running = start(FailurePolicy.park(), (record, tx) -> {
            if (record.offset() == 7 && lasts.get()) {
                tries.incrementAndGet();
                Connection c = tx.getConnection();
                for (int i = 0; i < duplicates; i++) {
                    behindASavepoint(c, () -> tx.execute("insert into public.item values (1)"));
                }
                behindASavepoint(c, () -> raise(tx, "55P03"));
                throw new IllegalStateException("is locked");
            }
        })) {
            running.until("tried often", () -> tries.get() >= 11 || stored() > 7);
            lasts.set(false);
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).isEmpty();
        assertDone(20, Set.of());
    }

    private static void behindASavepoint(Connection c, Runnable statement) throws SQLException {
        Savepoint before = c.setSavepoint();
        try {
            statement.run();
        } catch (RuntimeException e) {
            c.rollback(before);
        }
    }

    /** The server's own ends its session. */
    @ParameterizedTest
    @CsvSource({"25P03, park", "25P03, skip", "25P03, park key"})
    void whatAFunctionRaisesInASessionThatGoesOnIsTheRecords(String state, String policy) {
        send(0, 20);
        try (Running running = start(NamedPolicies.policy(policy), (record, tx) -> {
            if (record.offset() == 7) {
                raise(tx, state);
            }
        })) {
            running.until("all read", () -> stored() == 20);
        }
        assertThat(givenUp()).containsExactly("7");
        assertDone(20, Set.of(7));
    }
}

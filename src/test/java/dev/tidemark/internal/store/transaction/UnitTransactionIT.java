package dev.tidemark.internal.store.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.UnitOutcome;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.offsets.Position;
import dev.tidemark.offsets.TopicBinding;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.CommitProxy;
import dev.tidemark.testkit.postgres.CommitProxy.Cut;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;

/** A unit of work by itself: however it ends, the outcome says so and never guesses. */
@Tag("database")
class UnitTransactionIT {
    private static final TopicPartition P0 = new TopicPartition("flights", 0);

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final OffsetStore store = OffsetStore.of("etl");
    private CommitProxy proxy;
    private HikariDataSource pool;
    private WorkerSession session;
    private UnitTransaction transaction;

    @BeforeEach
    void open() throws IOException, SQLException {
        proxy = new CommitProxy(database.server().port());
        pool = TestDatabase.pool(
                database.jdbcUrl().replace(":" + database.server().port() + "/", ":" + proxy.port() + "/"), 1);
        pool.setConnectionTimeout(Duration.ofMinutes(1).toMillis());
        session = new WorkerSession(pool, "tidemark/test", Duration.ofMinutes(5), Duration.ofSeconds(10));
        transaction = new UnitTransaction(new Schema("tidemark"), "etl", "tester", session, Duration.ofSeconds(30));
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            store.bind(c, new TopicBinding("flights", "cluster", Optional.of("id"), Map.of(0, 0L), Map.of(0, 0L)));
            c.commit();
        }
    }

    @AfterEach
    void close() throws IOException {
        session.close();
        pool.close();
        proxy.close();
    }

    private Claim claim() throws SQLException {
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            Claim claim = Objects.requireNonNull(store.claim(c, Set.of(P0)).get(P0));
            c.commit();
            return claim;
        }
    }

    /** One record: its effect, and the offset after it. */
    private UnitOutcome applyOne(Claim claim) {
        return transaction.run(List.of(claim), tx -> {
            tx.execute(
                    "insert into applied (topic, partition, record_offset) values ('flights', 0, ?)",
                    claim.position().nextOffset());
            return new UnitEnd.Advance(
                    Map.of(claim, Position.of(claim.position().nextOffset() + 1)));
        });
    }

    @ParameterizedTest
    @EnumSource(
            value = Cut.class,
            names = {"BEFORE_COMMIT", "AFTER_COMMIT"})
    void aCutCommitIsUnknownAndTheClaimReadsWhatIsTrue(Cut cut) throws SQLException {
        Claim claim = claim();
        proxy.cutNext(cut);
        assertThat(applyOne(claim)).isInstanceOf(UnitOutcome.CommitUnknown.class);
        long applied = cut == Cut.AFTER_COMMIT ? 1 : 0;
        Claim again = claim();
        assertThat(again.position()).isEqualTo(Position.of(applied));
        assertThat(database.number("select count(*) from applied")).isEqualTo(applied);
        assertThat(applyOne(again)).as("on a new connection").isInstanceOf(UnitOutcome.Committed.class);
    }

    @Test
    void aClaimThatIsGoneIsSeenBeforeTheHandlerAndAtTheAdvance() throws SQLException {
        Claim old = claim();
        Claim unused = claim();
        assertThat(transaction.run(List.of(old), tx -> {
                    throw new AssertionError("the handler was called");
                }))
                .isEqualTo(new UnitOutcome.Fenced(Set.of(P0)));

        Claim present = claim();
        assertThat(transaction.run(List.of(present), tx -> {
                    tx.execute("insert into applied (topic, partition, record_offset) values ('flights', 0, 0)");
                    Claim successor = claim();
                    assertThat(successor.token()).isNotEqualTo(present.token());
                    return new UnitEnd.Advance(Map.of(present, Position.of(1)));
                }))
                .isEqualTo(new UnitOutcome.Fenced(Set.of(P0)));
        assertThat(database.number("select count(*) from applied")).isZero();
    }

    @Test
    void aConstraintThatFailsAtTheCommitIsTheHandlersAndKnown() throws SQLException {
        database.owner().execute("create table deferred (a int unique deferrable initially deferred)");
        Claim claim = claim();
        assertThat(transaction.run(List.of(claim), tx -> {
                    tx.execute("insert into deferred values (1), (1)");
                    return new UnitEnd.Advance(Map.of(claim, Position.of(1)));
                }))
                .isInstanceOf(UnitOutcome.HandlerFailed.class);
        assertThat(applyOne(claim)).as("under the same claim").isInstanceOf(UnitOutcome.Committed.class);
    }

    @Test
    void anUnloggedEffectTableIsNamedAndATemporaryOneIsNot() throws SQLException {
        database.owner().execute("create unlogged table staged (a int)");
        Claim claim = claim();
        assertThat(transaction.run(List.of(claim), tx -> {
                    tx.execute("create temporary table mine (a int) on commit drop");
                    tx.execute("insert into mine values (1)");
                    tx.execute("select * from staged");
                    return new UnitEnd.Advance(Map.of(claim, Position.of(1)));
                }))
                .isInstanceOf(UnitOutcome.Committed.class);
        session.giveBack();

        Claim next = claim();
        assertThat(transaction.run(List.of(next), tx -> {
                    tx.execute("insert into staged values (1)");
                    return new UnitEnd.Advance(Map.of(next, Position.of(2)));
                }))
                .isInstanceOfSatisfying(UnitOutcome.StoreFailed.class, o -> {
                    assertThat(o.error().code()).isEqualTo(ErrorCode.TABLE_UNLOGGED);
                    assertThat(o.error()).hasMessageContaining("alter table staged set logged");
                });
        assertThat(database.number("select count(*) from staged")).isZero();
        assertThat(claim().position()).as("nothing was committed").isEqualTo(Position.of(1));
    }

    /** A cancellation that meets no statement leaves no trace in the transaction, which could still commit. */
    @Test
    void aUnitThatWasCancelledNeverCommits() throws SQLException {
        Claim claim = claim();
        UnitOutcome outcome = transaction.run(List.of(claim), tx -> {
            tx.execute("insert into applied (topic, partition, record_offset) values ('flights', 0, 0)");
            Objects.requireNonNull(session.openUnit()).cancel();
            return new UnitEnd.Advance(Map.of(claim, Position.of(1)));
        });
        assertThat(outcome)
                .isInstanceOfSatisfying(
                        UnitOutcome.HandlerFailed.class,
                        o -> assertThat(o.code()).isEqualTo(ErrorCode.DEADLINE_PASSED));
        assertThat(database.number("select count(*) from applied")).isZero();
        assertThat(claim().position()).isEqualTo(Position.of(0));
    }

    @Test
    void aCancellationAfterTheEndMeetsNoOtherUnit() throws SQLException {
        List<OpenUnit> first = new ArrayList<>();
        Claim claim = claim();
        assertThat(transaction.run(List.of(claim), tx -> {
                    first.add(Objects.requireNonNull(session.openUnit()));
                    return new UnitEnd.Advance(Map.of(claim, Position.of(1)));
                }))
                .isInstanceOf(UnitOutcome.Committed.class);
        Claim next = claim();
        assertThat(transaction.run(List.of(next), tx -> {
                    first.get(0).cancel();
                    tx.execute("select pg_sleep(0.2)");
                    return new UnitEnd.Advance(Map.of(next, Position.of(2)));
                }))
                .isInstanceOf(UnitOutcome.Committed.class);
    }

    enum OpenCopy {
        IN("copy copied from stdin"),
        OUT("copy (select generate_series(1, 100000)) to stdout"),
        FINISHED("copy copied from stdin");

        private final String sql;

        OpenCopy(String sql) {
            this.sql = sql;
        }
    }

    /** The driver would wait for the COPY's end before it sends a rollback, and nothing ends it. */
    @ParameterizedTest
    @EnumSource
    @Timeout(60)
    void aCopyThatAFailedHandlerLeftOpenIsCutAndNotWaitedFor(OpenCopy open) throws SQLException {
        database.owner().execute("create table copied (line text)");
        Claim claim = claim();
        AtomicInteger backend = new AtomicInteger();
        assertThat(transaction.run(List.of(claim), tx -> {
                    backend.set(tx.select("select pg_backend_pid()")
                            .mapTo(Integer.class)
                            .one());
                    CopyManager copies =
                            tx.getConnection().unwrap(PGConnection.class).getCopyAPI();
                    if (open == OpenCopy.OUT) {
                        assertThat(copies.copyOut(open.sql).readFromCopy()).isNotNull();
                    } else {
                        CopyIn copy = copies.copyIn(open.sql);
                        byte[] line = "half\n".getBytes(StandardCharsets.UTF_8);
                        copy.writeToCopy(line, 0, line.length);
                        if (open == OpenCopy.FINISHED) {
                            assertThat(copy.endCopy()).isEqualTo(1);
                        }
                    }
                    throw new IllegalStateException("in the middle");
                }))
                .isInstanceOf(UnitOutcome.HandlerFailed.class);
        Awaitility.await("the session ends")
                .until(() -> database.superuser()
                                .number("select count(*) from pg_stat_activity where pid = " + backend.get())
                        == 0);
        assertThat(applyOne(claim)).as("on a new connection").isInstanceOf(UnitOutcome.Committed.class);
        assertThat(database.number("select count(*) from copied")).isZero();
    }

    @Test
    void aTerminatedBackendIsPassingTrouble() throws SQLException {
        Claim claim = claim();
        assertThat(transaction.run(List.of(claim), tx -> {
                    database.superuser()
                            .execute("select pg_terminate_backend(pid) from pg_stat_activity"
                                    + " where application_name = 'tidemark/test' and datname = current_database()");
                    tx.execute("select 1");
                    return new UnitEnd.Advance(Map.of());
                }))
                .isInstanceOfSatisfying(
                        UnitOutcome.Transient.class,
                        o -> assertThat(o.code()).isEqualTo(ErrorCode.DATABASE_UNAVAILABLE));
        assertThat(applyOne(claim)).as("the same unit again").isInstanceOf(UnitOutcome.Committed.class);
    }
}

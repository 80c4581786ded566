package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.LogMismatchException;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Move;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.offsets.Position;
import dev.tidemark.offsets.TopicBinding;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.PostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What the store promises to a poll loop of the caller, on every PostgreSQL that Tidemark supports. */
@Tag("database")
// One server, one test at a time: the server prunes no page while a transaction of any database is open that was there
// before.
@Execution(ExecutionMode.SAME_THREAD)
abstract class OffsetStoreContract {
    private static final TopicPartition P0 = new TopicPartition("flights", 0);
    private static final TopicPartition P1 = new TopicPartition("flights", 1);

    private final OffsetStore store = OffsetStore.of("etl");
    private TestDatabase database;

    abstract PostgresServer server();

    @BeforeEach
    void bindTwoPartitions() throws SQLException {
        database = Servers.flightDatabase(server());
        inTransaction(c -> {
            store.bind(c, binding("topic-id", 2, 10));
            return 0;
        });
    }

    private static TopicBinding binding(String topicId, int partitions, long start) {
        Map<Integer, Long> starts =
                IntStream.range(0, partitions).boxed().collect(Collectors.toMap(p -> p, p -> start));
        Map<Integer, Long> earliest = IntStream.range(0, partitions).boxed().collect(Collectors.toMap(p -> p, p -> 3L));
        return new TopicBinding("flights", "cluster", Optional.of(topicId), starts, earliest);
    }

    /** What is done in a transaction. */
    private interface Work<T> {
        T apply(Connection c) throws SQLException;
    }

    private <T> T inTransaction(Work<T> work) throws SQLException {
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            T result = work.apply(c);
            c.commit();
            return result;
        }
    }

    private Claim claim(TopicPartition partition) throws SQLException {
        return get(inTransaction(c -> store.claim(c, Set.of(partition))), partition);
    }

    private static <T> T get(Map<TopicPartition, T> map, TopicPartition partition) {
        return Objects.requireNonNull(map.get(partition));
    }

    private long stored(TopicPartition partition) throws SQLException {
        return get(inTransaction(c -> store.positions(c, Set.of(partition))), partition)
                .nextOffset();
    }

    @Test
    void anAdvanceCommitsWithItsTransactionOrNotAtAll() throws SQLException {
        Claim claim = claim(P0);
        assertThat(claim.position()).isEqualTo(Position.of(10));
        Claim moved = inTransaction(c ->
                        store.advance(c, List.of(new Move(claim, new Position(15, OptionalInt.of(7))))))
                .get(P0);
        assertThat(stored(P0)).isEqualTo(15);
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            store.advance(c, List.of(new Move(moved, Position.of(20))));
            c.rollback();
        }
        assertThat(stored(P0)).isEqualTo(15);
        assertThat(claim(P0).position()).as("with the leader epoch").isEqualTo(new Position(15, OptionalInt.of(7)));
    }

    @Test
    void aClaimFencesThePredecessor() throws SQLException {
        Claim first = claim(P0);
        Claim second = claim(P0);
        assertThat(second.token()).isNotEqualTo(first.token());
        assertThat(second.ownerEpoch()).isEqualTo(first.ownerEpoch() + 1);
        assertThatThrownBy(() -> inTransaction(c -> store.advance(c, List.of(new Move(first, Position.of(11))))))
                .isInstanceOfSatisfying(
                        FencedException.class, e -> assertThat(e.partitions()).containsExactly(P0));
        assertThatThrownBy(() -> inTransaction(c -> {
                    store.check(c, List.of(first));
                    return 0;
                }))
                .isInstanceOf(FencedException.class);
        inTransaction(c -> store.advance(c, List.of(new Move(second, Position.of(11)))));
        assertThat(stored(P0)).isEqualTo(11);
    }

    @Test
    void theTokenAloneIsNotEnough() throws SQLException {
        Claim claim = claim(P0);
        inTransaction(c -> store.advance(c, List.of(new Move(claim, Position.of(11)))));
        assertThatThrownBy(() -> inTransaction(c -> store.advance(c, List.of(new Move(claim, Position.of(11))))))
                .as("the same unit again, as after a commit whose reply was lost")
                .isInstanceOf(FencedException.class);
    }

    @Test
    void thePreviousOffsetAloneIsNotEnough() throws SQLException {
        Claim claim = claim(P0);
        Claim forged = new Claim(P0, UUID.randomUUID(), claim.ownerEpoch(), claim.position());
        assertThatThrownBy(() -> inTransaction(c -> store.advance(c, List.of(new Move(forged, Position.of(11))))))
                .isInstanceOf(FencedException.class);
    }

    @Test
    void anAdvanceNeverGoesBack() throws SQLException {
        Claim claim = claim(P0);
        assertThatThrownBy(() -> inTransaction(c -> store.advance(c, List.of(new Move(claim, Position.of(9))))))
                .isInstanceOf(FencedException.class);
        assertThat(stored(P0)).isEqualTo(10);
    }

    @Test
    void aFencedPartitionIsNamedAndTheOthersAreNot() throws SQLException {
        Map<TopicPartition, Claim> claims = inTransaction(c -> store.claim(c, Set.of(P0, P1)));
        Claim unused = claim(P1);
        assertThatThrownBy(() -> inTransaction(c -> store.advance(
                        c,
                        List.of(new Move(claims.get(P0), Position.of(11)), new Move(claims.get(P1), Position.of(11))))))
                .isInstanceOfSatisfying(
                        FencedException.class, e -> assertThat(e.partitions()).containsExactly(P1));
        assertThat(stored(P0)).as("the caller's rollback").isEqualTo(10);
    }

    @Test
    void aClaimWaitsForTheAdvanceThatIsUnderWayAndReadsItsOutcome() throws Exception {
        Claim first = claim(P0);
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            store.advance(c, List.of(new Move(first, Position.of(99))));
            CompletableFuture<Claim> second = CompletableFuture.supplyAsync(() -> {
                try {
                    return claim(P0);
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            Awaitility.await("the claim waits for the row")
                    .until(() -> database.superuser()
                                    .number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                                            + " and datname = current_database()")
                            > 0);
            assertThat(second.isDone()).isFalse();
            c.commit();
            assertThat(second.join().position()).isEqualTo(Position.of(99));
        }
    }

    @Test
    void aManualMoveFencesForwardAndBackAndIsWrittenDown() throws SQLException {
        for (long target : new long[] {500, 4}) {
            Claim claim = claim(P0);
            database.owner()
                    .execute("update tidemark.stored_offset set next_offset = " + target + " where partition = 0");
            assertThatThrownBy(() ->
                            inTransaction(c -> store.advance(c, List.of(new Move(claim, Position.of(target + 1))))))
                    .isInstanceOf(FencedException.class);
            assertThat(claim(P0).position()).isEqualTo(Position.of(target));
        }
        assertThat(database.query("select topic, partition, from_offset, to_offset, by_role, at is not null"
                        + " from tidemark.audit_log order by id"))
                .containsExactly("flights|0|10|500|tidemark_owner|t", "flights|0|500|4|tidemark_owner|t");
    }

    /** What the raw calls leave to the caller; ClaimingConsumerIT has what does not. */
    @Test
    void aFreshClaimTrustsTheCallerForWhatLiesBetween() throws SQLException {
        Position fetchedBefore = Position.of(51);
        database.owner().execute("update tidemark.stored_offset set next_offset = 5 where partition = 0");
        Claim fresh = claim(P0);
        inTransaction(c -> store.advance(c, List.of(new Move(fresh, fetchedBefore))));
        assertThat(stored(P0)).as("5 to 50 are passed over").isEqualTo(51);
    }

    @Test
    void anAdvanceIsNotTakenForAHand() throws SQLException {
        Claim claim = claim(P0);
        for (int i = 11; i < 40; i++) {
            Position next = Position.of(i);
            Claim before = claim;
            claim = inTransaction(c -> store.advance(c, List.of(new Move(before, next))))
                    .get(P0);
        }
        assertThat(database.number("select count(*) from tidemark.audit_log")).isZero();
    }

    @Test
    void aReleaseFreesWhatIsOursAndNothingElse() throws SQLException {
        Claim first = claim(P0);
        Claim second = claim(P0);
        inTransaction(c -> {
            store.release(c, List.of(first));
            return 0;
        });
        inTransaction(c -> store.advance(c, List.of(new Move(second, Position.of(11)))));
        inTransaction(c -> {
            store.release(c, List.of(second));
            return 0;
        });
        assertThat(database.query("select owner_token, owner_name, progress_epoch = owner_epoch"
                        + " from tidemark.stored_offset where partition = 0"))
                .containsExactly("null|null|t");
    }

    @Test
    void bindingAgainChangesNothingAndAddedPartitionsStartAtTheirFirstRecord() throws SQLException {
        inTransaction(c -> {
            store.bind(c, binding("topic-id", 2, 7_000));
            return 0;
        });
        assertThat(stored(P0)).isEqualTo(10);
        inTransaction(c -> {
            store.bind(c, binding("topic-id", 4, 7_000));
            return 0;
        });
        assertThat(database.query("select partition, next_offset from tidemark.stored_offset order by 1"))
                .containsExactly("0|10", "1|10", "2|3", "3|3");
    }

    @Test
    void anotherTopicOrClusterIsRefused() {
        assertThatThrownBy(() -> inTransaction(c -> {
                    store.bind(c, binding("re-created", 2, 0));
                    return 0;
                }))
                .isInstanceOfSatisfying(
                        LogMismatchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OTHER_TOPIC))
                .hasMessageContaining("topic-id")
                .hasMessageContaining("re-created");
    }

    @Test
    void aMissingRowIsAnErrorAndNeverInserted() {
        database.owner().execute("delete from tidemark.stored_offset where partition = 1");
        assertThatThrownBy(() -> claim(P1))
                .isInstanceOfSatisfying(
                        LogMismatchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.OFFSET_ROW_MISSING));
        assertThat(database.number("select count(*) from tidemark.stored_offset"))
                .isEqualTo(1);
    }

    @Test
    void anAdvanceNeedsATransaction() throws SQLException {
        Claim claim = claim(P0);
        try (Connection c = database.connect()) {
            assertThatThrownBy(() -> store.advance(c, List.of(new Move(claim, Position.of(11)))))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Tag("exhaustive")
    @Test
    void updatesStayOnTheirPage() throws SQLException {
        Claim claim = claim(P0);
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            for (int i = 11; i <= 3_010; i++) {
                claim = store.advance(c, List.of(new Move(claim, Position.of(i))))
                        .get(P0);
                c.commit();
                if (i == 1_000) {
                    database.owner().execute("vacuum tidemark.stored_offset");
                }
            }
        }
        Set<String> hot = new HashSet<>();
        Awaitility.await("statistics").until(() -> {
            hot.addAll(database.query("select n_tup_upd >= 3000 and n_tup_hot_upd = n_tup_upd from pg_stat_user_tables"
                    + " where relname = 'stored_offset'"));
            return hot.contains("t");
        });
        assertThat(database.number("select pg_relation_size('tidemark.stored_offset')"))
                .isLessThan(1 << 20);
    }
}

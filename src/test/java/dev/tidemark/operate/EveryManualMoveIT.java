package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.errors.FencedException;
import dev.tidemark.internal.store.claim.ClaimStore;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Move;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.offsets.Position;
import dev.tidemark.offsets.TopicBinding;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** The ways in which an offset can be moved with SQL, each of which must fence the owner and leave a trace, and what is not a manual move. */
@Tag("database")
@Tag("exhaustive")
class EveryManualMoveIT {
    private static final TopicPartition ZERO = new TopicPartition("flights", 0);
    private static final TopicPartition ONE = new TopicPartition("flights", 1);
    private static final long STANDS = 100;

    private final TestDatabase database = Servers.postgres().createStore();
    private final String owner = DatabaseRole.OWNER.login();
    private final String writer = DatabaseRole.WRITER.login();
    private final OffsetStore store = OffsetStore.of("etl");

    private Map<TopicPartition, Claim> claims = Map.of();

    /** Two partitions, bound and read up to 100 by a consumer under the writer's role, which has the claims. */
    @BeforeEach
    void read() throws SQLException {
        try (Connection c = connect(writer)) {
            c.setAutoCommit(false);
            Map<Integer, Long> starts = Map.of(0, 40L, 1, 40L);
            store.bind(c, new TopicBinding("flights", "cluster", Optional.of("id"), starts, starts));
            claims = store.claim(c, Set.of(ZERO, ONE));
            c.commit();
        }
        advanceBoth(70);
        advanceBoth(STANDS);
        assertThat(audit()).as("what consumers do is no hand's move").isEmpty();
    }

    private Connection connect(String role) throws SQLException {
        return database.as(role).connect();
    }

    private void execute(String role, String sql) {
        database.as(role).execute(sql);
    }

    private Claim claim(TopicPartition partition) {
        return Objects.requireNonNull(claims.get(partition));
    }

    private void advanceBoth(long to) throws SQLException {
        try (Connection c = connect(writer)) {
            c.setAutoCommit(false);
            claims = store.advance(c, List.of(new Move(claim(ZERO), position(to)), new Move(claim(ONE), position(to))));
            c.commit();
        }
    }

    private static Position position(long offset) {
        return new Position(offset, OptionalInt.of(3));
    }

    private boolean holds(Claim claim) throws SQLException {
        try (Connection c = connect(writer)) {
            c.setAutoCommit(false);
            store.check(c, List.of(claim));
            var unused = store.advance(
                    c, List.of(new Move(claim, Position.of(claim.position().nextOffset() + 1))));
            return true;
        } catch (FencedException e) {
            return false;
        }
    }

    private List<String> audit() {
        return database.query(
                "select action, partition, from_offset, to_offset, by_role from tidemark.audit_log order by id");
    }

    private List<String> row() {
        return database.query("select next_offset, owner_token, owner_name, leader_epoch from tidemark.stored_offset"
                + " where partition = 0");
    }

    private void assertMovedByHand(String role, String sql, long to) throws SQLException {
        execute(role, sql.replace("{to}", Long.toString(to)));
        assertThat(row()).as(sql).containsExactly(to + "|null|null|null");
        assertThat(audit()).as(sql).containsExactly("manual_move|0|" + STANDS + "|" + to + "|" + role);
        assertThat(holds(claim(ZERO))).as(sql).isFalse();
        assertThat(holds(claim(ONE))).as("the other partition's owner").isTrue();
        assertThat(database.query("select from_offset, to_offset from tidemark.undo_reset("
                        + "(select max(change_id) from tidemark.audit_log))"))
                .containsExactly(to + "|" + STANDS);
    }

    /** What a role may do that may update the columns, and so a consumer's role, an application's or a person's. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "update tidemark.stored_offset set next_offset = {to} where partition = 0",
                "update tidemark.stored_offset set next_offset = {to}, updated_at = now() where partition = 0",
                "update tidemark.stored_offset set next_offset = {to}, updated_at = clock_timestamp() where partition = 0",
                "update tidemark.stored_offset set next_offset = {to}, leader_epoch = 4, updated_at = now() where partition = 0",
                "update tidemark.stored_offset set next_offset = {to}, leader_epoch = null, progress_epoch = owner_epoch,"
                        + " updated_at = clock_timestamp() where partition = 0",
                "update tidemark.stored_offset set (next_offset, updated_at) = (select {to}, now()) where partition = 0",
                "update tidemark.stored_offset set next_offset = {to}, owner_token = owner_token, updated_at = now() where partition = 0",
                "update tidemark.stored_offset set next_offset = {to}, owner_token = gen_random_uuid(), owner_epoch = owner_epoch + 1,"
                        + " updated_at = now() where partition = 0",
                "update tidemark.stored_offset set next_offset = {to}, owner_token = null, owner_name = null, updated_at = now()"
                        + " where partition = 0",
                // As a mapper writes an entity back: every column, though one has changed.
                "update tidemark.stored_offset o set next_offset = {to}, leader_epoch = s.leader_epoch, owner_token = s.owner_token,"
                        + " owner_epoch = s.owner_epoch, progress_epoch = s.progress_epoch, owner_name = s.owner_name,"
                        + " claimed_at = s.claimed_at, updated_at = now() from tidemark.stored_offset s"
                        + " where o.partition = 0 and s.partition = 0",
                "insert into tidemark.stored_offset (group_id, topic, partition, next_offset) values ('etl', 'flights', 0, {to})"
                        + " on conflict (group_id, topic, partition) do update set next_offset = excluded.next_offset, updated_at = now()",
                "with moved as (update tidemark.stored_offset set next_offset = {to}, updated_at = clock_timestamp()"
                        + " where partition = 0 returning 1) select count(*) from moved",
                "do $$ begin update tidemark.stored_offset set next_offset = {to}, updated_at = now() where partition = 0; end $$",
                "prepare p as update tidemark.stored_offset set next_offset = $1, updated_at = now() where partition = 0; execute p({to})"
            })
    void byUpdate(String sql) throws SQLException {
        assertMovedByHand(writer, sql, 500);
        for (long to : List.of(40L, STANDS)) {
            again();
            assertMovedByHand(owner, sql, to);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {500, 40, STANDS})
    void byMerge(long to) throws SQLException {
        assertMovedByHand(
                writer,
                "merge into tidemark.stored_offset o using (select 0 as p, {to} as o) s on o.partition = s.p"
                        + " when matched then update set next_offset = s.o, updated_at = now()",
                to);
    }

    /** Claims and reads up to 100 once more, and forgets what was written down. */
    private void again() throws SQLException {
        database.owner().execute("truncate tidemark.audit_log");
        try (Connection c = connect(writer)) {
            c.setAutoCommit(false);
            claims = store.claim(c, Set.of(ZERO, ONE));
            c.commit();
        }
        advanceBoth(STANDS);
    }

    @Test
    void ofSeveralRowsEachIsOne() throws SQLException {
        execute(writer, "update tidemark.stored_offset set next_offset = 500 + partition, updated_at = now()");
        assertThat(audit())
                .containsExactlyInAnyOrder("manual_move|0|100|500|" + writer, "manual_move|1|100|501|" + writer);
        assertThat(holds(claim(ZERO)) || holds(claim(ONE))).isFalse();
    }

    /** The row goes, and another comes: with the claim of the one before, if it was copied. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "delete from tidemark.stored_offset where partition = 0;"
                        + " insert into tidemark.stored_offset (group_id, topic, partition, next_offset) values ('etl', 'flights', 0, {to})",
                "create temporary table kept on commit drop as select * from tidemark.stored_offset where partition = 0;"
                        + " update kept set next_offset = {to}; delete from tidemark.stored_offset where partition = 0;"
                        + " insert into tidemark.stored_offset select * from kept",
                "with gone as (delete from tidemark.stored_offset where partition = 0 returning 1) select count(*) from gone;"
                        + " insert into tidemark.stored_offset (group_id, topic, partition, next_offset, owner_token)"
                        + " select 'etl', 'flights', 0, {to}, owner_token from tidemark.stored_offset where partition = 1"
            })
    void byDeleteAndInsert(String sql) throws SQLException {
        for (long to : List.of(500L, 40L, STANDS)) {
            execute(owner, "begin; " + sql.replace("{to}", Long.toString(to)) + "; commit");
            assertThat(row().get(0)).as(sql).startsWith(to + "|null|null|");
            assertThat(audit())
                    .as(sql)
                    .containsExactly("manual_move|0|100|null|" + owner, "manual_move|0|null|" + to + "|" + owner);
            assertThat(holds(claim(ZERO))).isFalse();
            assertThat(database.query("select from_offset, to_offset from tidemark.undo_reset("
                            + "(select max(change_id) from tidemark.audit_log))"))
                    .as("one change, which is undone as one")
                    .containsExactly(to + "|100");
            again();
        }
    }

    @Test
    void byTruncateAndCopy() throws Exception {
        try (Connection c = connect(owner);
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("truncate tidemark.stored_offset");
            c.unwrap(PGConnection.class)
                    .getCopyAPI()
                    .copyIn(
                            "copy tidemark.stored_offset (group_id, topic, partition, next_offset, owner_token) from stdin",
                            new StringReader(
                                    "etl\tflights\t0\t7\t" + claim(ZERO).token() + "\netl\tflights\t1\t100\t"
                                            + claim(ONE).token() + "\n"));
            c.commit();
        }
        assertThat(audit())
                .containsExactly(
                        "manual_move|0|100|null|" + owner,
                        "manual_move|1|100|null|" + owner,
                        "manual_move|0|null|7|" + owner,
                        "manual_move|1|null|100|" + owner);
        assertThat(holds(claim(ZERO)) || holds(claim(ONE))).isFalse();
    }

    @Test
    void byAnotherKey() throws SQLException {
        database.owner()
                .execute(
                        "insert into tidemark.topic_binding (group_id, topic, cluster_id, partitions) values ('other', 'flights', 'c', 1)");
        execute(owner, "update tidemark.stored_offset set group_id = 'other' where partition = 0");
        assertThat(database.query("select group_id, from_offset, to_offset from tidemark.audit_log order by id"))
                .containsExactly("etl|100|null", "other|null|100");
        assertThat(database.number("select count(owner_token) from tidemark.stored_offset where group_id = 'other'"))
                .isZero();
    }

    /** Dead letters above a row that was put back are read again from the log. */
    @Test
    void anInsertedRowSupersedesTheDeadLettersAboveIt() throws SQLException {
        database.owner()
                .execute(
                        "insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset, timestamp_ms,"
                                + " timestamp_type, attempts, parked_by) select 'etl', 'flights', 1, 0, o, 0, 'CreateTime', 1, 'me'"
                                + " from unnest(array[30, 60]) as o");
        execute(
                owner,
                "delete from tidemark.stored_offset where partition = 0;"
                        + " insert into tidemark.stored_offset (group_id, topic, partition, next_offset) values ('etl', 'flights', 0, 40)");
        assertThat(
                        database.query(
                                "select record_offset, superseded_at is not null from tidemark.dead_letter order by record_offset"))
                .containsExactly("30|f", "60|t");
    }

    @Test
    void anInsertAloneCannotBeUndone() throws SQLException {
        execute(owner, "delete from tidemark.stored_offset where partition = 0");
        execute(
                owner,
                "insert into tidemark.stored_offset (group_id, topic, partition, next_offset) values ('etl', 'flights', 0, 40)");
        assertThatThrownBy(() ->
                        database.query("select tidemark.undo_reset((select max(change_id) from tidemark.audit_log))"))
                .hasStackTraceContaining("moved no offset that can be moved back");
    }

    // What is not a manual move.

    @Test
    void advancesAreNone() throws SQLException {
        ClaimStore inner = new ClaimStore(new Schema("tidemark"), "etl");
        try (Connection c = connect(writer)) {
            c.setAutoCommit(false);
            Claim zero = store.advance(c, List.of(new Move(claim(ZERO), position(STANDS))))
                    .get(ZERO);
            zero = store.advance(c, List.of(new Move(Objects.requireNonNull(zero), position(101))))
                    .get(ZERO);
            claims = store.advance(
                    c,
                    List.of(
                            new Move(Objects.requireNonNull(zero), position(110)),
                            new Move(claim(ONE), position(120))));
            c.commit();
            assertThat(inner.passOver(c, claim(ONE), 130, "lost")).isTrue();
            c.commit();
        }
        try (Connection c = connect(writer);
                Statement s = c.createStatement()) {
            s.execute("select tidemark.advance_offset('etl', 'flights', 0, '"
                    + claim(ZERO).token() + "', 110, 140, 3, pg_current_xact_id())");
        }
        assertThat(audit()).containsExactly("gap|1|120|130|" + writer);
        assertThat(database.query("select next_offset, owner_token is not null from tidemark.stored_offset order by 1"))
                .containsExactly("130|t", "140|t");
    }

    /** The mark of an advance says nothing of what else moves in its transaction. */
    @ParameterizedTest
    @ValueSource(longs = {STANDS, 150})
    void aHandInTheTransactionOfAnAdvanceIsOne(long advancedTo) throws SQLException {
        try (Connection c = connect(writer);
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            Claim zero = store.advance(c, List.of(new Move(claim(ZERO), position(advancedTo))))
                    .get(ZERO);
            s.execute("update tidemark.stored_offset set next_offset = 500, updated_at = clock_timestamp()");
            c.commit();
            assertThat(holds(Objects.requireNonNull(zero))).isFalse();
        }
        assertThat(audit())
                .containsExactlyInAnyOrder(
                        "manual_move|0|" + advancedTo + "|500|" + writer, "manual_move|1|100|500|" + writer);
        assertThat(holds(claim(ONE))).isFalse();
    }

    /** Setting what an advance sets, but not its mark, is a manual move, even by the owner's token. */
    @Test
    void anUpdateThatImitatesAnAdvanceIsAManualMove() throws SQLException {
        execute(
                writer,
                "update tidemark.stored_offset o set next_offset = 101, leader_epoch = 0, progress_epoch = o.owner_epoch,"
                        + " updated_at = clock_timestamp() where o.partition = 0 and o.owner_token = '"
                        + claim(ZERO).token() + "'");
        assertThat(row()).containsExactly("101|null|null|null");
        assertThat(audit()).containsExactly("manual_move|0|" + STANDS + "|101|" + writer);
        assertThat(holds(claim(ZERO))).isFalse();
    }
}

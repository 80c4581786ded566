package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.errors.FencedException;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Move;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.offsets.Position;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.DatabaseLogin;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What operators do by SQL: what it moves, whom it fences, what it refuses, and what it leaves in the audit log. */
@Tag("database")
class OperatorFunctionsIT {
    private static final String NO_DATA = "P0002";
    private static final String REFUSED = "55000";
    private static final String BAD_ARGUMENT = "22023";

    private static final String AUDIT = "select action, topic, partition, incarnation, from_offset, to_offset, reason"
            + " from tidemark.audit_log where change_id > 1 order by id";

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final OffsetStore store = OffsetStore.of("etl");

    /** Change 1 binds three partitions, which stand at 100. */
    @BeforeEach
    void bind() {
        database.execute(
                "select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', array[100, 100, 100], 'import')");
    }

    private List<String> audit() {
        return database.query(AUDIT);
    }

    private List<String> offsets() {
        return database.query(
                "select partition, next_offset from tidemark.stored_offset where topic = 'flights' order by partition");
    }

    private long lastChange() {
        return database.number("select max(change_id) from tidemark.audit_log");
    }

    private void reset(int partition, long offset) {
        database.execute("select tidemark.reset_offset('etl', 'flights', " + partition + ", " + offset + ", 'why')");
    }

    private void assertRefused(String call, String sqlState, String... words) {
        assertRefused(database.as(DatabaseRole.OPERATOR), call, sqlState, words);
    }

    private void assertRefused(DatabaseLogin who, String call, String sqlState, String... words) {
        long before = database.number("select count(*) from tidemark.audit_log");
        assertThatThrownBy(() -> who.query("select " + call))
                .as(call)
                .cause()
                .isInstanceOfSatisfying(
                        SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(sqlState))
                .hasMessageContainingAll(words);
        assertThat(database.number("select count(*) from tidemark.audit_log")).isEqualTo(before);
    }

    private Claim claim(int partition) throws SQLException {
        TopicPartition place = new TopicPartition("flights", partition);
        try (Connection c = database.connect()) {
            return Objects.requireNonNull(store.claim(c, Set.of(place)).get(place));
        }
    }

    private boolean holds(Claim claim) throws SQLException {
        try (Connection c = database.connect()) {
            store.check(c, List.of(claim));
            return true;
        } catch (FencedException e) {
            return false;
        }
    }

    // Reset.

    @Test
    void aResetMovesFencesAndIsWrittenDown() throws SQLException {
        Claim zero = claim(0);
        Claim one = claim(1);
        assertThat(database.query("select tidemark.reset_offset('etl', 'flights', 0, 40, 'Tuesday 09:00')"))
                .containsExactly("100");
        assertThat(offsets()).containsExactly("0|40", "1|100", "2|100");
        assertThat(holds(zero)).isFalse();
        assertThat(holds(one)).isTrue();
        assertThat(audit()).containsExactly("reset|flights|0|1|100|40|Tuesday 09:00");
        assertThat(database.query("select by_role = session_user, by_client <> '', details from tidemark.audit_log"
                        + " where action = 'reset'"))
                .containsExactly("t|t|null");
    }

    @Test
    void aResetToWhereItStandsFencesToo() throws SQLException {
        Claim claim = claim(0);
        assertThat(database.query("select tidemark.reset_offset('etl', 'flights', 0, 100)"))
                .containsExactly("100");
        assertThat(holds(claim)).isFalse();
        assertThat(claim(0).ownerEpoch()).as("a fence, and a claim").isEqualTo(claim.ownerEpoch() + 2);
        assertThat(audit()).containsExactly("reset|flights|0|1|100|100|null");
    }

    @Test
    void whatWasResetCanBeAdvancedAndMovedByHandInTheSameTransaction() throws SQLException {
        try (Connection c = database.owner().connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("select tidemark.reset_offset('etl', 'flights', 0, 40, 'why')");
            Claim claim =
                    store.claim(c, Set.of(new TopicPartition("flights", 0))).get(new TopicPartition("flights", 0));
            assertThat(store.advance(c, List.of(new Move(claim, Position.of(45)))))
                    .hasSize(1);
            s.execute("update tidemark.stored_offset set next_offset = 7 where partition = 1");
            c.commit();
        }
        assertThat(audit()).containsExactly("reset|flights|0|1|100|40|why", "manual_move|flights|1|1|100|7|null");
        assertThat(offsets()).containsExactly("0|45", "1|7", "2|100");
    }

    @Test
    void aResetBackSupersedesDeadLettersAndItsUndoTakesThatBack() {
        database.owner()
                .execute(
                        "insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset, timestamp_ms,"
                                + " timestamp_type, attempts, parked_by) select 'etl', 'flights', 1, 0, o, 0, 'CreateTime', 1, 'me'"
                                + " from unnest(array[30, 60]) as o");
        database.owner()
                .execute(
                        "insert into tidemark.partition_state (group_id, topic, partition, suspect_offset, suspect_attempts)"
                                + " values ('etl', 'flights', 0, 100, 3)");
        String superseded = "select record_offset, superseded_at is not null from tidemark.dead_letter order by 1";
        reset(0, 40);
        assertThat(database.query(superseded)).containsExactly("30|f", "60|t");
        assertThat(database.query("select suspect_offset, suspect_attempts from tidemark.partition_state"))
                .containsExactly("null|0");
        database.execute("select tidemark.undo_reset(" + lastChange() + ")");
        assertThat(database.query(superseded)).containsExactly("30|f", "60|f");
    }

    @Test
    void aResetOfNothingOrToNowhereIsRefused() {
        assertRefused("tidemark.reset_offset('nobody', 'flights', 0, 1)", NO_DATA, "nobody", "flights", "partition 0");
        assertRefused("tidemark.reset_offset('etl', 'flights', 3, 1)", NO_DATA, "partition 3");
        assertRefused("tidemark.reset_offset('etl', 'flights', 0, -1)", BAD_ARGUMENT, "offset -1");
        assertRefused("tidemark.reset_offset('etl', 'flights', 0, null)", BAD_ARGUMENT, "offset null");
    }

    // Undo and redo.

    @Test
    void oneUndoMovesBackAllThatOneTransactionMoved() {
        database.owner()
                .execute(
                        "begin; select tidemark.reset_offset('etl', 'flights', 0, 10), tidemark.reset_offset('etl', 'flights', 1, 20);"
                                + " select tidemark.reset_offset('etl', 'flights', 0, 5); savepoint s;"
                                + " update tidemark.stored_offset set next_offset = 30 where partition = 2; commit");
        assertThat(database.query(
                        "select count(distinct change_id), count(*) from tidemark.audit_log where change_id > 1"))
                .containsExactly("1|4");
        long change = lastChange();
        database.owner()
                .execute(
                        "update tidemark.stored_offset set next_offset = 12, updated_at = clock_timestamp() where partition = 0");

        assertThat(database.query("select * from tidemark.undo_reset(" + change + ", 'a mistake')"))
                .containsExactly("flights|0|12|100", "flights|1|20|100", "flights|2|30|100");
        assertThat(offsets()).containsExactly("0|100", "1|100", "2|100");
        assertThat(database.query(
                        "select action, partition, from_offset, to_offset, reason, details from tidemark.audit_log"
                                + " where change_id = " + lastChange() + " order by id"))
                .containsExactly(
                        "undo|0|12|100|a mistake|{\"undoes\": " + change + "}",
                        "undo|1|20|100|a mistake|{\"undoes\": " + change + "}",
                        "undo|2|30|100|a mistake|{\"undoes\": " + change + "}");
    }

    @Test
    void undoingAnUndoIsARedo() {
        reset(0, 40);
        long first = lastChange();
        database.execute("select tidemark.undo_reset(" + first + ")");
        long undo = lastChange();
        assertRefused(
                "tidemark.undo_reset(" + first + ")",
                REFUSED,
                "change " + first,
                "was already undone, by change " + undo);
        assertThat(database.query("select * from tidemark.undo_reset(" + undo + ")"))
                .containsExactly("flights|0|100|40");
        assertThat(offsets()).contains("0|40");
    }

    @Test
    void aManualMoveCanBeUndone() throws SQLException {
        database.owner().execute("update tidemark.stored_offset set next_offset = 1");
        Claim claim = claim(0);
        assertThat(database.query("select * from tidemark.undo_reset(" + lastChange() + ")"))
                .hasSize(3);
        assertThat(offsets()).containsExactly("0|100", "1|100", "2|100");
        assertThat(holds(claim)).isFalse();
    }

    @Test
    void whatCannotBeUndoneIsRefusedAsAWhole() {
        assertRefused("tidemark.undo_reset(999)", NO_DATA, "change 999 does not exist");
        assertRefused("tidemark.undo_reset(1)", REFUSED, "change 1 moved no offset");
        database.execute("select tidemark.pause('etl')");
        assertRefused("tidemark.undo_reset(" + lastChange() + ")", REFUSED, "moved no offset");

        database.execute("select tidemark.bind_topic('etl', 'airports', 'cluster', 'a', array[50])");
        database.execute("begin; select tidemark.reset_offset('etl', 'flights', 0, 3);"
                + " select tidemark.reset_offset('etl', 'airports', 0, 3); commit");
        long change = lastChange();
        database.execute("select tidemark.rebind_topic('etl', 'flights', 'cluster', 'id', array[7, 7, 7])");
        assertRefused("tidemark.undo_reset(" + change + ")", REFUSED, "flights", "rebound since change " + change);
        assertThat(database.number("select next_offset from tidemark.stored_offset where topic = 'airports'"))
                .isEqualTo(3);
    }

    @Test
    void aGroupThatWasDeletedAndBoundAgainIsAnother() {
        reset(0, 40);
        long change = lastChange();
        database.execute("select tidemark.delete_group('etl')");
        assertRefused("tidemark.undo_reset(" + change + ")", REFUSED, "deleted or rebound");
        bind();
        assertRefused("tidemark.undo_reset(" + change + ")", REFUSED, "deleted or rebound");
    }

    @Test
    void ofTwoWhoUndoTheSameOneIsRefused() throws SQLException {
        reset(0, 40);
        String undo = "select tidemark.undo_reset(" + lastChange() + ")";
        try (Connection c = database.as(DatabaseRole.OPERATOR).connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute(undo);
            CompletableFuture<Void> second = CompletableFuture.runAsync(() -> database.execute(undo));
            Awaitility.await("the second waits")
                    .until(() -> database.superuser()
                                    .number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                                            + " and datname = current_database()")
                            > 0);
            c.commit();
            assertThatThrownBy(second::join)
                    .isInstanceOf(CompletionException.class)
                    .hasStackTraceContaining("already undone");
        }
        assertThat(offsets()).contains("0|100");
    }

    @Test
    void transactionsDoNotShareAChangeWhateverASessionWasLeftWith() throws SQLException {
        try (Connection c = database.as(DatabaseRole.OPERATOR).connect();
                Statement s = c.createStatement()) {
            s.execute("set tidemark.change_of_tidemark = '1:77'");
            s.execute("select tidemark.reset_offset('etl', 'flights', 0, 40)");
            s.execute("select tidemark.reset_offset('etl', 'flights', 0, 41)");
        }
        assertThat(database.query("select change_id from tidemark.audit_log where action = 'reset' order by id"))
                .containsExactly("2", "3");
    }

    // Rebind and bind.

    @Test
    void aRebindSaysWhatOffsetsMeanFromNowOn() throws SQLException {
        Claim claim = claim(1);
        database.owner()
                .execute(
                        "insert into tidemark.log_end (group_id, topic, partition, log_start, log_end) values ('etl', 'flights', 0, 0, 9)",
                        "insert into tidemark.partition_state (group_id, topic, partition, halted_at) values ('etl', 'flights', 0, now())");
        assertThat(database.query(
                        "select tidemark.rebind_topic('etl', 'flights', 'other', 'new', array[0, 100], 'moved')"))
                .containsExactly("2");
        assertThat(offsets()).containsExactly("0|0", "1|100");
        assertThat(database.query("select cluster_id, topic_id, incarnation, partitions from tidemark.topic_binding"))
                .containsExactly("other|new|2|2");
        assertThat(holds(claim))
                .as("its offset is the same, and means another record")
                .isFalse();
        assertThat(database.query("select 1 from tidemark.log_end union all select 1 from tidemark.partition_state"))
                .isEmpty();
        assertThat(audit())
                .containsExactly(
                        "rebind|flights|null|2|null|null|moved",
                        "rebind|flights|0|2|100|0|moved",
                        "rebind|flights|1|2|100|100|moved",
                        "rebind|flights|2|2|100|null|moved");
        assertThat(
                        database.query(
                                "select details #>> '{from,topic_id}', details #>> '{from,partitions}', details #>> '{to,topic_id}',"
                                        + " details #>> '{to,cluster_id}' from tidemark.audit_log where action = 'rebind' and partition is null"))
                .containsExactly("id|3|new|other");

        assertThat(database.query(
                        "select tidemark.rebind_topic('etl', 'flights', 'other', null, array[1, 2, 3, 4]::bigint[])"))
                .containsExactly("3");
        assertThat(offsets()).containsExactly("0|1", "1|2", "2|3", "3|4");
        assertThat(database.query(
                        "select partition, from_offset, to_offset from tidemark.audit_log where incarnation = 3"
                                + " and partition >= 2 order by id"))
                .containsExactly("2|null|3", "3|null|4");
    }

    private static String rebind(String cluster, String id, String offsets) {
        return "tidemark.rebind_topic('etl', 'flights', '" + cluster + "', '" + id + "', array[" + offsets + "])";
    }

    private void advance(int partition, long to) throws SQLException {
        Claim claim = claim(partition);
        try (Connection c = database.connect()) {
            c.setAutoCommit(false);
            assertThat(store.advance(c, List.of(new Move(claim, Position.of(to)))))
                    .hasSize(1);
            c.commit();
        }
    }

    /** The second of two people who saw the same error must not move back what was read since the first. */
    @Test
    void aTopicIsNotBoundToTheSameTwice() throws SQLException {
        database.execute("select " + rebind("cluster", "new", "0, 0, 0"));
        advance(0, 50);
        for (String offsets : List.of("0, 0, 0", "10, 20, 30", "0, 0, 0, 0", "0")) {
            assertRefused(
                    rebind("cluster", "new", offsets),
                    REFUSED,
                    "topic flights of group etl was already rebound, by ",
                    "in change " + lastChange(),
                    "id new of cluster cluster");
        }
        assertThat(offsets()).containsExactly("0|50", "1|0", "2|0");

        // Another topic, another cluster, and the one before are no repetitions.
        database.execute("select " + rebind("elsewhere", "new", "1, 1, 1"));
        database.execute("select " + rebind("elsewhere", "newer", "2, 2, 2"));
        database.execute("select " + rebind("elsewhere", "new", "3, 3, 3"));
        assertThat(offsets()).containsExactly("0|3", "1|3", "2|3");
        // If brokers give topics no ids, it cannot be distinguished.
        String unknown = "tidemark.rebind_topic('etl', 'flights', 'old brokers', null, array[4, 4, 4])";
        database.execute("select " + unknown, "select " + unknown);
        assertThat(database.number("select incarnation from tidemark.topic_binding"))
                .isEqualTo(7);
        // Who means it moves the offsets by the function for that.
        reset(0, 1);
        assertThat(offsets()).containsExactly("0|1", "1|4", "2|4");
    }

    /** Whatever the second would bind it to: what it was based on no longer holds. */
    @ParameterizedTest
    @ValueSource(strings = {"'cluster', 'new'", "'cluster', 'newer'", "'other', 'new'", "'cluster', null"})
    void ofTwoWhoBindAnewAtOnceTheSecondIsRefused(String ids) throws SQLException {
        String second = "select tidemark.rebind_topic('etl', 'flights', " + ids + ", array[0, 0, 0])";
        CompletableFuture<Void> refused;
        try (Connection c = database.as(DatabaseRole.OPERATOR).connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("select " + rebind("cluster", "new", "7, 7, 7"));
            refused = CompletableFuture.runAsync(() -> database.execute(second));
            Awaitility.await("the second waits").until(() -> waiters() > 0);
            c.commit();
        }
        assertThatThrownBy(refused::join)
                .isInstanceOf(CompletionException.class)
                .hasStackTraceContaining("was already rebound")
                .hasStackTraceContaining("id new of cluster cluster");
        assertThat(offsets()).containsExactly("0|7", "1|7", "2|7");
        assertThat(database.number("select incarnation from tidemark.topic_binding"))
                .isEqualTo(2);
    }

    /** A first that gives up leaves the way to the second. */
    @Test
    void aRebindThatIsRolledBackRefusesNobody() throws SQLException {
        CompletableFuture<Void> second;
        try (Connection c = database.as(DatabaseRole.OPERATOR).connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("select " + rebind("cluster", "new", "7, 7, 7"));
            second =
                    CompletableFuture.runAsync(() -> database.execute("select " + rebind("cluster", "new", "8, 8, 8")));
            Awaitility.await("the second waits").until(() -> waiters() > 0);
            c.rollback();
        }
        second.join();
        assertThat(offsets()).containsExactly("0|8", "1|8", "2|8");
    }

    private long waiters() {
        return database.superuser()
                .number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                        + " and datname = current_database()");
    }

    @Test
    void aBindingThatCannotBeIsRefused() {
        assertRefused("tidemark.rebind_topic('etl', 'airports', 'c', 'i', array[0])", NO_DATA, "etl", "airports");
        assertRefused(
                "tidemark.bind_topic('etl', 'flights', 'c', 'i', array[0])",
                REFUSED,
                "already has a binding for topic flights");
        for (String function : List.of("rebind_topic", "bind_topic")) {
            String call = "tidemark." + function + "('etl', 'airports', ";
            assertRefused(call + "null, 'i', array[0])", BAD_ARGUMENT, "cluster id");
            assertRefused(call + "'c', 'i', null)", BAD_ARGUMENT, "offsets are missing");
            assertRefused(call + "'c', 'i', '{}')", BAD_ARGUMENT, "offsets are missing");
            assertRefused(call + "'c', 'i', '{{1},{2}}')", BAD_ARGUMENT, "offsets are missing");
            assertRefused(call + "'c', 'i', array[1, null])", BAD_ARGUMENT, "missing or below 0");
            assertRefused(call + "'c', 'i', array[1, -1])", BAD_ARGUMENT, "missing or below 0");
        }
        assertRefused("tidemark.bind_topic('', 'airports', 'c', 'i', array[0])", BAD_ARGUMENT, "the group");
    }

    @Test
    void anImportIsWrittenDown() {
        assertThat(database.query("select tidemark.bind_topic('new', 'flights', 'c', 'i', array[5, 6], 'import')"))
                .containsExactly("2");
        assertThat(audit())
                .containsExactly(
                        "bind|flights|null|1|null|null|import",
                        "bind|flights|0|1|null|5|import",
                        "bind|flights|1|1|null|6|import");
        assertThat(database.query("select partition, next_offset, owner_token from tidemark.stored_offset"
                        + " where group_id = 'new' order by 1"))
                .containsExactly("0|5|null", "1|6|null");
    }

    // Pause and resume.

    @Test
    void pausesNestAndResumeEndsAllWithin() {
        assertThat(database.query("select tidemark.pause('etl', 'flights', 1, 'look')"))
                .containsExactly("t");
        assertThat(database.query("select tidemark.pause('etl', 'flights', 1)")).containsExactly("f");
        assertThat(database.query("select tidemark.pause('etl', 'flights')")).containsExactly("t");
        assertThat(database.query("select tidemark.pause('etl')")).containsExactly("t");
        assertThat(database.query("select tidemark.pause('etl')")).containsExactly("f");
        assertThat(database.query(
                        "select topic, partition, paused_by = session_user, reason from tidemark.consumer_pause"
                                + " order by 1 nulls first, 2 nulls first"))
                .containsExactly("null|null|t|null", "flights|null|t|null", "flights|1|t|look");

        assertThat(database.query("select tidemark.resume('etl', 'flights', 0)"))
                .containsExactly("0");
        assertThat(database.query("select tidemark.resume('etl', 'flights', null, 'seen')"))
                .containsExactly("2");
        assertThat(database.query("select tidemark.resume('etl')")).containsExactly("1");
        assertThat(audit())
                .containsExactly(
                        "pause|flights|1|1|null|null|look",
                        "pause|flights|null|1|null|null|null",
                        "pause|null|null|null|null|null|null",
                        "resume|flights|null|1|null|null|seen",
                        "resume|flights|1|1|null|null|seen",
                        "resume|null|null|null|null|null|null");
    }

    @Test
    void whatIsNotThereCannotBePausedOrResumed() {
        for (String function : List.of("pause", "resume")) {
            assertRefused("tidemark." + function + "('nobody')", NO_DATA, "nobody", "any topic");
            assertRefused("tidemark." + function + "('etl', 'airports')", NO_DATA, "topic airports");
            assertRefused("tidemark." + function + "('etl', 'flights', 3)", NO_DATA, "topic flights partition 3");
            assertRefused("tidemark." + function + "('etl', null, 0)", BAD_ARGUMENT, "needs a topic");
        }
    }

    // Drop and delete.

    @Test
    void aDeadLetterIsDroppedUnlessSomebodyHasIt() throws SQLException {
        database.owner()
                .execute(
                        "insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset, timestamp_ms,"
                                + " timestamp_type, attempts, parked_by) values ('etl', 'flights', 1, 2, 30, 0, 'CreateTime', 1, 'me')");
        long id = database.number("select id from tidemark.dead_letter");
        assertThat(database.query("select tidemark.drop_dead_letter('other', " + id + ")"))
                .containsExactly("f");
        try (Connection c = database.connect();
                Statement s = c.createStatement()) {
            c.setAutoCommit(false);
            s.execute("select 1 from tidemark.dead_letter for update");
            assertThat(database.query("select tidemark.drop_dead_letter('etl', " + id + ")"))
                    .containsExactly("f");
            // The server notices the end of a session some time after it.
            c.rollback();
        }
        assertThat(database.query("select tidemark.drop_dead_letter('etl', " + id + ", 'worthless')"))
                .containsExactly("t");
        assertThat(database.query("select tidemark.drop_dead_letter('etl', " + id + ")"))
                .containsExactly("f");
        assertThat(audit()).containsExactly("drop|flights|2|1|30|31|worthless");
    }

    @Test
    void aGroupIsForgottenOnceNobodyNeedsIt() throws SQLException {
        database.execute("select tidemark.bind_topic('other', 'flights', 'c', 'i', array[1])");
        database.owner()
                .execute(
                        "insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset, timestamp_ms,"
                                + " timestamp_type, attempts, parked_by) values ('etl', 'flights', 1, 2, 30, 0, 'CreateTime', 1, 'me')");
        database.execute("select tidemark.pause('etl')");
        Claim claim = claim(1);
        assertRefused("tidemark.delete_group('nobody')", NO_DATA, "nobody");
        assertRefused("tidemark.delete_group('etl')", REFUSED, "owns topic flights partition 1", "Stop its consumers");
        try (Connection c = database.connect()) {
            store.release(c, List.of(claim));
        }
        assertRefused("tidemark.delete_group('etl')", REFUSED, "1 dead letters");

        Claim again = claim(1);
        assertThat(database.query("select tidemark.delete_group('etl', 'gone', true)"))
                .containsExactly("3");
        assertThat(holds(again)).isFalse();
        for (String table : List.of("topic_binding", "stored_offset", "dead_letter", "consumer_pause")) {
            assertThat(database.query("select distinct group_id from tidemark." + table))
                    .as(table)
                    .doesNotContain("etl");
        }
        assertThat(database.query("select count(*) from tidemark.stored_offset"))
                .containsExactly("1");
        assertThat(database.query(
                        "select topic, partition, from_offset, to_offset, reason, details from tidemark.audit_log"
                                + " where action = 'delete' order by id"))
                .containsExactly(
                        "null|null|null|null|gone|{\"forced\": true, \"partitions\": 3, \"dead_letters\": 1}",
                        "flights|0|100|null|gone|null",
                        "flights|1|100|null|gone|null",
                        "flights|2|100|null|gone|null");
    }

    // Rights; what each kind may do, RolesIT walks.

    @Test
    void rightsAreGivenByKindToRolesThatExist() {
        assertRefused(database.owner(), "tidemark.grant_access('pg_monitor', 'god')", BAD_ARGUMENT, "kind god");
        assertRefused(database.owner(), "tidemark.grant_access('pg_monitor', null)", BAD_ARGUMENT, "invalid kind");
        assertRefused(
                database.owner(), "tidemark.grant_access('no such role', 'reader')", BAD_ARGUMENT, "no such role");
        assertRefused(
                database.owner(),
                "tidemark.grant_access(current_user, 'reader')",
                BAD_ARGUMENT,
                "owns the offset store");
        database.superuser().execute("create role \"O'Neill \"\"x\"\" " + database.name() + "\"");
        database.owner().execute("select tidemark.grant_access('O''Neill \"x\" " + database.name() + "', 'writer')");
    }
}

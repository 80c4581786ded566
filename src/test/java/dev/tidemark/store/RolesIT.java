package dev.tidemark.store;

import static dev.tidemark.store.RolesIT.Role.OPERATOR;
import static dev.tidemark.store.RolesIT.Role.OWNER;
import static dev.tidemark.store.RolesIT.Role.READER;
import static dev.tidemark.store.RolesIT.Role.WRITER;
import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.DeadLetters;
import dev.tidemark.FailurePolicy;
import dev.tidemark.GapPolicy;
import dev.tidemark.PartitionState;
import dev.tidemark.RedriveResult;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Move;
import dev.tidemark.offsets.OffsetStore;
import dev.tidemark.offsets.Position;
import dev.tidemark.offsets.TopicBinding;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Who may do what: every kind of role against every action, and the whole library under the writer's rights. */
class RolesIT {
    private static final String DENIED = "42501";

    enum Role {
        OWNER,
        WRITER,
        OPERATOR,
        READER,
        STRANGER
    }

    /** A statement, and the roles that may run it. */
    private record Action(String sql, Set<Role> allowed) {}

    private final TestDatabase database = Servers.postgres().createDatabase();
    private volatile boolean broken = true;

    /** The owner is not a superuser, and has nothing to do with the tables that effects go to. */
    @BeforeEach
    void createRoles() {
        for (Role role : Role.values()) {
            database.superuser().execute("create role " + name(role) + " login password 'p'");
        }
        database.owner().execute("grant create on database " + database.name() + " to " + name(OWNER));
        try (HikariDataSource pool = TestDatabase.pool(url(OWNER), 2)) {
            TidemarkSchema.migrate(pool);
        }
        // For the questions that the test asks.
        executeAs(OWNER, "select tidemark.grant_access('" + DatabaseRole.OPERATOR.login() + "', 'operator')");
        FlightEffects.createTables(database);
        database.owner().execute("grant select, insert, update, delete on airport, applied to " + name(WRITER));
        for (Role role : List.of(WRITER, OPERATOR, READER)) {
            executeAs(OWNER, "select tidemark.grant_access('" + name(role) + "', '" + kind(role) + "')");
        }
    }

    private String name(Role role) {
        return kind(role) + "_of_" + database.name();
    }

    private static String kind(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
    }

    private String url(Role role) {
        return database.jdbcUrl().replaceAll("\\?user=[^&]*(&password=[^&]*)?", "?user=" + name(role) + "&password=p");
    }

    private void executeAs(Role role, String sql) {
        try (Connection c = DriverManager.getConnection(url(role));
                Statement s = c.createStatement()) {
            s.execute(sql);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether the server lets this role run it; what else may be wrong with it is not asked. Nothing stays of it. */
    private static boolean isAllowed(Connection c, String sql) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(sql);
            return true;
        } catch (SQLException e) {
            return !DENIED.equals(e.getSQLState());
        } finally {
            c.rollback();
        }
    }

    private static void add(List<Action> actions, String sql, Role... allowed) {
        actions.add(new Action(
                sql, allowed.length == 0 ? EnumSet.noneOf(Role.class) : EnumSet.copyOf(Arrays.asList(allowed))));
    }

    private static List<Action> actions() {
        List<Action> actions = new ArrayList<>();
        for (String relation : List.of(
                "store_info",
                "topic_binding",
                "stored_offset",
                "log_end",
                "partition_state",
                "audit_log",
                "consumer_pause",
                "consumer_lag",
                "consumer_group",
                "dead_letter_summary")) {
            add(actions, "select * from tidemark." + relation, OWNER, WRITER, OPERATOR, READER);
        }
        add(
                actions,
                "select id, group_id, topic, incarnation, partition, record_offset, timestamp_ms, timestamp_type, holds_key,"
                        + " error_code, error_class, attempts, parked_by, parked_at, superseded_at, read_again_at"
                        + " from tidemark.dead_letter",
                OWNER,
                WRITER,
                OPERATOR,
                READER);
        for (String contents : List.of(
                "*", "key", "value", "header_keys", "header_values", "key_hash", "error_message", "error_stack")) {
            add(actions, "select " + contents + " from tidemark.dead_letter", OWNER, WRITER, OPERATOR);
        }
        // What consumers do.
        add(
                actions,
                "insert into tidemark.topic_binding (group_id, topic, cluster_id, topic_id, partitions)"
                        + " values ('g', 't', 'c', 'i', 0)",
                OWNER,
                WRITER);
        add(actions, "update tidemark.topic_binding set partitions = 9", OWNER, WRITER);
        add(actions, "select 1 from tidemark.topic_binding for share", OWNER, WRITER);
        add(
                actions,
                "insert into tidemark.stored_offset (group_id, topic, partition, next_offset) values ('etl', 't', 9, 0)",
                OWNER,
                WRITER);
        for (String column : List.of(
                "next_offset = 1",
                "leader_epoch = 1",
                "owner_token = null",
                "owner_epoch = 9",
                "progress_epoch = 9",
                "owner_name = 'x'",
                "claimed_at = now()",
                "updated_at = now()",
                "given_up_in_row = 1",
                "given_up_unproven = 1",
                "given_up_offset = 1")) {
            add(actions, "update tidemark.stored_offset set " + column, OWNER, WRITER);
        }
        add(actions, "update tidemark.log_end set sampled_at = now()", OWNER, WRITER);
        add(actions, "update tidemark.partition_state set suspect_attempts = 0", OWNER, WRITER);
        add(actions, "update tidemark.dead_letter set attempts = 2", OWNER, WRITER);
        add(actions, "select 1 from tidemark.dead_letter for update", OWNER, WRITER);
        add(actions, "delete from tidemark.dead_letter", OWNER, WRITER);
        add(
                actions,
                "insert into tidemark.audit_log (action, group_id, topic) values ('skip', 'g', 't')",
                OWNER,
                WRITER);
        add(actions, "select tidemark.change_id()", OWNER, WRITER);
        add(actions, "select tidemark.held_offset('g', 't', 0, null, 1)", OWNER, WRITER);
        add(actions, "select tidemark.advance_offset('g', 't', 0, null, 1, 2, 3, '4')", OWNER, WRITER);
        // What is possible only through the functions.
        for (String id :
                List.of("cluster_id = 'x'", "topic_id = 'x'", "incarnation = 9", "group_id = 'x'", "topic = 'x'")) {
            add(actions, "update tidemark.topic_binding set " + id, OWNER);
        }
        add(actions, "update tidemark.stored_offset set partition = 7", OWNER);
        add(actions, "update tidemark.dead_letter set value = ''", OWNER);
        add(actions, "update tidemark.dead_letter set record_offset = 7", OWNER);
        add(
                actions,
                "insert into tidemark.audit_log (action, group_id, by_role) values ('skip', 'g', 'somebody else')",
                OWNER);
        add(actions, "insert into tidemark.audit_log (action, group_id, change_id) values ('skip', 'g', 1)", OWNER);
        add(actions, "update tidemark.audit_log set reason = 'none'", OWNER);
        add(actions, "update tidemark.store_info set min_protocol = 0", OWNER);
        add(actions, "insert into tidemark.consumer_pause (group_id) values ('g')", OWNER);
        for (String table : List.of(
                "store_info",
                "topic_binding",
                "stored_offset",
                "log_end",
                "partition_state",
                "audit_log",
                "consumer_pause")) {
            add(actions, "delete from tidemark." + table, OWNER);
        }
        add(actions, "truncate tidemark.dead_letter", OWNER);
        add(actions, "create table tidemark.mine (a int)", OWNER);
        add(actions, "drop view tidemark.dead_letter_summary", OWNER);
        add(actions, "select tidemark.grant_access('pg_monitor', 'operator')", OWNER);
        add(actions, "select tidemark.set_cause('reset', 'none', null)", OWNER);
        add(actions, "select tidemark.check_binding('c', '{0}')", OWNER);
        // What operators do.
        for (String call : List.of(
                "reset_offset('etl', 't', 0, 1)",
                "undo_reset(1)",
                "rebind_topic('etl', 't', 'c', 'i', '{0}')",
                "bind_topic('g', 't', 'c', 'i', '{0}')",
                "pause('etl')",
                "resume('etl')",
                "drop_dead_letter('etl', 1)",
                "delete_group('etl', null, true)")) {
            add(actions, "select tidemark." + call, OWNER, OPERATOR);
        }
        // Effects.
        for (String sql :
                List.of("select * from airport", "insert into airport values ('X', 1, 1)", "delete from applied")) {
            add(actions, sql, WRITER);
        }
        add(actions, "truncate airport");
        return actions;
    }

    @Test
    void everyRoleAgainstEveryAction() throws SQLException {
        executeAs(OWNER, "select tidemark.bind_topic('etl', 't', 'c', 'i', array[5, 5])");
        List<String> wrong = new ArrayList<>();
        for (Role role : Role.values()) {
            try (Connection c = DriverManager.getConnection(url(role))) {
                c.setAutoCommit(false);
                for (Action action : actions()) {
                    if (isAllowed(c, action.sql()) != action.allowed().contains(role)) {
                        wrong.add(role + (action.allowed().contains(role) ? " may not: " : " may: ") + action.sql());
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    @Test
    void aKindTakesThePlaceOfTheOneBefore() throws SQLException {
        executeAs(OWNER, "grant all on all tables in schema tidemark to " + name(WRITER));
        executeAs(OWNER, "grant all on all functions in schema tidemark to " + name(WRITER));
        executeAs(OWNER, "select tidemark.grant_access('" + name(WRITER) + "', 'reader')");
        try (Connection c = DriverManager.getConnection(url(WRITER))) {
            c.setAutoCommit(false);
            assertThat(isAllowed(c, "select * from tidemark.stored_offset")).isTrue();
            assertThat(isAllowed(c, "update tidemark.stored_offset set next_offset = 1"))
                    .isFalse();
            assertThat(isAllowed(c, "update tidemark.topic_binding set topic_id = 'x'"))
                    .isFalse();
            assertThat(isAllowed(c, "select tidemark.change_id()")).isFalse();
            assertThat(isAllowed(c, "select tidemark.pause('etl')")).isFalse();
            assertThat(isAllowed(c, "select tidemark.grant_access('pg_monitor', 'operator')"))
                    .isFalse();
        }
    }

    @Test
    void theAuditLogNamesWhoLoggedIn() {
        executeAs(OWNER, "select tidemark.bind_topic('etl', 't', 'c', 'i', array[5])");
        executeAs(OPERATOR, "select tidemark.reset_offset('etl', 't', 0, 3)");
        executeAs(WRITER, "update tidemark.stored_offset set next_offset = 4");
        executeAs(OPERATOR, "select tidemark.pause('etl')");
        assertThat(database.query("select action, by_role from tidemark.audit_log where action <> 'bind' order by id"))
                .containsExactly("reset|" + name(OPERATOR), "manual_move|" + name(WRITER), "pause|" + name(OPERATOR));
        assertThat(database.query("select paused_by from tidemark.consumer_pause"))
                .containsExactly(name(OPERATOR));
    }

    /** Records that fail, a gap, a suspicion, a pause, a redrive and a drop: all that a consumer writes. */
    @Tag("exhaustive")
    @Test
    void aConsumerNeedsNoMoreThanAWriter() {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("roles"), 2);
        TopicPartition zero = new TopicPartition(topic, 0);
        try (var producer = kafka.producer(Map.of("batch.size", "0"))) {
            Servers.produceTo(producer, zero, Flights.sample().subList(0, 40));
            Servers.produceTo(
                    producer, new TopicPartition(topic, 1), Flights.sample().subList(0, 40));
            executeAs(
                    OWNER,
                    "select tidemark.bind_topic('" + topic + "', '" + topic + "', '" + clusterId(kafka) + "', '"
                            + kafka.topicId(topic) + "', array[0, 0])");
            // As if three processes had died, so that records are tried one by one.
            executeAs(OWNER, "update tidemark.stored_offset set owner_epoch = 5");
            kafka.expire(zero, 10);
            try (Running running = start(kafka, topic)) {
                running.until("all read", () -> ExactlyOnce.progress(database, topic) == 80);
                executeAs(OPERATOR, "select tidemark.reset_offset('" + topic + "', '" + topic + "', 0, 20)");
                executeAs(OPERATOR, "select tidemark.pause('" + topic + "')");
                running.until(
                        "paused",
                        () -> running.consumer().status().partitions().stream()
                                .allMatch(p -> p.state() == PartitionState.PAUSED));
                executeAs(OPERATOR, "select tidemark.resume('" + topic + "')");
                running.until("read again", () -> ExactlyOnce.progress(database, topic) == 80);
                running.until("sampled", () -> database.number("select count(*) from tidemark.log_end") == 2);
                List<Long> ids = database.query("select id from tidemark.dead_letter order by id").stream()
                        .map(Long::parseLong)
                        .toList();
                assertThat(ids).hasSizeGreaterThanOrEqualTo(2);
                Long last = ids.get(ids.size() - 1);
                assertThat(running.consumer().redrive(ids.subList(0, 1)))
                        .extracting(RedriveResult::status)
                        .containsExactly(RedriveResult.Status.FAILED);
                broken = false;
                assertThat(running.consumer().redrive(ids.subList(0, ids.size() - 1)))
                        .extracting(RedriveResult::status)
                        .contains(RedriveResult.Status.APPLIED);
                drop(topic, last);
            }
        }
        assertThat(database.query("select distinct action from tidemark.audit_log where by_role = '" + name(WRITER)
                        + "' order by 1"))
                .containsExactly("drop", "gap", "park", "redrive");
        assertThat(database.query(
                        "select distinct incarnation from tidemark.audit_log where action in ('gap', 'park')"))
                .containsExactly("1");
    }

    private static String clusterId(KafkaServer kafka) {
        return KafkaServer.get(kafka.admin().describeCluster().clusterId());
    }

    private Running start(KafkaServer kafka, String topic) {
        return Running.start(
                TestDatabase.pool(url(WRITER), 5),
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic)
                        .onFailure(FailurePolicy.parkKey())
                        .onGap(GapPolicy.resumeAtEarliest())
                        .handle((record, tx) -> {
                            FlightEffects.foldOne(record, tx);
                            if (broken && record.offset() == 30) {
                                throw new IllegalStateException("bad");
                            }
                        }));
    }

    private void drop(String group, long id) {
        try (Connection c = DriverManager.getConnection(url(WRITER))) {
            assertThat(DeadLetters.of(group).drop(c, id, "worthless")).isTrue();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aLoopOfOnesOwnNeedsNoMoreThanAWriterEither() throws SQLException {
        OffsetStore store = OffsetStore.of("etl");
        TopicPartition zero = new TopicPartition("t", 0);
        TopicPartition one = new TopicPartition("t", 1);
        for (String isolation : List.of("read committed", "serializable")) {
            try (Connection c = DriverManager.getConnection(url(WRITER));
                    Statement s = c.createStatement()) {
                c.setAutoCommit(false);
                s.execute("set session characteristics as transaction isolation level " + isolation);
                c.commit();
                store.bind(c, new TopicBinding("t", "c", Optional.of("i"), Map.of(0, 5L, 1, 5L), Map.of(0, 0L, 1, 0L)));
                Map<TopicPartition, Claim> claims = store.claim(c, Set.of(zero, one));
                c.commit();
                store.check(c, claims.values());
                s.execute("insert into applied (topic, partition, record_offset) values ('t', 0, 5)");
                List<Move> moves = claims.values().stream()
                        .map(claim ->
                                new Move(claim, Position.of(claim.position().nextOffset() + 1)))
                        .toList();
                Map<TopicPartition, Claim> moved = store.advance(c, moves);
                c.commit();
                store.release(c, moved.values());
                c.commit();
                assertThat(store.positions(c, Set.of(zero))).hasSize(1);
                c.rollback();
            }
        }
        assertThat(database.query("select partition, next_offset, owner_token from tidemark.stored_offset order by 1"))
                .containsExactly("0|7|null", "1|7|null");
    }
}

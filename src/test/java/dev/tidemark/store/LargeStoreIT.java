package dev.tidemark.store;

import static dev.tidemark.store.LargeStore.HEAVY;
import static dev.tidemark.store.LargeStore.USUAL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.admin.AuditQuery;
import dev.tidemark.admin.ChangeOptions;
import dev.tidemark.admin.DeadLetterQuery;
import dev.tidemark.admin.OffsetTarget;
import dev.tidemark.admin.PartitionSelection;
import dev.tidemark.admin.PlanOptions;
import dev.tidemark.admin.TidemarkAdmin;
import dev.tidemark.doctor.Doctor;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.EmbeddedPostgresServer;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.apache.kafka.common.TopicPartition;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * However large the store is, what is asked about one group reads that group's rows only. The plans and the rows that were read are
 * asserted; times are printed.
 */
@Tag("database")
@Tag("exhaustive")
@Execution(ExecutionMode.SAME_THREAD) // what was read is known only of the database as a whole
class LargeStoreIT {
    /**
     * A twentieth of a large table. A usual group has 500 partitions, some hundred dead letters, and 2,500 audit rows; a list has 1,000
     * rows, for which the planner may pass over some of other topics or groups.
     */
    private static final long FEW = 50_000;

    private static final Pattern SCAN =
            Pattern.compile("\"Node Type\": \"Seq Scan\",[^{}]*?\"Relation Name\": \"(\\w+)\"");

    private static final PartitionSelection ALL = PartitionSelection.all();
    private static final PartitionSelection ONE = PartitionSelection.partitions(new TopicPartition("topic-1", 3));
    private static final ChangeOptions NONE = ChangeOptions.none();
    private static final PlanOptions UNCHECKED = PlanOptions.defaults().unchecked();

    private static EmbeddedPostgresServer server;
    private static TestDatabase database;

    @BeforeAll
    static void fill() {
        server = LargeStore.server();
        database = LargeStore.create(server);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static DataSource operator() {
        return database.as(DatabaseRole.OPERATOR).dataSource();
    }

    private static List<String> scanned(String sql) {
        String plan = String.join(
                "\n", database.superuser().query("explain (format json) " + sql.formatted("'" + USUAL + "'")));
        return SCAN.matcher(plan)
                .results()
                .map(scan -> scan.group(1))
                .filter(ReadRows.LARGE::contains)
                .distinct()
                .toList();
    }

    @Test
    void noPlanForOneGroupReadsAWholeTable() {
        SoftAssertions all = new SoftAssertions();
        for (String sql : List.of(
                "select * from tidemark.consumer_group where group_id = %s",
                "select * from tidemark.consumer_lag where group_id = %s order by topic, partition",
                "select count(*) from tidemark.consumer_lag where group_id = %s and state = 'free'",
                "select * from tidemark.dead_letter_summary where group_id = %s order by last_parked_at desc",
                "select action, count(*), max(at) from tidemark.audit_log where group_id = %s group by action",
                "select * from tidemark.audit_log where group_id in (%s) and at between now() - interval '6 hours' and now()"
                        + " order by id desc limit 500")) {
            all.assertThat(scanned(sql)).as(sql).isEmpty();
        }
        all.assertAll();
    }

    @Test
    void theListOfAllGroupsCountsDeadLettersInAnIndex() {
        assertThat(scanned("select * from tidemark.consumer_group order by group_id"))
                .doesNotContain("dead_letter", "audit_log");
        assertThat(scanned("select * from tidemark.dead_letter_summary")).isEmpty();
    }

    /** The other indexes on the group would do for a group of few dead letters only, since they do not tell which are superseded. */
    private static void assertCountedInIndexes(Connection connection) {
        assertThat(plan(connection, "select * from tidemark.consumer_group where group_id = '" + USUAL + "'"))
                .contains("\"Index Name\": \"dead_letter_live\"");
        assertThat(plan(connection, "select * from tidemark.dead_letter_summary where group_id = '" + HEAVY + "'"))
                .contains("\"Index Name\": \"dead_letter_cause\"");
    }

    private static String plan(Connection connection, String sql) {
        try (Statement statement = connection.createStatement();
                ResultSet plan = statement.executeQuery("explain (format json) " + sql)) {
            plan.next();
            return plan.getString(1);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void deadLettersAreCountedInIndexesAndAMissingOneIsNoticed() throws SQLException {
        try (Connection connection = database.superuser().connect();
                Statement statement = connection.createStatement()) {
            assertCountedInIndexes(connection);
            for (String index : List.of("dead_letter_live", "dead_letter_cause")) {
                connection.setAutoCommit(false);
                statement.execute("drop index tidemark." + index);
                assertThatThrownBy(() -> assertCountedInIndexes(connection)).hasMessageContaining(index);
                connection.rollback();
            }
        }
    }

    /** Were the names of groups and causes both long, an index entry would have no room, and the record could not be parked. */
    @Test
    void aLongCauseOfALongGroupIsParkedAndSummarised() {
        String group = "g".repeat(2_000);
        String topic = "t".repeat(249);
        database.superuser()
                .execute(
                        "insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset, timestamp_ms,"
                                + " timestamp_type, key, holds_key, error_code, error_class, attempts, parked_by) select '"
                                + group + "', '"
                                + topic
                                + "', 1, 0, n, 0, 'CreateTime', 'k', true, 'TM-502', (select string_agg(md5(i::text), '')"
                                + " from generate_series(1, case n when 1 then 6 else 300 end) i), 1, 'host' from generate_series(1, 2) n");
        assertThat(database.query("select length(error_class), dead_letters from tidemark.dead_letter_summary"
                        + " where group_id = '" + group + "' order by 1"))
                .containsExactly("192|1", "9600|1");
    }

    @Test
    void whatIsAskedAboutOneGroupReadsItsRowsOnly() {
        TidemarkAdmin admin = TidemarkAdmin.of(operator());
        Map<String, Runnable> actions = new LinkedHashMap<>();
        actions.put("describe", () -> admin.describe(USUAL));
        actions.put("export", () -> admin.offsets(USUAL, ALL));
        actions.put(
                "doctor", () -> Doctor.builder(operator()).group(USUAL).build().examine());
        for (String group : List.of(USUAL, HEAVY)) {
            DeadLetterQuery letters = DeadLetterQuery.of(group).withLimit(1_000);
            actions.put("dead-letters list " + group, () -> admin.deadLetters(letters));
            actions.put("dead-letters list --redrivable " + group, () -> admin.deadLetters(letters.redrivable()));
            actions.put("dead-letters list --topic " + group, () -> admin.deadLetters(letters.withTopic("topic-9")));
            actions.put("dead-letters list --code " + group, () -> admin.deadLetters(letters.withErrorCode("TM-505")));
            AuditQuery audit = AuditQuery.all().withGroup(group);
            actions.put("audit " + group, () -> admin.audit(audit));
            actions.put("audit --since " + group, () -> admin.audit(audit.within(Duration.ofMinutes(5))));
            actions.put("audit --topic " + group, () -> admin.audit(audit.withTopic("none")));
            actions.put("audit --action " + group, () -> admin.audit(audit.withActions("undo", "delete")));
            actions.put("reset plan " + group, () -> admin.planReset(group, OffsetTarget.offset(5), ALL, UNCHECKED));
            actions.put(
                    "reset one " + group,
                    () -> admin.execute(admin.planReset(group, OffsetTarget.shiftBy(1), ONE, UNCHECKED), NONE));
            actions.put("pause " + group, () -> admin.execute(admin.planPause(group, ONE), NONE));
            actions.put("resume " + group, () -> admin.execute(admin.planResume(group, ONE), NONE));
            actions.put("dead-letters drop " + group, () -> {
                long id = admin.deadLetters(letters.withLimit(1)).get(0).id();
                admin.deadLetter(group, id);
                admin.dropDeadLetters(letters.withIds(List.of(id)), NONE);
            });
        }
        actions.put(
                "reset all",
                () -> admin.execute(admin.planReset(USUAL, OffsetTarget.shiftBy(1), ALL, UNCHECKED), NONE));
        actions.put("undo", () -> admin.execute(admin.planUndo(USUAL, lastReset()), NONE));
        actions.put("delete plan", () -> admin.planDeletion(USUAL));
        actions.put("audit of all groups", () -> admin.audit(AuditQuery.all()));
        actions.put(
                "audit --since of all groups",
                () -> admin.audit(AuditQuery.all().within(Duration.ofMinutes(5))));
        actions.put(
                "audit --action of all groups",
                () -> admin.audit(AuditQuery.all().withActions("undo", "rebind")));
        actions.put(
                "bind_topic", () -> call("bind_topic('group-77', 'new', 'c', 'id', array_fill(5::bigint, '{50}'))"));
        actions.put(
                "rebind_topic",
                () -> call("rebind_topic('group-77', 'topic-1', 'c', 'id', array_fill(5::bigint, '{50}'))"));
        actions.put("delete_group", () -> call("delete_group('group-77', null, true)"));
        SoftAssertions all = new SoftAssertions();
        actions.forEach((name, action) -> {
            ReadRows read = ReadRows.of(database, action);
            System.out.printf("%-45s %,9d rows %,7d ms%n", name, read.rows(), read.millis());
            all.assertThat(read.scanned()).as(name).isEmpty();
            all.assertThat(read.rows()).as("rows read by " + name).isLessThan(FEW);
        });
        all.assertAll();
    }

    /** What summarises many rows reads each of them once, in an index; printed only. */
    @Test
    void whatTheSummariesRead() {
        TidemarkAdmin admin = TidemarkAdmin.of(operator());
        Map<String, Runnable> actions = new LinkedHashMap<>();
        actions.put("groups", admin::groups);
        actions.put("delete plan " + HEAVY, () -> admin.planDeletion(HEAVY));
        for (String sql : List.of(
                "consumer_group where group_id = '" + USUAL + "'",
                "consumer_group where group_id = '" + HEAVY + "'",
                "dead_letter_summary where group_id = '" + USUAL + "'",
                "dead_letter_summary where group_id = '" + HEAVY + "'",
                "dead_letter_summary",
                "consumer_lag where state = 'halted'")) {
            actions.put(sql, () -> run("select * from tidemark." + sql));
        }
        TreeSet<String> scanned = new TreeSet<>();
        actions.forEach((name, action) -> {
            ReadRows read = ReadRows.of(database, action);
            System.out.printf("%-45s %,9d rows %,7d ms %s%n", name, read.rows(), read.millis(), read.scanned());
            scanned.addAll(read.scanned());
        });
        assertThat(scanned).doesNotContain("dead_letter", "audit_log");
    }

    private static long lastReset() {
        return database.superuser()
                .number("select max(change_id) from tidemark.audit_log where group_id = '" + USUAL
                        + "' and action = 'reset'");
    }

    private static void call(String function) {
        run("begin", "select tidemark." + function, "rollback");
    }

    private static void run(String... statements) {
        try (Connection connection = operator().getConnection();
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}

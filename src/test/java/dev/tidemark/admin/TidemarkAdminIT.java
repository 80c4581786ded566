package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.Provokes;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGConnection;
import org.postgresql.ds.PGSimpleDataSource;

/** The API as an operator calls it; group etl stands at 10 and 20 in the two partitions of a topic that Kafka may not have. */
class TidemarkAdminIT {
    private static final String GROUP = "etl";
    private static final TopicPartition ZERO = new TopicPartition("flights", 0);
    private static final TopicPartition ONE = new TopicPartition("flights", 1);
    private static final PartitionSelection ALL = PartitionSelection.all();
    private static final ChangeOptions NONE = ChangeOptions.none();
    private static final PlanOptions UNCHECKED = PlanOptions.defaults().unchecked();

    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final TidemarkAdmin admin =
            TidemarkAdmin.of(database.as(DatabaseRole.OPERATOR).dataSource());

    @BeforeEach
    void bind() {
        database.execute("select tidemark.bind_topic('etl', 'flights', 'cluster', 'id', '{10,20}')");
    }

    private List<String> stored() {
        return database.query("select next_offset from tidemark.stored_offset order by topic, partition");
    }

    private static void assertFails(ErrorCode code, ThrowingCallable call) {
        assertThatThrownBy(call).isInstanceOf(TidemarkException.class).hasMessageStartingWith(code.code());
    }

    @Test
    void aPlanIsShownExecutedAndUndone() {
        ResetPlan plan = admin.planReset(GROUP, OffsetTarget.offset(5), ALL, UNCHECKED);
        assertThat(plan.moves())
                .containsExactly(
                        new OffsetMove(ZERO, OptionalLong.of(10), 5, OptionalLong.empty()),
                        new OffsetMove(ONE, OptionalLong.of(20), 5, OptionalLong.empty()));
        assertThat(plan.toString()).contains("group etl", "flights-0 10 -> 5", "flights-1 20 -> 5");
        assertThat(stored()).containsExactly("10", "20");

        ChangeResult done = admin.execute(plan, NONE.withReason("read again"));
        assertThat(done.moves()).isEqualTo(plan.moves());
        assertThat(stored()).containsExactly("5", "5");

        long change = done.changeId().orElseThrow();
        assertFails(ErrorCode.NOTHING_MATCHED, () -> admin.planUndo(GROUP, change + 1_000));
        UndoPlan undo = admin.planUndo(GROUP, change);
        assertThat(undo.toString()).contains("flights-0 5 -> 10", "flights-1 5 -> 20");
        assertThat(stored()).containsExactly("5", "5");
        ChangeResult undone = admin.execute(undo);
        assertThat(undone.changeId().orElseThrow()).isGreaterThan(change);
        assertThat(stored()).containsExactly("10", "20");
        assertFails(ErrorCode.CHANGE_REFUSED, () -> admin.execute(undo));

        List<AuditEntry> audit = admin.audit(AuditQuery.all().withActions("reset"));
        assertThat(audit)
                .hasSize(2)
                .allMatch(entry -> entry.changeId() == change && entry.group().equals(GROUP));
        assertThat(audit.get(0).reason()).contains("read again");
        assertThat(audit.get(0).byRole()).isEqualTo(DatabaseRole.OPERATOR.login());
    }

    @Test
    void whatCountsFromWhereAPartitionStandsIsCountedUnderItsLock() {
        ResetPlan plan =
                admin.planReset(GROUP, OffsetTarget.shiftBy(-3), PartitionSelection.partitions(ONE), UNCHECKED);
        database.owner().execute("update tidemark.stored_offset set next_offset = 50 where partition = 1");
        assertThat(admin.execute(plan).moves())
                .containsExactly(new OffsetMove(ONE, OptionalLong.of(50), 47, OptionalLong.empty()));
        assertThat(stored()).containsExactly("10", "47");
    }

    @Test
    void aPlanForATopicThatWasBoundAnewIsRefused() {
        ResetPlan plan = admin.planReset(GROUP, OffsetTarget.current(), ALL);
        database.execute("select tidemark.rebind_topic('etl', 'flights', 'cluster', 'other', '{1,2}')");
        assertFails(ErrorCode.CHANGE_REFUSED, () -> admin.execute(plan));
        assertThat(stored()).containsExactly("1", "2");
    }

    @Test
    void effectsAreInTheTransactionAndWhatTheyThrowEndsIt() {
        ResetPlan plan = admin.planReset(GROUP, OffsetTarget.offset(7), ALL, UNCHECKED);
        database.owner().execute("create table seen (next_offset bigint)");
        assertFails(
                ErrorCode.CHANGE_REFUSED, () -> admin.execute(plan, NONE.withEffects(c -> execute(c, "select 1 / 0"))));
        assertFails(
                ErrorCode.CHANGE_REFUSED,
                () -> admin.execute(plan, NONE.withEffects(c -> {
                    throw new IllegalStateException("the caller's own");
                })));
        TidemarkException own = new TidemarkException(ErrorCode.UNEXPECTED, "the caller's own", null);
        assertThatThrownBy(() -> admin.execute(plan, NONE.withEffects(c -> {
                    throw own;
                })))
                .isSameAs(own);
        assertThat(stored()).containsExactly("10", "20");
        String copy = "insert into seen select next_offset from tidemark.stored_offset";
        admin.execute(plan, NONE.withEffects(c -> execute(c, copy)).withEffects(c -> execute(c, copy)));
        assertThat(database.query("select next_offset, count(*) from seen group by 1"))
                .containsExactly("7|4");
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void aConnectionIsGivenBackAsItWas() throws SQLException {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.as(DatabaseRole.OPERATOR).dataSource());
        config.setMaximumPoolSize(1);
        config.setAutoCommit(false);
        try (HikariDataSource pool = new HikariDataSource(config)) {
            TidemarkAdmin pooled = TidemarkAdmin.of(pool);
            pooled.execute(pooled.planReset(GROUP, OffsetTarget.offset(6), ALL, UNCHECKED));
            assertFails(ErrorCode.NOTHING_MATCHED, () -> pooled.describe("nobody"));
            ResetPlan plan = pooled.planReset(GROUP, OffsetTarget.offset(5), ALL, UNCHECKED);
            assertFails(
                    ErrorCode.CHANGE_REFUSED,
                    () -> pooled.execute(plan, NONE.withEffects(c -> execute(c, "select 1 / 0"))));
            try (Connection connection = pool.getConnection()) {
                assertThat(connection.getAutoCommit()).isFalse();
                assertThat(connection.unwrap(PGConnection.class).getPrepareThreshold())
                        .isEqualTo(5);
                assertThat(connection.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
            }
        }
        assertThat(stored()).containsExactly("6", "6");
    }

    @Provokes(ErrorCode.KAFKA_UNAVAILABLE)
    @Test
    void kafkaIsNeededOnlyWhereItIsAsked() {
        assertFails(ErrorCode.INVALID_SETTING, () -> admin.planReset(GROUP, OffsetTarget.earliest(), ALL));
        assertFails(ErrorCode.INVALID_SETTING, () -> admin.planReset(GROUP, OffsetTarget.offset(1), ALL));
        assertFails(ErrorCode.INVALID_SETTING, () -> admin.planExportToKafka(GROUP, ALL));
        assertThat(admin.planReset(GROUP, OffsetTarget.current(), ALL).moves()).hasSize(2);
        TidemarkAdmin away = TidemarkAdmin.builder(
                        database.as(DatabaseRole.OPERATOR).dataSource())
                .kafka(Map.of(
                        "bootstrap.servers", "localhost:1", "default.api.timeout.ms", 500, "request.timeout.ms", 500))
                .build();
        assertFails(ErrorCode.KAFKA_UNAVAILABLE, () -> away.planReset(GROUP, OffsetTarget.earliest(), ALL));
        assertFails(
                ErrorCode.INVALID_SETTING,
                () -> TidemarkAdmin.builder(database.owner().dataSource()).kafka(Map.of()));
    }

    @Test
    void aClientOfTheCallersStaysOpen() {
        KafkaServer kafka = Servers.kafka();
        String topic = kafka.createTopic(Servers.unique("admin-api"), 1);
        TidemarkAdmin there = TidemarkAdmin.builder(
                        database.as(DatabaseRole.OPERATOR).dataSource())
                .kafka(kafka.admin())
                .build();
        Map<TopicPartition, Long> offsets = Map.of(new TopicPartition(topic, 0), 0L);
        ResetPlan plan = there.planImport("new", offsets, PlanOptions.defaults());
        assertThat(plan.newTopics()).containsExactly(topic);
        ChangeResult bound = there.execute(plan);
        assertThat(bound.changeId()).isEmpty();
        KafkaExportPlan export = there.planExportToKafka("new", ALL);
        assertThat(export.offsets())
                .containsExactly(new KafkaExportPlan.Offsets(new TopicPartition(topic, 0), OptionalLong.empty(), 0));
        assertThat(there.execute(export)).isEqualTo(KafkaExportPlan.Outcome.COMMITTED);
        assertThat(there.planExportToKafka("new", ALL).offsets().get(0).committedOffset())
                .hasValue(0);
        assertFails(ErrorCode.TOPIC_MISSING, () -> there.planReset(GROUP, OffsetTarget.earliest(), ALL));
    }

    @Test
    void pausesAndWhatTheyStop() {
        PausePlan plan = admin.planPause(GROUP, PartitionSelection.partitions(ONE));
        assertThat(plan.partitions()).hasSize(1);
        assertThat(plan.partitions().get(0).before()).isEmpty();
        assertThat(plan.partitions().get(0).after()).contains(PausePlan.Extent.PARTITION);
        assertThat(database.number("select count(*) from tidemark.consumer_pause"))
                .isZero();
        admin.execute(plan, NONE);
        admin.execute(admin.planPause(GROUP, ALL), NONE);
        PausePlan resumed = admin.execute(admin.planResume(GROUP, PartitionSelection.topics("flights")), NONE);
        assertThat(resumed.partitions())
                .extracting(PausePlan.Partition::after)
                .containsOnly(Optional.of(PausePlan.Extent.GROUP));
        admin.execute(admin.planResume(GROUP, ALL), NONE);
        assertFails(ErrorCode.NOTHING_MATCHED, () -> admin.planResume(GROUP, ALL));
        assertFails(ErrorCode.NOTHING_MATCHED, () -> admin.planPause(GROUP, PartitionSelection.topics("trains")));
    }

    @Test
    void deadLettersAreListedAndDropped() {
        database.writer()
                .execute(
                        "insert into tidemark.dead_letter (group_id, topic, incarnation, partition, record_offset,"
                                + " timestamp_ms, timestamp_type, error_code, attempts, parked_by) select 'etl', 'flights', 1, 0, n, -1,"
                                + " 'NoTimestampType', case when n < 3 then 'TM-502' end, 1, 'me' from generate_series(1, 4) n");
        DeadLetterQuery all = DeadLetterQuery.of(GROUP);
        List<DeadLetterSummary> letters = admin.deadLetters(all);
        assertThat(letters).extracting(DeadLetterSummary::offset).containsExactly(1L, 2L, 3L, 4L);
        assertThat(letters.get(0).timestamp()).isEmpty();
        assertThat(admin.deadLetters(all.withLimit(2).after(letters.get(1).id())))
                .containsExactly(letters.get(2), letters.get(3));
        assertThat(admin.deadLetter(GROUP, letters.get(2).id()).record().offset())
                .isEqualTo(3);
        assertFails(ErrorCode.NOTHING_MATCHED, () -> admin.deadLetter(GROUP, 987_654));
        assertFails(ErrorCode.NOTHING_MATCHED, () -> admin.deadLetters(all.withIds(List.of(987_654L))));
        assertFails(ErrorCode.NOTHING_MATCHED, () -> admin.deadLetters(DeadLetterQuery.of("nobody")));

        DeletionPlan deletion = admin.planDeletion(GROUP);
        assertThat(deletion.isRefused()).isTrue();
        assertFails(ErrorCode.CHANGE_REFUSED, () -> admin.execute(deletion, NONE));
        assertThat(admin.dropDeadLetters(all.withErrorCode("TM-502"), NONE.withReason("broken")))
                .containsExactly(
                        new DeadLetterSummary.Drop(letters.get(0), true),
                        new DeadLetterSummary.Drop(letters.get(1), true));
        assertThat(admin.groups().get(0).deadLetters()).isEqualTo(2);
        admin.execute(deletion.forced(), NONE);
        assertThat(admin.groups()).isEmpty();
        assertThat(admin.audit(AuditQuery.all().withGroup(GROUP).withActions("drop", "delete")))
                .extracting(AuditEntry::action)
                .contains("drop", "delete");
        assertFails(ErrorCode.NOTHING_MATCHED, () -> admin.planDeletion(GROUP));
        assertFails(
                ErrorCode.NOTHING_MATCHED, () -> admin.audit(AuditQuery.all().withGroup("nobody")));
    }

    @Test
    void whoMayNotChangeAndServersThatAreAwayAreTold() {
        TidemarkAdmin reader = TidemarkAdmin.of(database.as(DatabaseRole.READER).dataSource());
        assertThat(reader.describe(GROUP))
                .extracting(PartitionSummary::storedOffset)
                .containsExactly(10L, 20L);
        assertThat(reader.offsets(GROUP, PartitionSelection.partitions(ONE))).isEqualTo(Map.of(ONE, 20L));
        assertThat(reader.store().schema()).isEqualTo("tidemark");
        ResetPlan plan = reader.planReset(GROUP, OffsetTarget.current(), ALL);
        assertFails(ErrorCode.RIGHT_MISSING, () -> reader.execute(plan));

        PGSimpleDataSource nowhere = new PGSimpleDataSource();
        nowhere.setUrl("jdbc:postgresql://localhost:1/nothing");
        assertFails(
                ErrorCode.DATABASE_UNAVAILABLE, () -> TidemarkAdmin.of(nowhere).groups());
        assertThatThrownBy(() -> TidemarkAdmin.of(nowhere).execute(plan))
                .hasMessageNotContaining("Whether the change was made");
        TidemarkAdmin elsewhere = TidemarkAdmin.builder(database.owner().dataSource())
                .schema("elsewhere")
                .build();
        assertFails(ErrorCode.SCHEMA_MISSING, elsewhere::groups);
        assertFails(
                ErrorCode.INVALID_SETTING,
                () -> TidemarkAdmin.builder(database.owner().dataSource()).schema("No Name"));
    }
}

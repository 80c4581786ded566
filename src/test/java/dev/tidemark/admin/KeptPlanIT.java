package dev.tidemark.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.testkit.ExactlyOnce;
import dev.tidemark.testkit.FlightEffects;
import dev.tidemark.testkit.Flights;
import dev.tidemark.testkit.Running;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.kafka.KafkaServer;
import dev.tidemark.testkit.postgres.DatabaseRole;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Plans that are executed when the group, its topics or its position are no longer what they were planned for. */
@Tag("exhaustive")
class KeptPlanIT {
    private static final String GROUP = "etl";
    private static final PartitionSelection ALL = PartitionSelection.all();
    private static final ChangeOptions NONE = ChangeOptions.none();
    private static final PlanOptions DEFAULTS = PlanOptions.defaults();
    private static final PlanOptions UNCHECKED = DEFAULTS.unchecked();
    private static final TopicPartition ZERO = new TopicPartition("flights", 0);

    private final KafkaServer kafka = Servers.kafka();
    private final TestDatabase database = Servers.flightDatabase(Servers.postgres());
    private final TidemarkAdmin admin = admin(database);
    private final String topic = kafka.createTopic(Servers.unique("kept"), 1);
    private final TopicPartition first = new TopicPartition(topic, 0);

    private TidemarkAdmin admin(TestDatabase store) {
        return TidemarkAdmin.builder(store.as(DatabaseRole.OPERATOR).dataSource())
                .kafka(kafka.admin())
                .build();
    }

    private static void bind(TestDatabase store, String topicId, String offsets) {
        store.execute("select tidemark.bind_topic('etl', 'flights', 'cluster', '" + topicId + "', '" + offsets + "')");
    }

    private static List<String> all(TestDatabase store) {
        return store.query("select group_id, topic, partition, next_offset, 0 from tidemark.stored_offset union all"
                + " select group_id, coalesce(topic, ''), coalesce(partition, -1), -1, 1 from tidemark.consumer_pause"
                + " order by 1, 2, 3, 4");
    }

    private static void assertRefused(TestDatabase store, ThrowingCallable call) {
        List<String> before = all(store);
        List<String> audit = store.query("select id from tidemark.audit_log order by id");
        assertThatThrownBy(call)
                .isInstanceOf(TidemarkException.class)
                .hasMessageStartingWith(ErrorCode.CHANGE_REFUSED.code())
                .hasMessageContaining("nothing was")
                .hasMessageContaining("plan it");
        assertThat(all(store)).isEqualTo(before);
        assertThat(store.query("select id from tidemark.audit_log order by id")).isEqualTo(audit);
    }

    private void produce(int from, int to) {
        try (var producer = kafka.producer()) {
            Servers.produceTo(producer, first, Flights.sample().subList(from, to));
        }
    }

    private Running start() {
        return Running.start(
                database,
                kafka.consumerConfig(topic, "cooperative"),
                builder -> builder.topics(topic).handle(FlightEffects::foldOne));
    }

    private void readTo(long offset) {
        try (Running running = start()) {
            running.until("read", () -> ExactlyOnce.progress(database, topic) == offset);
        }
    }

    private long moved() {
        return admin.execute(admin.planReset(GROUP, OffsetTarget.offset(9), ALL, UNCHECKED))
                .changeId()
                .orElseThrow();
    }

    /** Deletes the group, and binds it as new consumers do: its incarnation is the same as before. */
    private void bindAgain() {
        database.execute("select tidemark.delete_group('etl', null, true)");
        bind(database, "id", "{700,800}");
    }

    @Test
    void aGroupThatWasDeletedAndBoundAgainIsAnother() {
        bind(database, "id", "{10,20}");
        ResetPlan reset = admin.planReset(GROUP, OffsetTarget.offset(5), ALL, UNCHECKED);
        ResetPlan shift = admin.planReset(GROUP, OffsetTarget.shiftBy(-5), ALL, UNCHECKED);
        ResetPlan imported = admin.planImport(GROUP, Map.of(ZERO, 3L), UNCHECKED);
        DeletionPlan deletion = admin.planDeletion(GROUP);
        UndoPlan undo = admin.planUndo(GROUP, moved());
        bindAgain();
        assertRefused(database, () -> admin.execute(reset));
        assertRefused(database, () -> admin.execute(shift));
        assertRefused(database, () -> admin.execute(imported));
        assertRefused(database, () -> admin.execute(deletion.forced(), NONE));
        assertThatThrownBy(() -> admin.execute(undo)).hasMessageStartingWith("TM-603");
        assertThat(database.query("select next_offset from tidemark.stored_offset order by 1"))
                .containsExactly("700", "800");
    }

    @Test
    void aDeletionIsOfTheTopicsThatItShowed() {
        bind(database, "id", "{10,20}");
        DeletionPlan one = admin.planDeletion(GROUP);
        database.execute("select tidemark.bind_topic('etl', 'trains', 'cluster', 'id', '{1}')");
        assertRefused(database, () -> admin.execute(one, NONE));
        DeletionPlan two = admin.planDeletion(GROUP);
        database.execute("select tidemark.rebind_topic('etl', 'trains', 'cluster', 'other', '{1}')");
        assertRefused(database, () -> admin.execute(two, NONE));
        admin.execute(admin.planDeletion(GROUP), NONE);
        assertThat(all(database)).isEmpty();
    }

    /** A pause is about names: it holds for whatever they are bound to. */
    @Test
    void aPauseHoldsForATopicThatWasBoundAgain() {
        bind(database, "id", "{10,20}");
        PausePlan pause = admin.planPause(GROUP, ALL);
        bindAgain();
        admin.execute(pause, NONE);
        assertThat(database.number("select count(*) from tidemark.consumer_pause"))
                .isEqualTo(1);
    }

    @Test
    void aPlanIsForOneStore() {
        TestDatabase other = Servers.flightDatabase(Servers.postgres());
        TidemarkAdmin there = admin(other);
        for (TestDatabase store : List.of(database, other)) {
            bind(store, "id", "{10,20}");
            store.execute("select tidemark.bind_topic('etl', '" + topic + "', 'cluster', 'old id', '{10}')");
        }
        ResetPlan reset = admin.planReset(GROUP, OffsetTarget.offset(5), ALL, UNCHECKED);
        ResetPlan fresh = admin.planImport("new", Map.of(first, 0L), DEFAULTS);
        RebindPlan rebind = admin.planRebind(GROUP, topic, OffsetTarget.earliest(), DEFAULTS);
        PausePlan pause = admin.planPause(GROUP, ALL);
        DeletionPlan deletion = admin.planDeletion(GROUP);
        assertRefused(other, () -> there.execute(reset));
        assertRefused(other, () -> there.execute(fresh));
        assertRefused(other, () -> there.execute(rebind));
        assertRefused(other, () -> there.execute(pause, NONE));
        assertRefused(other, () -> there.execute(deletion, NONE));
        there.execute(there.planPause(GROUP, ALL), NONE);
        admin.execute(pause, NONE);
        PausePlan resume = admin.planResume(GROUP, ALL);
        assertRefused(other, () -> there.execute(resume, NONE));
        admin.execute(fresh);
        there.execute(there.planImport("new", Map.of(first, 0L), DEFAULTS));
        KafkaExportPlan export = admin.planExportToKafka("new", ALL);
        assertRefused(other, () -> there.execute(export));
        assertThat(admin.execute(export)).isEqualTo(KafkaExportPlan.Outcome.COMMITTED);
    }

    @Test
    void anUndoIsOfTheChangeThatItShowed() {
        bind(database, "id", "{10,20}");
        TestDatabase other = Servers.flightDatabase(Servers.postgres());
        TidemarkAdmin there = admin(other);
        other.execute("select tidemark.bind_topic('billing', 'invoices', 'cluster', 'id', '{10}')");
        long change = moved();
        UndoPlan undo = admin.planUndo(GROUP, change);
        long last = 0;
        while (last < change) {
            last = there.execute(there.planReset("billing", OffsetTarget.offset(last), ALL, UNCHECKED))
                    .changeId()
                    .orElseThrow();
        }
        assertRefused(other, () -> there.execute(undo));

        // A restore gives the number to another change.
        database.owner().execute("update tidemark.audit_log set from_offset = 4 where change_id = " + change);
        assertRefused(database, () -> admin.execute(undo));
        database.owner().execute("update tidemark.audit_log set group_id = 'other' where change_id = " + change);
        assertThatThrownBy(() -> admin.execute(undo)).hasMessageStartingWith("TM-601");
        assertThat(database.query("select next_offset from tidemark.stored_offset order by 1"))
                .containsExactly("9", "9");
    }

    @Test
    void aRebindIsOfTheBindingThatItShowed() {
        produce(0, 100);
        database.execute("select tidemark.bind_topic('" + topic + "', '" + topic + "', 'cluster', 'old id', '{10}')");
        RebindPlan plan = admin.planRebind(topic, topic, OffsetTarget.earliest(), DEFAULTS);
        admin.execute(admin.planDeletion(topic), NONE);
        try (Running running = start()) {
            running.until("read", () -> ExactlyOnce.progress(database, topic) == 100);
            assertThatThrownBy(() -> admin.execute(plan)).hasMessageStartingWith("TM-603");
        }
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(100);
        ExactlyOnce.assertEffectsMatchOffsets(database, topic);
    }

    private ResetPlan shiftAtTen(long records) {
        produce(0, 10);
        readTo(10);
        database.owner().execute("update tidemark.stored_offset set next_offset = 5");
        ResetPlan plan = admin.planReset(topic, OffsetTarget.shiftBy(records), ALL);
        database.owner().execute("update tidemark.stored_offset set next_offset = 10");
        produce(10, 100);
        readTo(100);
        return plan;
    }

    @Test
    void aShiftForwardDoesNotMoveBackToTheOldEnd() {
        ResetPlan plan = shiftAtTen(1);
        assertRefused(database, () -> admin.execute(plan));
        database.owner().execute("update tidemark.stored_offset set next_offset = 10");
        assertRefused(database, () -> admin.execute(plan));
        database.owner().execute("update tidemark.stored_offset set next_offset = 9");
        admin.execute(plan);
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(10);
    }

    @Test
    void aShiftBackStartsWhereTheGroupIsByThen() {
        ResetPlan plan = shiftAtTen(-2);
        admin.execute(plan);
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(98);
    }

    @Test
    void aShiftOfARebindDoesNotStopAtTheOldEnd() {
        produce(0, 10);
        database.execute("select tidemark.bind_topic('" + topic + "', '" + topic + "', 'cluster', 'old id', '{5}')");
        RebindPlan plan = admin.planRebind(topic, topic, OffsetTarget.shiftBy(1), DEFAULTS);
        database.owner().execute("update tidemark.stored_offset set next_offset = 40");
        assertRefused(database, () -> admin.execute(plan));
        database.owner().execute("update tidemark.stored_offset set next_offset = 7");
        admin.execute(plan);
        assertThat(ExactlyOnce.progress(database, topic)).isEqualTo(8);
    }

    @Test
    void partitionsAreNumberedFromZero() {
        TopicPartition below = new TopicPartition(topic, -1);
        bind(database, "id", "{10,20}");
        for (ThrowingCallable call : List.<ThrowingCallable>of(
                () -> admin.planImport("new", Map.of(first, 0L, below, 7L), DEFAULTS),
                () -> admin.planImport("new", Map.of(below, 7L), UNCHECKED),
                () -> admin.planImport(GROUP, Map.of(ZERO, 1L, new TopicPartition("flights", -1), 7L), UNCHECKED),
                () -> OffsetTarget.offsets(Map.of(below, 7L)))) {
            assertThatThrownBy(call).hasMessageStartingWith("TM-103").hasMessageContaining("-1");
        }
    }

    private void untilLeft() {
        Awaitility.await("its members have left")
                .until(() -> admin.planExportToKafka(topic, ALL).members().isEmpty());
    }

    private long committed() {
        return admin.planExportToKafka(topic, ALL)
                .offsets()
                .get(0)
                .committedOffset()
                .orElse(-1);
    }

    @Test
    void anExportCommitsWhatIsStored() {
        produce(0, 50);
        readTo(50);
        untilLeft();
        KafkaExportPlan behind = admin.planExportToKafka(topic, ALL);
        produce(50, 60);
        readTo(60);
        untilLeft();
        assertRefused(database, () -> admin.execute(behind));
        KafkaExportPlan old = admin.planExportToKafka(topic, ALL);
        kafka.createAgain(topic, 1);
        produce(0, 60);
        assertThatThrownBy(() -> admin.execute(old)).hasMessageStartingWith("TM-302");
        admin.execute(admin.planRebind(topic, topic, OffsetTarget.earliest(), DEFAULTS));
        assertRefused(database, () -> admin.execute(old));
        assertThat(committed()).isEqualTo(-1);
        assertThat(admin.execute(admin.planExportToKafka(topic, ALL))).isEqualTo(KafkaExportPlan.Outcome.COMMITTED);
        assertThat(committed()).isZero();
    }

    @Test
    void anExportAsksAgainWhoIsThere() {
        produce(0, 50);
        KafkaExportPlan with;
        try (Running running = start()) {
            running.until("read", () -> ExactlyOnce.progress(database, topic) == 50);
            with = admin.planExportToKafka(topic, ALL);
        }
        assertThat(with.members()).hasSize(1);
        untilLeft();
        assertRefused(database, () -> admin.execute(with));
        assertThat(committed()).isEqualTo(-1);
        KafkaExportPlan without = admin.planExportToKafka(topic, ALL);
        assertThat(admin.execute(without)).isEqualTo(KafkaExportPlan.Outcome.COMMITTED);
        assertThat(committed()).isEqualTo(50);
        produce(50, 60);
        try (Running running = start()) {
            running.until("read", () -> ExactlyOnce.progress(database, topic) == 60);
            assertThatThrownBy(() -> admin.execute(without))
                    .hasMessageStartingWith("TM-308")
                    .hasMessageContaining("1 member");
        }
    }
}

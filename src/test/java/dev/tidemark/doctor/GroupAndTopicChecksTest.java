package dev.tidemark.doctor;

import static dev.tidemark.doctor.ChecksTest.allOk;
import static dev.tidemark.doctor.ChecksTest.only;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.doctor.GroupFacts.Binding;
import dev.tidemark.doctor.GroupFacts.Letters;
import dev.tidemark.doctor.GroupFacts.Pause;
import dev.tidemark.doctor.GroupFacts.Place;
import dev.tidemark.doctor.RetentionChecks.Lagging;
import dev.tidemark.doctor.RetentionChecks.Retention;
import dev.tidemark.doctor.TopicChecks.Bounds;
import dev.tidemark.doctor.TopicChecks.Topic;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AclOperation;
import org.junit.jupiter.api.Test;

/** The checks that look at groups, at their topics, and at what Kafka still holds. */
class GroupAndTopicChecksTest {
    private static final Instant NOW = Instant.parse("2026-11-24T09:00:00Z");
    private static final TopicPartition ZERO = new TopicPartition("flights", 0);
    private static final Binding BINDING = new Binding("flights", "cluster", "id", 1);

    private static Place place(long stored, String state, Instant sampledAt) {
        return new Place(ZERO, stored, 0L, "host-1", state, "TM-502", "the handler failed", null, sampledAt);
    }

    private static GroupFacts group(Place place, List<Pause> pauses, List<Letters> letters) {
        return new GroupFacts("etl", NOW, List.of(BINDING), List.of(place), pauses, letters);
    }

    @Test
    void aGroupThatRuns() {
        allOk(GroupChecks.judge(group(place(5, "owned", NOW.minusSeconds(70)), List.of(), List.of())));
    }

    @Test
    void whatKeepsAGroup() {
        Finding halted = only(GroupChecks.judge(group(place(5, "halted", NOW), List.of(), List.of())), Verdict.FAIL);
        assertThat(halted.finding()).contains("topic flights partition 0", "TM-502", "the handler failed");
        assertThat(halted.fix()).contains("tidemark reset etl --topic flights:0 --to-current --execute");

        Finding paused = only(
                GroupChecks.judge(group(
                        place(5, "paused", NOW), List.of(new Pause("flights", 0, "ann", NOW, "repairs")), List.of())),
                Verdict.WARN);
        assertThat(paused.finding()).contains("ann", "repairs", "partition 0");
        assertThat(paused.fix()).isEqualTo("tidemark resume etl --topic flights:0 --execute");
        assertThat(only(
                                GroupChecks.judge(group(
                                        place(5, "paused", NOW),
                                        List.of(new Pause(null, null, "ann", NOW, null)),
                                        List.of())),
                                Verdict.WARN)
                        .fix())
                .isEqualTo("tidemark resume etl --execute");

        assertThat(only(
                                GroupChecks.judge(group(
                                        place(5, "owned", NOW),
                                        List.of(),
                                        List.of(new Letters("flights", "TM-502", 3)))),
                                Verdict.WARN)
                        .finding())
                .contains("3 dead letters", "TM-502");
    }

    @Test
    void samplesThatNobodyRefreshes() {
        assertThat(only(
                                GroupChecks.judge(
                                        group(place(5, "owned", NOW.minus(Duration.ofHours(3))), List.of(), List.of())),
                                Verdict.WARN)
                        .finding())
                .contains("for 3 h", "host-1");
        Place unseen = new Place(ZERO, 5, null, null, "free", null, null, null, null);
        assertThat(only(GroupChecks.judge(group(unseen, List.of(), List.of())), Verdict.WARN)
                        .fix())
                .isEqualTo("start its consumers");
    }

    @Test
    void topicsThatAreOthers() {
        assertThat(TopicChecks.otherTopic("etl", BINDING, new Topic("cluster", "id", 1)))
                .isEmpty();
        assertThat(TopicChecks.otherTopic("etl", BINDING, new Topic("cluster", null, 1)))
                .isEmpty();
        assertThat(TopicChecks.otherTopic("etl", BINDING, new Topic("cluster", "again", 1))
                        .orElseThrow()
                        .finding())
                .contains("again", "TM-302");
        Finding other = TopicChecks.otherTopic("etl", BINDING, new Topic("elsewhere", "id", 1))
                .orElseThrow();
        assertThat(other.finding()).contains("cluster cluster", "elsewhere", "TM-301");
        assertThat(other.fix()).contains("tidemark rebind etl --topic flights");
    }

    @Test
    void partitionsThatCameOrWent() {
        Map<Integer, Place> places = Map.of(0, place(5, "owned", NOW));
        allOk(TopicChecks.judge("etl", BINDING, new Topic("cluster", "id", 1), places));
        assertThat(only(TopicChecks.judge("etl", BINDING, new Topic("cluster", "id", 3), places), Verdict.WARN)
                        .finding())
                .contains("has 3 partitions, and 1 are bound");
        assertThat(only(
                                TopicChecks.judge(
                                        "etl",
                                        new Binding("flights", "cluster", "id", 1),
                                        new Topic("cluster", "id", 0),
                                        places),
                                Verdict.FAIL)
                        .finding())
                .contains("has 0 partitions");
        assertThat(only(TopicChecks.judge("etl", BINDING, new Topic("cluster", "id", 1), Map.of()), Verdict.FAIL)
                        .finding())
                .contains("TM-303");
    }

    @Test
    void offsetsOutsideOfTheLog() {
        Map<Integer, Place> places = Map.of(0, place(5, "owned", NOW));
        allOk(TopicChecks.inside("etl", "flights", places, Map.of(ZERO, new Bounds(5, 5))));
        allOk(TopicChecks.inside("etl", "flights", places, Map.of()));
        assertThat(only(TopicChecks.inside("etl", "flights", places, Map.of(ZERO, new Bounds(8, 9))), Verdict.FAIL)
                        .finding())
                .contains("begins at 8", "3 offsets are gone", "TM-304");
        assertThat(only(TopicChecks.inside("etl", "flights", places, Map.of(ZERO, new Bounds(0, 4))), Verdict.FAIL)
                        .finding())
                .contains("ends at 4", "TM-305");
    }

    private static List<Finding> expiry(Duration retention, Duration age) {
        Lagging lagging = new Lagging(3, 40, NOW.minus(age), 100, 0L, Duration.ZERO);
        return RetentionChecks.judge("etl", "flights", new Retention(true, retention), List.of(lagging), NOW);
    }

    @Test
    void recordsThatExpireByTheirAge() {
        Duration week = Duration.ofDays(7);
        allOk(expiry(week, Duration.ofDays(2)));
        Finding soon = only(expiry(week, week.minusHours(2)), Verdict.WARN);
        assertThat(soon.finding()).contains("partition 3 expires in 2 h at this rate", "40 offsets");
        assertThat(soon.fix()).contains("--entity-name flights", "retention.ms=1209600000");
        assertThat(only(expiry(week, week.minusMinutes(20)), Verdict.FAIL).finding())
                .contains("expires in 20 min");
        assertThat(only(expiry(week, week.plusDays(1)), Verdict.FAIL).finding()).contains("at any moment");
        // Where records are kept for an hour, an hour is as good as it gets.
        allOk(expiry(Duration.ofHours(1), Duration.ofMinutes(30)));
        only(expiry(Duration.ofHours(1), Duration.ofMinutes(50)), Verdict.WARN);
        only(expiry(Duration.ofHours(1), Duration.ofMinutes(58)), Verdict.FAIL);
    }

    @Test
    void recordsThatExpireByThePaceOfTheLog() {
        Retention bySize = new Retention(true, null);
        Lagging fast = new Lagging(3, 40, null, 1_000, 500L, Duration.ofHours(1));
        assertThat(only(RetentionChecks.judge("etl", "flights", bySize, List.of(fast), NOW), Verdict.WARN)
                        .finding())
                .contains("expires in 2 h");
        Lagging brief = new Lagging(3, 40, null, 1_000, 500L, Duration.ofSeconds(5));
        allOk(RetentionChecks.judge("etl", "flights", bySize, List.of(brief), NOW));
        Lagging still = new Lagging(3, 40, null, 1_000, 0L, Duration.ofHours(1));
        allOk(RetentionChecks.judge("etl", "flights", bySize, List.of(still), NOW));
        Lagging unseen = new Lagging(3, 40, null, 1_000, null, Duration.ZERO);
        allOk(RetentionChecks.judge("etl", "flights", bySize, List.of(unseen), NOW));
        // The sooner of the two counts.
        Lagging both = new Lagging(3, 40, NOW.minus(Duration.ofDays(1)), 1_000, 5_000L, Duration.ofHours(1));
        assertThat(only(
                                RetentionChecks.judge(
                                        "etl", "flights", new Retention(true, Duration.ofDays(7)), List.of(both), NOW),
                                Verdict.FAIL)
                        .finding())
                .contains("expires in 12 min");
    }

    @Test
    void whatIsCompactedDoesNotExpire() {
        Lagging old = new Lagging(3, 40, NOW.minus(Duration.ofDays(900)), 10, 5L, Duration.ofHours(1));
        allOk(RetentionChecks.judge("etl", "flights", new Retention(false, Duration.ofDays(7)), List.of(old), NOW));
    }

    @Test
    void rightsInKafka() {
        allOk(List.of(BrokerChecks.mayRead(
                "topic t", "--topic t", java.util.Set.of(AclOperation.READ, AclOperation.DESCRIBE))));
        allOk(List.of(BrokerChecks.mayRead("group g", "--group g", null)));
        Finding denied = BrokerChecks.mayRead("topic t", "--topic t", java.util.Set.of(AclOperation.DESCRIBE));
        assertThat(denied.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(denied.fix()).contains("--operation Read --topic t");
    }
}

package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.ConsumerStatus.State;
import dev.tidemark.Health;
import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What makes a consumer alive and ready. */
class HealthPlannerTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private static PartitionStatus partition(PartitionState state, @Nullable String error) {
        return new PartitionStatus(
                new TopicPartition("flights", 3),
                state,
                OptionalLong.empty(),
                OptionalLong.empty(),
                Optional.ofNullable(error).map(words -> new Problem(ErrorCode.DATABASE_UNAVAILABLE, words)),
                Optional.empty(),
                0,
                Optional.empty(),
                "me");
    }

    private static HealthPlanner.Facts facts(
            State state, boolean joined, long poll, long unit, long answer, PartitionState partition) {
        return new HealthPlanner.Facts(
                state,
                joined,
                Duration.ofSeconds(poll),
                MINUTE,
                Duration.ofSeconds(unit),
                MINUTE,
                Duration.ofSeconds(answer),
                List.of(partition(PartitionState.RUNNING, null), partition(partition, null)),
                Optional.empty(),
                List.of(),
                new HealthPlanner.Links(List.of(), false, Duration.ofSeconds(70), List.of(), Duration.ZERO));
    }

    @ParameterizedTest
    @CsvSource({
        // state, joined, seconds since the poll, of the oldest unit, since the database replied, a partition; live,
        // ready
        "NEW,      false,  0,   0,  0, RUNNING,  true,  false",
        "RUNNING,  true,   0,   0,  0, RUNNING,  true,  true",
        "RUNNING,  false,  0,   0,  0, RUNNING,  true,  false",
        "RUNNING,  true,  61,   0,  0, RUNNING,  false, false",
        "RUNNING,  true,  60,   0,  0, RUNNING,  true,  true",
        "RUNNING,  true,   0,  60,  0, RUNNING,  true,  true",
        "RUNNING,  true,   0,  61,  0, RUNNING,  true,  false",
        "RUNNING,  true,   0, 120,  0, RUNNING,  true,  false",
        "RUNNING,  true,   0, 121,  0, RUNNING,  false, false",
        "RUNNING,  true,   0, 121, 10, RUNNING,  true,  false",
        "RUNNING,  true,   0,   0, 99, RUNNING,  true,  true",
        "RUNNING,  true,   0,   0,  0, HALTED,   true,  false",
        "RUNNING,  true,   0,   0,  0, CLAIMING, true,  false",
        "RUNNING,  true,   0,   0,  0, DRAINING, true,  false",
        "RUNNING,  true,   0,   0,  0, LOST,     true,  false",
        "RUNNING,  true,   0,   0,  0, RETRYING, true,  true",
        "RUNNING,  true,   0,   0,  0, PAUSED,   true,  true",
        "STOPPING, true,  61, 121,  0, RUNNING,  true,  false",
        "STOPPED,  true,  61, 121,  0, RUNNING,  true,  false",
        "FAILED,   true,   0,   0,  0, RUNNING,  false, false"
    })
    void eachReasonCounts(
            State state,
            boolean joined,
            long poll,
            long unit,
            long answer,
            PartitionState partition,
            boolean live,
            boolean ready) {
        Health health = HealthPlanner.plan(facts(state, joined, poll, unit, answer, partition));
        assertThat(health.live()).isEqualTo(live);
        assertThat(health.ready()).isEqualTo(ready);
        if (!live || !ready) {
            assertThat(health.problems()).isNotEmpty();
        }
    }

    private static HealthPlanner.Facts withThread(boolean died, ThreadFacts.Step step, long seconds) {
        return new HealthPlanner.Facts(
                State.RUNNING,
                true,
                Duration.ZERO,
                MINUTE,
                Duration.ZERO,
                Duration.ofSeconds(10),
                Duration.ZERO,
                List.of(partition(PartitionState.RUNNING, null)),
                Optional.empty(),
                List.of(
                        new ThreadFacts("worker-1", false, ThreadFacts.Step.RESTING, Duration.ZERO),
                        new ThreadFacts("worker-2", died, step, Duration.ofSeconds(seconds))),
                HealthPlanner.Links.NONE);
    }

    @ParameterizedTest
    @CsvSource({
        // died, step, seconds in it; live, ready
        "false, RESTING,              9999, true,  true",
        "false, TRANSACTION,          9999, true,  true",
        "false, DECODING,               10, true,  true",
        "false, DECODING,               11, true,  false",
        "false, DECODING,               20, true,  false",
        "false, DECODING,               21, false, false",
        "false, BETWEEN_TRANSACTIONS,   11, true,  false",
        "false, BETWEEN_TRANSACTIONS,   21, false, false",
        "false, CONNECTING,             60, true,  true",
        "false, CONNECTING,             61, true,  false",
        "false, CONNECTING,           9999, true,  false",
        "false, CONTROL,                60, true,  true",
        "false, CONTROL,              9999, true,  false",
        "true,  RESTING,                 0, false, false"
    })
    void eachThreadCounts(boolean died, ThreadFacts.Step step, long seconds, boolean live, boolean ready) {
        HealthPlanner.Facts facts = withThread(died, step, seconds);
        Health health = HealthPlanner.plan(facts);
        assertThat(health.live()).isEqualTo(live);
        assertThat(health.ready()).isEqualTo(ready);
        if (ready) {
            assertThat(health.problems()).isEmpty();
        } else {
            assertThat(health.problems()).singleElement().asString().contains("worker-2");
        }
    }

    @Test
    void whatPassesIsAProblemOnly() {
        HealthPlanner.Facts retrying = new HealthPlanner.Facts(
                State.RUNNING,
                true,
                Duration.ZERO,
                MINUTE,
                Duration.ZERO,
                MINUTE,
                Duration.ofHours(1),
                List.of(partition(PartitionState.RETRYING, "away")),
                Optional.empty(),
                List.of(),
                HealthPlanner.Links.NONE);
        assertThat(HealthPlanner.plan(retrying))
                .isEqualTo(new Health(true, true, List.of("partition flights-3 is RETRYING: TM-212: away")));
    }

    @Test
    void aMissingTopicIsWaitedFor() {
        HealthPlanner.Facts missing = new HealthPlanner.Facts(
                State.RUNNING,
                true,
                Duration.ZERO,
                MINUTE,
                Duration.ZERO,
                MINUTE,
                Duration.ZERO,
                List.of(),
                Optional.of("TM-307: no such topic"),
                List.of(),
                HealthPlanner.Links.NONE);
        assertThat(HealthPlanner.plan(missing)).isEqualTo(new Health(true, false, List.of("TM-307: no such topic")));
    }

    @ParameterizedTest
    @EnumSource(State.class)
    void outsideOfTheRunOnlyAFailureIsNotAlive(State state) {
        Health health = HealthPlanner.plan(facts(state, true, 61, 61, 0, PartitionState.HALTED));
        assertThat(health.live()).isEqualTo(state != State.RUNNING && state != State.FAILED);
        assertThat(health.ready()).isFalse();
    }

    private static HealthPlanner.Facts linked(long unit, long answer, HealthPlanner.Links links) {
        return new HealthPlanner.Facts(
                State.RUNNING,
                true,
                Duration.ZERO,
                MINUTE,
                Duration.ofSeconds(unit),
                MINUTE,
                Duration.ofSeconds(answer),
                List.of(),
                Optional.empty(),
                List.of(),
                links);
    }

    @Test
    void aSilentConnectionIsNamedAndNotReady() {
        HealthPlanner.Silent worker = new HealthPlanner.Silent("worker 2", Duration.ofSeconds(31));
        HealthPlanner.Facts one = linked(
                0,
                0,
                new HealthPlanner.Links(List.of(worker), false, Duration.ofSeconds(10), List.of(), Duration.ZERO));
        assertThat(HealthPlanner.plan(one))
                .isEqualTo(new Health(
                        true, false, List.of("the database has been silent on the connection of worker 2 for 31 s")));
        HealthPlanner.Facts all = linked(
                0,
                99,
                new HealthPlanner.Links(List.of(worker), true, Duration.ofSeconds(10), List.of(), Duration.ZERO));
        assertThat(HealthPlanner.plan(all).live()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"121, 0, false", "121, 99, true", "80, 99, true", "140, 99, true", "141, 99, false", "300, 99, false"})
    void aUnitThatOutlastsItsConnectionIsNotAlive(long unit, long answer, boolean live) {
        HealthPlanner.Links links =
                new HealthPlanner.Links(List.of(), false, Duration.ofSeconds(70), List.of(), Duration.ZERO);
        assertThat(HealthPlanner.plan(linked(unit, answer, links)).live()).isEqualTo(live);
    }

    @Test
    void aTaskThatFailsIsToldAndChangesNothingElse() {
        HealthPlanner.Links links =
                new HealthPlanner.Links(List.of(), false, MINUTE, List.of("probing claims failed"), Duration.ZERO);
        assertThat(HealthPlanner.plan(linked(0, 0, links)))
                .isEqualTo(new Health(true, true, List.of("probing claims failed")));
    }

    /** While the database itself is unavailable, nothing is known about the pool. */
    @ParameterizedTest
    @CsvSource({"9, 0, 0, true", "30, 0, 1, true", "61, 0, 1, false", "61, 99, 0, true"})
    void aWorkerThatGetsNoConnectionThoughTheDatabaseReplies(long waited, long answer, int problems, boolean ready) {
        HealthPlanner.Links links =
                new HealthPlanner.Links(List.of(), false, MINUTE, List.of(), Duration.ofSeconds(waited));
        Health health = HealthPlanner.plan(linked(0, answer, links));
        assertThat(health.live()).isTrue();
        assertThat(health.ready()).isEqualTo(ready);
        assertThat(health.problems())
                .hasSize(problems)
                .allMatch(problem -> problem.startsWith("a worker has waited for a connection for " + waited + " s"));
    }
}

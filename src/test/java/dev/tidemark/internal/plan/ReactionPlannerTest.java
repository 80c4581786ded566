package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.ErrorCode;
import dev.tidemark.OffsetStoreException;
import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.ReactionPlanner.UnitFacts;
import java.time.Duration;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class ReactionPlannerTest {
    private static final TopicPartition P0 = new TopicPartition("flights", 0);
    private static final TopicPartition P1 = new TopicPartition("flights", 1);
    private final Exception cause = new IllegalStateException("value of a record");

    private static UnitFacts unit(int records, int attempt) {
        return new UnitFacts("etl", Set.of(P0, P1), records, new RecordId(P0, 42), attempt, 0.999);
    }

    private static Reaction plan(UnitOutcome outcome, int records, int attempt) {
        return ReactionPlanner.plan(outcome, unit(records, attempt));
    }

    @Test
    void aCommitGoesOn() {
        assertThat(plan(new UnitOutcome.Committed(), 5, 1)).isEqualTo(new Reaction.GoOn());
    }

    @Test
    void aFenceReclaimsWhatWasLostAndNothingElse() {
        assertThat(plan(new UnitOutcome.Fenced(Set.of(P1)), 5, 1)).isInstanceOfSatisfying(Reaction.Reclaim.class, r -> {
            assertThat(r.partitions()).containsExactly(P1);
            assertThat(r.why().code()).isEqualTo(ErrorCode.FENCED);
        });
    }

    @Test
    void anUnknownCommitReclaimsEverythingAndNeverRetries() {
        assertThat(plan(new UnitOutcome.CommitUnknown(cause), 5, 1))
                .isInstanceOfSatisfying(
                        Reaction.Reclaim.class, r -> assertThat(r.partitions()).containsExactlyInAnyOrder(P0, P1));
    }

    @Test
    void passingTroubleIsRetriedForEverWithAWaitThatGrowsToALimit() {
        Duration before = Duration.ZERO;
        for (int attempt = 1; attempt <= 100; attempt++) {
            Reaction reaction = plan(new UnitOutcome.Troubled(FailureKind.PASSING, cause), 5, attempt);
            assertThat(reaction).isInstanceOf(Reaction.RetryAfter.class);
            Reaction.RetryAfter retry = (Reaction.RetryAfter) reaction;
            assertThat(retry.smaller()).isFalse();
            assertThat(retry.delay()).isBetween(before, Duration.ofSeconds(5));
            before = retry.delay();
        }
        assertThat(before).isGreaterThan(Duration.ofSeconds(4));
    }

    @Test
    void contentionIsRetriedSoonAndSmaller() {
        assertThat(plan(new UnitOutcome.Troubled(FailureKind.CONTENTION, cause), 5, 1))
                .isInstanceOfSatisfying(Reaction.RetryAfter.class, r -> {
                    assertThat(r.smaller()).isTrue();
                    assertThat(r.delay()).isLessThan(Duration.ofMillis(10));
                });
    }

    @Test
    void aFailingHandlerIsNarrowedDownToARecordWhichHalts() {
        UnitOutcome failed = new UnitOutcome.HandlerFailed(ErrorCode.HANDLER_FAILED, cause);
        assertThat(plan(failed, 2, 1)).isEqualTo(new Reaction.Isolate());
        assertThat(plan(failed, 1, 1)).isInstanceOfSatisfying(Reaction.Halt.class, halt -> {
            assertThat(halt.why().code()).isEqualTo(ErrorCode.HANDLER_FAILED);
            assertThat(halt.why())
                    .hasMessageContaining("group etl")
                    .hasMessageContaining("topic flights partition 0 offset 42")
                    .hasMessageNotContaining("value of a record");
        });
        assertThat(plan(new UnitOutcome.HandlerFailed(ErrorCode.DEADLINE_PASSED, cause), 1, 1))
                .isInstanceOfSatisfying(
                        Reaction.Halt.class,
                        halt -> assertThat(halt.why().code()).isEqualTo(ErrorCode.DEADLINE_PASSED));
    }

    @Test
    void aBrokenTransactionHaltsAtOnce() {
        assertThat(plan(new UnitOutcome.TransactionBroken("the handler called commit()", null), 500, 1))
                .isInstanceOfSatisfying(
                        Reaction.Halt.class,
                        halt -> assertThat(halt.why().code()).isEqualTo(ErrorCode.TRANSACTION_BROKEN));
    }

    @Test
    void aStoreThatCannotWorkStopsTheConsumer() {
        OffsetStoreException error = new OffsetStoreException(ErrorCode.SCHEMA_MISSING, "gone", null);
        assertThat(plan(new UnitOutcome.StoreFailed(error), 5, 1)).isEqualTo(new Reaction.Stop(error));
    }
}

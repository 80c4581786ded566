package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.FailureAction;
import dev.tidemark.FailurePolicy;
import dev.tidemark.RecordFailure;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.internal.plan.ReactionPlanner.RecordFacts;
import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.ReactionPlanner.UnitFacts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReactionPlannerTest {
    private static final TopicPartition P0 = new TopicPartition("flights", 0);
    private static final TopicPartition P1 = new TopicPartition("flights", 1);
    private final Exception cause = new IllegalStateException("value of a record");

    /** Another record of the partition has succeeded between two failures. */
    private static final Evidence PROVEN = new Evidence(
            Evidence.Proof.OWN, OptionalInt.empty(), 0, 2, Evidence.Place.CLEAN, 3, Evidence.Habit.UNKNOWN, null);

    private static UnitFacts unit(int records, int attempt) {
        return new UnitFacts("etl", Set.of(P0, P1), records, new RecordId(P0, 42), attempt, 0.999);
    }

    private static Reaction plan(UnitOutcome outcome, int records, int attempt) {
        return ReactionPlanner.plan(outcome, unit(records, attempt), record(FailurePolicy.halt(), 1, 0));
    }

    private static RecordFacts record(FailurePolicy policy, int attempt, int givenUpInARow) {
        return record(policy, attempt, givenUpInARow, PROVEN);
    }

    private static RecordFacts record(FailurePolicy policy, int attempt, int givenUpInARow, Evidence evidence) {
        return record(policy, attempt, givenUpInARow, false, evidence);
    }

    private static RecordFacts record(
            FailurePolicy policy, int attempt, int givenUpInARow, boolean lockTimed, Evidence evidence) {
        return new RecordFacts(
                policy,
                new ConsumerRecord<>("flights", 0, 42, null, null),
                attempt,
                givenUpInARow,
                lockTimed,
                evidence);
    }

    private static Reaction single(UnitOutcome outcome, FailurePolicy policy, int attempt, int givenUpInARow) {
        return ReactionPlanner.plan(outcome, unit(1, 1), record(policy, attempt, givenUpInARow));
    }

    private UnitOutcome failed(@Nullable String sqlState) {
        return new UnitOutcome.HandlerFailed(
                ErrorCode.HANDLER_FAILED,
                cause,
                sqlState == null ? Facts.of("java.lang.IllegalStateException") : Facts.ofServer(sqlState));
    }

    @Test
    void aCommitGoesOn() {
        assertThat(plan(new UnitOutcome.Committed(Map.of()), 5, 1)).isEqualTo(new Reaction.Proceed(Map.of()));
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
            Reaction reaction = plan(new UnitOutcome.Transient(ErrorCode.DATABASE_UNAVAILABLE, cause), 5, attempt);
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
        assertThat(plan(new UnitOutcome.Transient(ErrorCode.CONTENTION, cause), 5, 1))
                .isInstanceOfSatisfying(Reaction.RetryAfter.class, r -> {
                    assertThat(r.smaller()).isTrue();
                    assertThat(r.delay()).isLessThan(Duration.ofMillis(10));
                });
    }

    @Test
    void aFailingHandlerIsNarrowedDownToARecordWhichHalts() {
        UnitOutcome failed = failed(null);
        assertThat(plan(failed, 2, 1)).isEqualTo(new Reaction.Isolate());
        assertThat(plan(failed, 1, 1)).isInstanceOfSatisfying(Reaction.Halt.class, halt -> {
            assertThat(halt.why().code()).isEqualTo(ErrorCode.HANDLER_FAILED);
            assertThat(halt.why())
                    .hasMessageContaining("group etl")
                    .hasMessageContaining("topic flights partition 0 offset 42")
                    .hasMessageNotContaining("value of a record");
        });
        UnitOutcome late = new UnitOutcome.HandlerFailed(ErrorCode.DEADLINE_PASSED, cause, SqlFacts.none());
        assertThat(plan(late, 1, 1)).isEqualTo(new Reaction.TryLockTimed());
        assertThat(ReactionPlanner.plan(late, unit(1, 1), record(FailurePolicy.halt(), 1, 0, true, PROVEN)))
                .isInstanceOfSatisfying(
                        Reaction.Halt.class,
                        halt -> assertThat(halt.why().code()).isEqualTo(ErrorCode.DEADLINE_PASSED));
    }

    @Test
    void thePolicyIsAskedOnceARecordHasFailedByItself() {
        FailurePolicy policy = FailurePolicy.retry(2, Duration.ofSeconds(1)).then(failure -> FailureAction.parkKey());
        assertThat(plan(failed(null), 2, 1)).isEqualTo(new Reaction.Isolate());
        assertThat(single(failed(null), policy, 1, 0))
                .isInstanceOfSatisfying(
                        Reaction.RetryRecord.class, r -> assertThat(r.delay()).isEqualTo(Duration.ofSeconds(1)));
        assertThat(single(failed(null), policy, 2, 0))
                .isInstanceOfSatisfying(
                        Reaction.RetryRecord.class, r -> assertThat(r.delay()).isEqualTo(Duration.ofSeconds(2)));
        assertThat(single(failed(null), policy, 3, 0)).isInstanceOfSatisfying(Reaction.GiveUp.class, r -> {
            assertThat(r.how()).isEqualTo(FailureAction.parkKey());
            assertThat(r.why()).hasMessageContaining("offset 42").hasMessageNotContaining("value of a record");
        });
        assertThat(single(new UnitOutcome.Undecodable("key", cause, SqlFacts.none()), FailurePolicy.skip(), 1, 0))
                .isInstanceOfSatisfying(Reaction.GiveUp.class, r -> {
                    assertThat(r.how()).isEqualTo(FailureAction.skip());
                    assertThat(r.why().code()).isEqualTo(ErrorCode.RECORD_UNDECODABLE);
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"42703", "42P01", "42501", "0A000", "XX000", "P0001"})
    void whatFailsAlikeForAllHaltsInsteadOfParking(String sqlState) {
        Evidence allAlike = new Evidence(
                Evidence.Proof.NONE, OptionalInt.of(1), 0, 2, Evidence.Place.CLEAN, 3, Evidence.Habit.UNKNOWN, null);
        assertThat(ReactionPlanner.plan(failed(sqlState), unit(1, 1), record(FailurePolicy.park(), 1, 0, allAlike)))
                .isInstanceOfSatisfying(Reaction.Halt.class, halt -> {
                    assertThat(halt.why().code()).isEqualTo(ErrorCode.NOT_THE_RECORD);
                    assertThat(halt.why()).hasMessageContaining(sqlState);
                });
        assertThat(single(failed(sqlState), FailurePolicy.park(), 1, 0)).isInstanceOf(Reaction.GiveUp.class);
        assertThat(ReactionPlanner.plan(
                        failed(sqlState), unit(1, 1), record(FailurePolicy.skip(), 1, 0, Evidence.none())))
                .isEqualTo(new Reaction.TryNeighbours(FailureAction.skip()));
    }

    @Test
    void aPolicyIsNotAskedAgainWhileItsAnswerWaitsForEvidence() {
        FailurePolicy never = failure -> {
            throw new AssertionError("asked again");
        };
        Evidence decided = new Evidence(
                Evidence.Proof.OWN,
                OptionalInt.empty(),
                0,
                2,
                Evidence.Place.CLEAN,
                3,
                Evidence.Habit.UNKNOWN,
                FailureAction.park());
        assertThat(ReactionPlanner.plan(failed(null), unit(1, 1), record(never, 1, 0, decided)))
                .isInstanceOfSatisfying(
                        Reaction.GiveUp.class, r -> assertThat(r.how()).isEqualTo(FailureAction.park()));
    }

    @Test
    void aCancelledStatementIsTriedWithWaitsForLocksToldApartBeforeAnybodyIsAsked() {
        for (FailurePolicy policy : List.of(FailurePolicy.halt(), FailurePolicy.skip())) {
            assertThat(single(failed("57014"), policy, 1, 0)).isEqualTo(new Reaction.TryLockTimed());
            assertThat(single(failed("25P04"), policy, 1, 0)).isEqualTo(new Reaction.TryLockTimed());
            assertThat(single(failed("25P03"), policy, 1, 0)).isEqualTo(new Reaction.TryLockTimed());
        }
        assertThat(plan(failed("57014"), 2, 1)).isEqualTo(new Reaction.Isolate());
    }

    @Test
    void whatCannotBeDecodedForNowIsWaitedFor() {
        assertThat(single(new UnitOutcome.Undecodable("value", cause, Facts.passing()), FailurePolicy.skip(), 1, 0))
                .isInstanceOf(Reaction.RetryAfter.class);
        assertThat(single(new UnitOutcome.Undecodable("value", cause, Facts.linkage()), FailurePolicy.skip(), 1, 0))
                .isInstanceOfSatisfying(
                        Reaction.Halt.class,
                        halt -> assertThat(halt.why().code()).isEqualTo(ErrorCode.NOT_THE_RECORD));
    }

    @Test
    void onlyThePartitionsWhoseRowsAreHeldWait() {
        assertThat(plan(new UnitOutcome.Transient(ErrorCode.DATABASE_UNAVAILABLE, cause, Set.of(P1)), 5, 1))
                .isInstanceOfSatisfying(Reaction.RetryAfter.class, retry -> {
                    assertThat(retry.concerns(P1)).isTrue();
                    assertThat(retry.concerns(P0)).isFalse();
                    assertThat(retry.why().code()).isEqualTo(ErrorCode.ROW_LOCKED);
                });
    }

    @Test
    void tooManyInARowHalt() {
        assertThat(single(failed(null), FailurePolicy.park(), 1, 99)).isInstanceOf(Reaction.GiveUp.class);
        assertThat(single(failed(null), FailurePolicy.park(), 1, 100))
                .isInstanceOfSatisfying(
                        Reaction.Halt.class,
                        halt -> assertThat(halt.why().code()).isEqualTo(ErrorCode.NOT_THE_RECORD));
        FailurePolicy patient = FailurePolicy.park().withMaxConsecutiveFailures(101);
        assertThat(single(failed(null), patient, 1, 100)).isInstanceOf(Reaction.GiveUp.class);
    }

    @Test
    void aPolicyThatFailsHalts() {
        FailurePolicy broken = failure -> {
            throw new IllegalStateException("broken");
        };
        FailurePolicy silent = failure -> answerOf(failure);
        assertThat(single(failed(null), silent, 1, 0))
                .isInstanceOfSatisfying(
                        Reaction.Halt.class, halt -> assertThat(halt.why()).hasMessageContaining("returned null"));
        assertThat(single(failed(null), broken, 1, 0))
                .isInstanceOfSatisfying(
                        Reaction.Halt.class, halt -> assertThat(halt.why()).hasMessageContaining("policy"));
    }

    /** It is the process that fails, and the record may be what kills it. */
    @Test
    void anErrorOfTheVirtualMachineInAPolicyIsNoAnswer() {
        OutOfMemoryError fatal = new OutOfMemoryError("test");
        FailurePolicy dying = failure -> {
            throw fatal;
        };
        assertThatThrownBy(() -> single(failed(null), dying, 1, 0)).isSameAs(fatal);
    }

    /** What a map without the entry would return. */
    @SuppressWarnings("NullAway")
    private static FailureAction answerOf(RecordFailure failure) {
        return Map.<Long, FailureAction>of().get(failure.record().offset());
    }

    @Test
    void retriesKeepTheLimitOfWhatComesAfterThem() {
        FailurePolicy patient = FailurePolicy.park().withMaxConsecutiveFailures(7);
        assertThat(FailurePolicy.retry(1, Duration.ZERO).then(patient).maxConsecutiveFailures())
                .isEqualTo(7);
    }

    @Test
    void aRefusalConcernsItsTopicsOnly() {
        OffsetStoreException error = new OffsetStoreException(ErrorCode.OTHER_TOPIC, "other", null);
        assertThat(plan(new UnitOutcome.Refused(error, Set.of("a")), 5, 1))
                .isInstanceOfSatisfying(Reaction.Halt.class, halt -> {
                    assertThat(halt.concerns("a")).isTrue();
                    assertThat(halt.concerns("b")).isFalse();
                });
    }

    @Test
    void aUnitWithoutRecordsIsRetried() {
        assertThat(ReactionPlanner.plan(failed(null), unit(0, 1), null)).isInstanceOf(Reaction.RetryAfter.class);
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

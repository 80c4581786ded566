package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.internal.plan.ClaimedPartition.Before;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** When a record is suspected to kill the processes that handle it, and when its leader epoch is of another log. */
class ClaimedPartitionTest {
    private static boolean isSuspect(OptionalLong openAttempt, long ownerEpoch, long progressEpoch) {
        Claim claim = new Claim(new TopicPartition("t", 0), UUID.randomUUID(), ownerEpoch + 1, Position.of(100));
        return new ClaimedPartition(
                        claim, new Before(null, null, ownerEpoch, progressEpoch), openAttempt, Set.of(), GivenUp.NONE)
                .isSuspect();
    }

    @Test
    void threeClaimsWithoutProgressAreASuspicion() {
        assertThat(isSuspect(OptionalLong.empty(), 5, 5)).isFalse();
        assertThat(isSuspect(OptionalLong.empty(), 7, 5)).isFalse();
        assertThat(isSuspect(OptionalLong.empty(), 8, 5)).isTrue();
    }

    @Test
    void anAttemptThatIsOpenIsOneUnlessItsRecordIsBehindTheClaim() {
        assertThat(isSuspect(OptionalLong.of(100), 5, 5)).isTrue();
        assertThat(isSuspect(OptionalLong.of(107), 5, 5)).isTrue();
        assertThat(isSuspect(OptionalLong.of(99), 5, 5)).isFalse();
        assertThat(isSuspect(OptionalLong.of(99), 8, 5)).isTrue();
    }

    private static ClaimedPartition at(OptionalInt epoch) {
        Claim claim = new Claim(new TopicPartition("t", 0), UUID.randomUUID(), 3, new Position(100, epoch));
        return new ClaimedPartition(claim, new Before(null, null, 2, 2), OptionalLong.of(100), Set.of(), GivenUp.NONE);
    }

    @Test
    void anEpochThatTheLogHasNotReachedIsOfAnotherLog() {
        assertThat(at(OptionalInt.of(7)).isAheadOf(6)).isTrue();
        assertThat(at(OptionalInt.of(7)).isAheadOf(7)).isFalse();
        assertThat(at(OptionalInt.of(7)).isAheadOf(8)).isFalse();
        assertThat(at(OptionalInt.empty()).isAheadOf(0)).isFalse();
    }

    @Test
    void withoutItsEpochAClaimIsTheSame() {
        ClaimedPartition found = at(OptionalInt.of(7));
        ClaimedPartition without = found.withoutEpoch();
        assertThat(without.claim()).isEqualTo(found.claim().at(Position.of(100)));
        assertThat(without.before()).isEqualTo(found.before());
        assertThat(without.openAttempt()).isEqualTo(found.openAttempt());
    }
}

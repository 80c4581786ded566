package dev.tidemark.internal.unit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.plan.Verdict;
import dev.tidemark.internal.store.failure.SqlFailures;
import java.sql.SQLException;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class GivenUpRecordsTest {
    private static final SqlFacts FAILURE = SqlFailures.facts(new IllegalStateException());

    private final GivenUpRecords records = new GivenUpRecords();

    private static RecordId record(int partition) {
        return new RecordId(new TopicPartition("flights", partition), 0);
    }

    private boolean reserve(int partition) {
        return records.reserve(record(partition), FAILURE, true);
    }

    private int count() {
        return records.count("flights", FAILURE.kind());
    }

    @Test
    void onlySoManyAreReservedUnlessTheyHaveEvidenceOfTheirOwn() {
        assertThat(reserve(0)).isTrue();
        assertThat(reserve(1)).isTrue();
        assertThat(reserve(2)).isTrue();
        assertThat(reserve(3)).isFalse();
        assertThat(records.reserve(record(4), FAILURE, false)).isTrue();
        assertThat(count()).isEqualTo(4);
    }

    @Test
    void thoseWithoutEvidenceCountWhateverTheWayTheyFailed() {
        SqlFacts inDatabase = SqlFailures.facts(new SQLException("", "P0001"));
        assertThat(reserve(0)).isTrue();
        assertThat(records.reserve(record(1), inDatabase, true)).isTrue();
        assertThat(records.reserve(record(2), SqlFailures.facts(new NullPointerException()), false))
                .isTrue();
        assertThat(reserve(3)).isTrue();
        assertThat(records.reserve(record(4), SqlFailures.facts(new ArithmeticException()), true))
                .isFalse();
        assertThat(records.count("flights", "another")).isEqualTo(3);
        records.release(record(1), inDatabase);
        assertThat(records.count("flights", "another")).isEqualTo(2);
    }

    @Test
    void afterASuccessOtherWaysOfFailingDoNotCount() {
        SqlFacts inDatabase = SqlFailures.facts(new SQLException("", "P0001"));
        assertThat(records.reserve(record(0), inDatabase, true)).isTrue();
        assertThat(reserve(1)).isTrue();
        records.succeeded("flights", asked -> !asked);
        assertThat(records.count("flights", inDatabase.kind())).isEqualTo(1);
        assertThat(count()).isZero();
    }

    /** Its COMMIT may or may not have taken effect, so it is tried again. */
    @Test
    void aRecordIsCountedOnce() {
        for (int i = 0; i < 5; i++) {
            assertThat(reserve(0)).isTrue();
        }
        assertThat(count()).isEqualTo(1);
    }

    @Test
    void whatWasNotGivenUpMakesRoomForAnother() {
        assertThat(reserve(0) && reserve(1) && reserve(2)).isTrue();
        records.release(record(1), FAILURE);
        assertThat(reserve(3)).isTrue();
        assertThat(reserve(1)).isFalse();
    }

    @Test
    void afterASuccessARecordOfBeforeReleasesNoneOfThoseSince() {
        assertThat(reserve(0)).isTrue();
        records.succeeded("flights", inDatabase -> true);
        assertThat(records.hasAny("flights")).isFalse();
        assertThat(reserve(1)).isTrue();
        records.release(record(0), FAILURE);
        assertThat(count()).isEqualTo(1);
    }

    @Test
    void aSuccessCountsForSomeFailuresOnly() {
        assertThat(reserve(0)).isTrue();
        records.succeeded("flights", inDatabase -> inDatabase);
        assertThat(count()).isEqualTo(1);
    }

    private void claim(int partition, int unproven) {
        records.claimed(new TopicPartition("flights", partition), unproven);
    }

    @Test
    void whatIsStoredCountsWithWhatIsGivenUpHere() {
        claim(0, 2);
        assertThat(reserve(1)).isTrue();
        assertThat(reserve(2)).isFalse();
        assertThat(reserve(1)).isTrue();
        assertThat(count()).isEqualTo(3);
        assertThat(records.unproven(new TopicPartition("flights", 0))).isEqualTo(2);
        assertThat(records.unproven(new TopicPartition("flights", 1))).isEqualTo(1);
        records.succeeded("flights", inDatabase -> true);
        assertThat(records.hasAny("flights")).isFalse();
        assertThat(count()).isZero();
    }

    @Test
    void whatIsStoredIsWhatCountsAfterAClaim() {
        assertThat(reserve(0) && reserve(1) && reserve(2)).isTrue();
        claim(0, 1);
        assertThat(count()).isEqualTo(3);
        claim(0, 0);
        claim(1, 0);
        assertThat(count()).isEqualTo(1);
        assertThat(reserve(3) && reserve(4)).isTrue();
        assertThat(reserve(5)).isFalse();
        claim(2, 0);
        claim(3, 0);
        claim(4, 0);
        assertThat(records.hasAny("flights")).isFalse();
    }

    /** Whoever moves an offset, or starts a partition again, has it tried again. */
    @Test
    void whatFailedTogetherIsForgottenOnceItsPartitionIsClaimedAgain() {
        records.failTogether(new TopicPartition("flights", 0), FAILURE);
        claim(1, 0);
        assertThat(count()).isEqualTo(Verdict.FAILED_TOGETHER);
        claim(0, 3);
        assertThat(count()).isEqualTo(Verdict.FAILED_TOGETHER);
        claim(0, 0);
        assertThat(count()).isZero();
    }

    @Test
    void whatFailedTogetherIsNotForgottenWhenOneIsNotGivenUp() {
        assertThat(reserve(0)).isTrue();
        records.failTogether(new TopicPartition("flights", 0), FAILURE);
        assertThat(reserve(0)).isFalse();
        records.release(record(0), FAILURE);
        assertThat(count()).isEqualTo(Verdict.FAILED_TOGETHER);
        assertThat(reserve(0)).isFalse();
    }
}

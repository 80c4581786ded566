package dev.tidemark.internal.unit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.ClaimedPartition.Before;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.sql.SQLException;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class HandlerHistoryTest {
    private static final RecordId RECORD = new RecordId(new TopicPartition("t", 0), 1);

    private final HandlerHistory history = new HandlerHistory();
    private final SqlFacts failure = SqlFailures.facts(new IllegalStateException());
    private final SqlFacts inDatabase = SqlFailures.facts(new SQLException("no", "P0001"));

    private int givenUp(SqlFacts facts) {
        return history.givenUpInARow("t", facts.kind());
    }

    private void giveUpOneOfEach() {
        history.gaveUp(RECORD, failure);
        history.gaveUp(RECORD, inDatabase);
    }

    @Test
    void beforeAnythingIsKnownOnlyRowsAreProof() {
        assertThat(history.counts("t", true, false)).isTrue();
        assertThat(history.counts("t", false, false)).isFalse();
        giveUpOneOfEach();
        history.succeeded("t", false, true);
        assertThat(givenUp(failure)).isEqualTo(1);
        assertThat(givenUp(inDatabase)).isEqualTo(1);
        history.succeeded("t", true, true);
        assertThat(history.hasGivenUp("t")).isFalse();
    }

    @Test
    void whereManyWroteNothingAnySuccessIsProofOutsideTheDatabase() {
        history.wroteNothing("t", 99);
        assertThat(history.counts("t", false, false)).isFalse();
        history.wroteNothing("t", 1);
        assertThat(history.counts("t", false, false)).isTrue();
        assertThat(history.counts("t", false, true)).isFalse();
        assertThat(history.counts("other", false, false)).isFalse();
        giveUpOneOfEach();
        history.succeeded("t", false, false);
        assertThat(givenUp(failure)).isZero();
        assertThat(givenUp(inDatabase)).isEqualTo(1);
        history.succeeded("t", false, true);
        assertThat(givenUp(inDatabase)).isZero();
    }

    @Test
    void oneRowIsEnoughToKnowThatATopicWrites() {
        history.wroteNothing("t", 1_000_000);
        history.wroteNothing("t", Integer.MAX_VALUE);
        history.wrote("t");
        history.wroteNothing("t", 1_000);
        assertThat(history.counts("t", false, false)).isFalse();
        giveUpOneOfEach();
        history.succeeded("t", false, false);
        assertThat(givenUp(failure)).isEqualTo(1);
    }

    private void claim(long last, long next) {
        history.claimed(new ClaimedPartition(
                new Claim(RECORD.partition(), UUID.randomUUID(), 1, Position.of(next)),
                new Before(null, null, 0, 0),
                OptionalLong.empty(),
                Set.of(),
                new GivenUp(3, 3, last)));
    }

    /** Where a handler writes no rows, no success counts until it is known that it writes none: a restart must not begin that again. */
    @Test
    void whatIsStoredFarBeforeCountsOnlyWhereRowsAreWritten() {
        claim(7, 107);
        assertThat(givenUp(failure)).isEqualTo(3);
        claim(7, 108);
        assertThat(givenUp(failure)).isZero();
        history.wrote("t");
        claim(7, 108);
        assertThat(givenUp(failure)).isEqualTo(3);
        assertThat(history.isWritingOfInterest("t")).isTrue();
        history.succeeded("t", true, true);
        assertThat(history.isWritingOfInterest("t")).isFalse();
    }

    @Test
    void itIsLookedAtUntilItIsKnownToWriteAndAfterFailures() {
        history.wroteNothing("t", 1_000);
        assertThat(history.isWritingOfInterest("t")).isTrue();
        history.wrote("t");
        assertThat(history.isWritingOfInterest("t")).isFalse();
        history.gaveUp(RECORD, failure);
        assertThat(history.isWritingOfInterest("t")).isTrue();
    }
}

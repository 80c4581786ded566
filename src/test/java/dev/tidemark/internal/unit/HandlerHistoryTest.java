package dev.tidemark.internal.unit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.internal.plan.ReactionPlanner.RecordId;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.store.failure.SqlFailures;
import java.sql.SQLException;
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

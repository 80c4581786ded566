package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.ClaimedPartition.Before;
import dev.tidemark.internal.plan.ClaimedPartition.GivenUp;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Why a claim was lost, told from what the next claim found. */
class LossTest {
    private static final TopicPartition P0 = new TopicPartition("flights", 0);
    private static final UUID MINE = UUID.randomUUID();
    private static final UUID OTHERS = UUID.randomUUID();
    private final Claim lost = new Claim(P0, MINE, 7, Position.of(100));

    private Optional<ErrorCode> code(@Nullable UUID token, long ownerEpoch, long progressEpoch, long nextOffset) {
        Claim now = new Claim(P0, UUID.randomUUID(), ownerEpoch + 1, Position.of(nextOffset));
        String owner = token == null ? null : "host/1/1";
        return FenceDiagnosis.of(
                        "etl",
                        lost,
                        new ClaimedPartition(
                                now,
                                new Before(token, owner, ownerEpoch, progressEpoch),
                                OptionalLong.empty(),
                                Set.of(),
                                GivenUp.NONE))
                .map(TidemarkException::code);
    }

    @Test
    void eachReasonHasItsCode() {
        assertThat(code(OTHERS, 8, 7, 120)).as("another owner").contains(ErrorCode.FENCED);
        assertThat(code(null, 8, 8, 120)).as("another owner, gone again").contains(ErrorCode.FENCED);
        assertThat(code(null, 8, 7, 42)).as("moved back by hand").contains(ErrorCode.OFFSET_MOVED);
        assertThat(code(null, 8, 7, 420)).as("moved on by hand").contains(ErrorCode.OFFSET_MOVED);
        assertThat(code(OTHERS, 5, 5, 60)).as("an older owner is back").contains(ErrorCode.OFFSET_RESTORED);
        assertThat(code(MINE, 7, 7, 80)).as("the same claim, further back").contains(ErrorCode.OFFSET_RESTORED);
        assertThat(code(MINE, 7, 7, 100))
                .as("a commit that did not come through")
                .isEmpty();
        assertThat(code(MINE, 7, 7, 105)).as("a commit that did").isEmpty();
    }
}

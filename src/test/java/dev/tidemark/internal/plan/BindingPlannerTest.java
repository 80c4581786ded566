package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.internal.plan.BindingPlanner.Binding;
import dev.tidemark.internal.plan.BindingPlanner.Identity;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BindingPlannerTest {
    private static final Identity ACTUAL = new Identity("cluster", Optional.of("topic-id"), 6);

    @Test
    void whatIsToBeDoneBeforeAClaim() {
        assertThat(BindingPlanner.plan(null, ACTUAL)).isEqualTo(Binding.FIRST);
        assertThat(BindingPlanner.plan(with(0), ACTUAL)).isEqualTo(Binding.FIRST);
        assertThat(BindingPlanner.plan(with(5), ACTUAL)).isEqualTo(Binding.GROWN);
        assertThat(BindingPlanner.plan(with(6), ACTUAL)).isEqualTo(Binding.COMPLETE);
        assertThat(BindingPlanner.plan(with(7), ACTUAL)).isEqualTo(Binding.COMPLETE);
    }

    private static Identity with(int partitions) {
        return new Identity("cluster", Optional.of("topic-id"), partitions);
    }

    private static Optional<ErrorCode> mismatch(Identity stored) {
        return BindingPlanner.mismatch("tidemark", "etl", "flights", stored, ACTUAL)
                .map(e -> {
                    assertThat(e).hasMessageContaining("etl").hasMessageContaining("flights");
                    return e.code();
                });
    }

    @Test
    void anotherClusterOrTopicIsRefused() {
        assertThat(mismatch(ACTUAL)).isEmpty();
        assertThat(mismatch(new Identity("other", Optional.of("topic-id"), 6))).contains(ErrorCode.OTHER_CLUSTER);
        assertThat(mismatch(new Identity("cluster", Optional.of("older"), 6))).contains(ErrorCode.OTHER_TOPIC);
    }

    @Test
    void withoutTopicIdsTheClusterAloneCounts() {
        assertThat(mismatch(new Identity("cluster", Optional.empty(), 6))).isEmpty();
        assertThat(mismatch(new Identity("other", Optional.empty(), 6))).contains(ErrorCode.OTHER_CLUSTER);
    }
}

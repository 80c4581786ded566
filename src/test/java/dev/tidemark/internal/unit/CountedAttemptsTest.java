package dev.tidemark.internal.unit;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

class CountedAttemptsTest {
    private static final TopicPartition P0 = new TopicPartition("t", 0);
    private static final TopicPartition P1 = new TopicPartition("t", 1);

    @Test
    void oneSuspectIsRememberedForEachPartition() {
        CountedAttempts attempts = new CountedAttempts();
        for (long offset = 0; offset < 10_000; offset++) {
            assertThat(attempts.begin(P0, offset)).isTrue();
            assertThat(attempts.begin(P0, offset)).isFalse();
            assertThat(attempts.isBegun(P0, offset)).isTrue();
            assertThat(attempts.isBegun(P0, offset - 1)).isFalse();
        }
        assertThat(attempts.begin(P1, 5)).isTrue();
        attempts.forget(P0, 5);
        assertThat(attempts.isBegun(P0, 9_999)).isTrue();
        assertThat(attempts.size()).isEqualTo(2);
        attempts.forget(P0, 9_999);
        assertThat(attempts.begin(P0, 9_999)).as("not counted any more").isTrue();
    }
}

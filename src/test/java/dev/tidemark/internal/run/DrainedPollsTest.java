package dev.tidemark.internal.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Whether the client may hold records that it has not returned. */
class DrainedPollsTest {
    private static final long START = Long.MAX_VALUE - Duration.ofSeconds(5).toNanos();

    private final DrainedPolls polls = new DrainedPolls(500);

    private static long after(int seconds) {
        return START + Duration.ofSeconds(seconds).toNanos();
    }

    @Test
    void beforeThereIsAPollNothingIsKnown() {
        assertThat(polls.isRecent(START)).isFalse();
    }

    @Test
    void aPollThatReturnsAsMuchAsItMayLeavesMoreBehind() {
        polls.returned(500, START);
        assertThat(polls.isRecent(START)).isFalse();
        polls.returned(499, after(1));
        assertThat(polls.isRecent(after(1))).isTrue();
        polls.returned(500, after(2));
        assertThat(polls.isRecent(after(2)))
                .as("what came in between is not much")
                .isTrue();
        polls.returned(500, after(11));
        assertThat(polls.isRecent(after(11))).isFalse();
    }

    @Test
    void whoDoesNotPollKnowsNothing() {
        polls.returned(0, START);
        assertThat(polls.isRecent(after(9))).isTrue();
        assertThat(polls.isRecent(after(10))).isFalse();
        polls.returned(0, after(100));
        assertThat(polls.isRecent(after(100))).isTrue();
    }
}

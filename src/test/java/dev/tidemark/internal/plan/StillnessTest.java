package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.internal.plan.Stillness.Backend;
import dev.tidemark.internal.plan.Stillness.Sight;
import dev.tidemark.internal.plan.Stillness.Wait;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When a session counts as stopped. */
class StillnessTest {
    private static final Backend ONE = new Backend(1, "monday", "tidemark/1");

    private final Stillness stillness = new Stillness(Duration.ofSeconds(10), Duration.ofSeconds(60));

    private boolean stopped(Backend backend, String change, long bytes, long tuples, Wait wait, long second) {
        return !stillness
                .stopped(
                        List.of(new Sight(backend, change, bytes, tuples, wait)),
                        Duration.ofSeconds(second).toNanos())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        // waits for, second of the second look; stopped
        "IDLE, 3600, false",
        "IDLE_FOR_LONG, 1, true",
        "MESSAGE, 9, false",
        "MESSAGE, 10, true",
        "RESULT, 10, false",
        "RESULT, 59, false",
        "RESULT, 60, true"
    })
    void whatStandsStillForLong(Wait wait, long second, boolean stopped) {
        assertThat(stopped(ONE, "a", 5, 7, wait, 0)).as("at the first look").isEqualTo(wait == Wait.IDLE_FOR_LONG);
        assertThat(stopped(ONE, "a", 5, 7, wait, second)).isEqualTo(stopped);
    }

    @ParameterizedTest
    @CsvSource({"a, 6, 7", "a, 5, 8", "b, 5, 7"})
    void whateverMovesBeginsAnew(String change, long bytes, long tuples) {
        assertThat(stopped(ONE, "a", 5, 7, Wait.MESSAGE, 0)).isFalse();
        assertThat(stopped(ONE, change, bytes, tuples, Wait.MESSAGE, 9)).isFalse();
        assertThat(stopped(ONE, change, bytes, tuples, Wait.MESSAGE, 18)).isFalse();
        assertThat(stopped(ONE, change, bytes, tuples, Wait.MESSAGE, 19)).isTrue();
    }

    @Test
    void looksNeedNotFollowEachOther() {
        assertThat(stopped(ONE, "a", 5, 7, Wait.MESSAGE, 0)).isFalse();
        assertThat(stillness.stopped(List.of(), Duration.ofSeconds(5).toNanos()))
                .isEmpty();
        assertThat(stopped(ONE, "a", 5, 7, Wait.MESSAGE, 11)).isTrue();
    }

    /** As System.nanoTime may be any number. */
    @ParameterizedTest
    @ValueSource(longs = {-9_000_000_000L, -5, 100_000, 9_000_000_000L})
    void theClockMayStandAnywhere(long second) {
        assertThat(stopped(ONE, "a", 5, 7, Wait.MESSAGE, second)).isFalse();
        assertThat(stopped(ONE, "a", 5, 7, Wait.MESSAGE, second + 9)).isFalse();
        assertThat(stopped(ONE, "a", 5, 7, Wait.MESSAGE, second + 10)).isTrue();
    }

    @Test
    void anotherProcessOfThatNumberIsAnother() {
        assertThat(stopped(ONE, "a", 5, 7, Wait.MESSAGE, 0)).isFalse();
        assertThat(stopped(new Backend(1, "tuesday", "tidemark/1"), "a", 5, 7, Wait.MESSAGE, 11))
                .isFalse();
    }

    @Test
    void whatWasNotSeenForLongIsForgotten() {
        assertThat(stopped(ONE, "a", 5, 7, Wait.MESSAGE, 0)).isFalse();
        assertThat(stillness.stopped(List.of(), Duration.ofSeconds(601).toNanos()))
                .isEmpty();
        assertThat(stopped(ONE, "a", 5, 7, Wait.MESSAGE, 602)).isFalse();
    }
}

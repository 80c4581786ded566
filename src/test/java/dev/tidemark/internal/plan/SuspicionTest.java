package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.internal.plan.Suspicion.Next;
import org.junit.jupiter.api.Test;

class SuspicionTest {
    /** Plays the worker: the first {@code take} records are tried, and fail if the bad one is among them. */
    private static int failuresUntilAlone(int records, int bad, boolean halving) {
        int from = 0;
        int failures = 0;
        Suspicion suspicion = new Suspicion(records, halving ? Next.HALF : Next.WHOLE);
        while (true) {
            int waiting = (int) suspicion.end() - from;
            int take = suspicion.take(waiting);
            assertThat(take).isBetween(1, waiting);
            if (bad < from + take) {
                failures++;
                if (take == 1) {
                    assertThat(from).as("everything before it has taken effect").isEqualTo(bad);
                    return failures;
                }
                suspicion = halving ? new Suspicion(from + take, Next.HALF) : new Suspicion(bad + 1, Next.ALL_BUT_LAST);
            } else {
                from += take;
                assertThat(suspicion.isOver(from)).isFalse();
            }
        }
    }

    @Test
    void halvingFindsEveryRecordInLogarithmicallyManyFailures() {
        for (int bad = 0; bad < 1_000; bad++) {
            assertThat(failuresUntilAlone(1_000, bad, true)).isLessThanOrEqualTo(11);
        }
    }

    @Test
    void aKnownRecordIsReachedAtOnce() {
        for (int bad = 0; bad < 1_000; bad++) {
            assertThat(failuresUntilAlone(1_000, bad, false)).isLessThanOrEqualTo(2);
        }
    }

    @Test
    void itIsOverOnceTheRangeHasTakenEffect() {
        assertThat(new Suspicion(10, Next.HALF).isOver(9)).isFalse();
        assertThat(new Suspicion(10, Next.HALF).isOver(10)).isTrue();
    }
}

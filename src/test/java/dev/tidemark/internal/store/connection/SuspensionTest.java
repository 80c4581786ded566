package dev.tidemark.internal.store.connection;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SuspensionTest {
    private static final Duration EVERY = Duration.ofMillis(500);

    private final Suspension suspension = new Suspension();

    private static long seconds(double seconds) {
        return (long) (seconds * 1e9);
    }

    @Test
    void nothingIsKnownWhileNobodyWatches() {
        assertThat(suspension.total(seconds(1_000))).isZero();
        suspension.awake(seconds(1_000), EVERY);
        assertThat(suspension.total(seconds(1_000))).isZero();
    }

    /** A clock that counts from any number may be below zero. */
    @ParameterizedTest
    @ValueSource(longs = {0, Long.MIN_VALUE, Long.MAX_VALUE})
    void oneThatWakesUpLateHasStoodStill(long origin) {
        suspension.awake(origin, EVERY);
        assertThat(suspension.total(origin + seconds(1.5))).isZero();
        assertThat(suspension.total(origin + seconds(10.5))).isEqualTo(seconds(10));
        suspension.awake(origin + seconds(20.5), EVERY);
        assertThat(suspension.total(origin + seconds(21))).isEqualTo(seconds(20));
        suspension.awake(origin + seconds(22), EVERY);
        assertThat(suspension.total(origin + seconds(22.5))).isEqualTo(seconds(20));
        suspension.awake(origin + seconds(27.5), EVERY);
        assertThat(suspension.total(origin + seconds(27.5))).isEqualTo(seconds(25));
    }
}

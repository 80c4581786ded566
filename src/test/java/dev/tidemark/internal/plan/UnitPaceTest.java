package dev.tidemark.internal.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.UnitLimits;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class UnitPaceTest {
    private static final UnitLimits LIMITS = UnitLimits.defaults().withMaxRecords(1_000);
    private static final Duration FAST = Duration.ofMillis(1);

    @Test
    void contentionHalvesFromWhereTheUnitGotStuckDownToOneRecord() {
        UnitPace pace = UnitPace.initial(LIMITS);
        assertThat(pace.allowance(LIMITS)).isEqualTo(1_000);
        pace = pace.afterContention(57);
        assertThat(pace.records()).isEqualTo(28);
        assertThat(pace.onePartition()).isTrue();
        for (int i = 0; i < 10; i++) {
            pace = pace.afterContention(1_000);
        }
        assertThat(pace.allowance(LIMITS)).isEqualTo(1);
    }

    @Test
    void itGrowsAgainToTheLimitAndThenTakesManyPartitions() {
        UnitPace pace = UnitPace.initial(LIMITS).afterContention(4);
        int units = 0;
        while (pace.onePartition() && units < 10_000) {
            pace = pace.afterSuccess(pace.records(), FAST, LIMITS);
            units++;
        }
        assertThat(pace.records()).isEqualTo(1_000);
        assertThat(units).isGreaterThan(50);
    }

    @Test
    void theMoreOftenItGotInTheWayTheLaterItGrows() {
        assertThat(successesToGrow(UnitPace.initial(LIMITS).afterContention(100)))
                .isLessThan(successesToGrow(UnitPace.initial(LIMITS)
                        .afterContention(100)
                        .afterContention(50)
                        .afterContention(25)));
    }

    private static int successesToGrow(UnitPace pace) {
        int records = pace.records();
        int units = 0;
        UnitPace next = pace;
        while (next.records() == records && units < 10_000) {
            next = next.afterSuccess(records, FAST, LIMITS);
            units++;
        }
        return units;
    }

    @Test
    void aSlowHandlerGetsAsManyRecordsAsFitIntoTheTime() {
        UnitPace pace = UnitPace.initial(LIMITS).afterSuccess(100, Duration.ofSeconds(1), LIMITS);
        assertThat(pace.allowance(LIMITS)).isEqualTo(100);
        assertThat(UnitPace.initial(LIMITS)
                        .afterSuccess(1, Duration.ofMinutes(1), LIMITS)
                        .allowance(LIMITS))
                .as("always one")
                .isEqualTo(1);
    }
}

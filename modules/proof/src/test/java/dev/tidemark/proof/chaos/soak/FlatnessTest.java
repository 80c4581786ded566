package dev.tidemark.proof.chaos.soak;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.Finding.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/** What counts as growth. */
class FlatnessTest {
    private static List<Sample> samples(LongUnaryOperator heap) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            Map<Series, Long> used = new EnumMap<>(Series.class);
            for (Series series : Series.values()) {
                used.put(series, 100L);
            }
            used.put(Series.HEAP, heap.applyAsLong(i));
            samples.add(new Sample(Instant.ofEpochSecond(i), used));
        }
        return samples;
    }

    @Test
    void whatStaysTheSameIsFlat() {
        assertEquals(Status.OK, Flatness.check(samples(i -> 40L << 20)).status());
    }

    @Test
    void whatGrowsWhileItWarmsUpIsFlat() {
        assertEquals(
                Status.OK, Flatness.check(samples(i -> Math.min(i, 9) << 22)).status());
    }

    @Test
    void aPeakIsNoGrowth() {
        assertEquals(
                Status.OK,
                Flatness.check(samples(i -> i == 35 ? 900L << 20 : 40L << 20)).status());
    }

    @Test
    void whatGoesOnGrowingIsToldWithItsFigures() {
        Finding found = Flatness.check(samples(i -> i << 21));
        assertEquals(Status.VIOLATED, found.status());
        assertTrue(found.text().contains("heap of the oldest process"), found.text());
        assertTrue(found.text().contains("30 MB, then 70 MB"), found.text());
    }

    @Test
    void whatWasNotSampledIsNotCalledFlat() {
        Finding found = Flatness.check(samples(i -> 1).subList(0, 7));
        assertEquals(Status.VIOLATED, found.status());
    }
}

package dev.tidemark.chaos;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Counts the processes that died with a partition. How many there are depends on how its records are divided into units: whoever
 * commits some of those in front of the deadly one made progress, and the count without progress begins anew.
 */
final class Victims {
    private int all;
    private int withoutProgress;
    private long position = -1;

    /** One more has died, and left the partition at this position. */
    void add(long newPosition, String outputs) {
        all++;
        withoutProgress = newPosition == position ? withoutProgress + 1 : 0;
        position = newPosition;
        assertThat(withoutProgress)
                .as("three to become suspicious, three under suspicion, at %s%n%s", position, outputs)
                .isLessThanOrEqualTo(6);
    }

    void assertEnough() {
        assertThat(all).as("three to become suspicious, three under suspicion").isGreaterThanOrEqualTo(6);
    }
}

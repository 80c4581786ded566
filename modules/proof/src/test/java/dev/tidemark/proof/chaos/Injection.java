package dev.tidemark.proof.chaos;

import java.time.Instant;
import java.util.Set;

/**
 * What a fault did, so that the harness knows what to wait for.
 *
 * @param label for the picture
 * @param begin when it began to hurt
 * @param since only advances after this count as recovery
 * @param gone processes whose advances do not count; empty if no owner is gone
 * @param partitions those that must advance again
 */
public record Injection(String label, Instant begin, Instant since, Set<Long> gone, Set<Integer> partitions) {
    /** The owner of these partitions is gone: somebody else must take over. */
    public static Injection ownerGone(String label, Instant begin, long pid, Set<Integer> partitions) {
        return new Injection(label, begin, begin, Set.of(pid), partitions);
    }

    /** Nobody is gone: these partitions must advance again once the fault is over. */
    public static Injection over(String label, Instant begin, Set<Integer> partitions) {
        return new Injection(label, begin, Instant.now(), Set.of(), partitions);
    }

    boolean isTakeover() {
        return !gone.isEmpty();
    }
}

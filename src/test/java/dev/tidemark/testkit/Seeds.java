package dev.tidemark.testkit;

import java.util.Random;

/** Where randomness in tests begins: printed, and repeatable with {@code -Dtidemark.test.seed}. */
public final class Seeds {
    private Seeds() {}

    public static Random random(String test) {
        long seed = Long.getLong("tidemark.test.seed", System.nanoTime());
        System.out.println(test + ": seed " + seed + " (repeat with -Dtidemark.test.seed=" + seed + ")");
        return new Random(seed);
    }
}

package dev.tidemark.proof.chaos;

import java.time.Duration;

/** How long the harness waits for what must happen. */
public final class Patience {
    /** For anything that a busy machine has to do; after that a group counts as stuck. */
    public static final Duration LONG = Duration.ofMinutes(4);

    private Patience() {}
}

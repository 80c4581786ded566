package dev.tidemark.internal.work;

import java.util.HashMap;
import java.util.Map;

/** What a consumer's handler has done lately, in all its workers: the evidence beside a failure. Thread-safe. */
public final class HandlerHistory {
    private final Map<String, Integer> givenUp = new HashMap<>();
    private long successes;

    /** How often it has succeeded with at least one record, whether that took effect or was only tried. */
    synchronized long successes() {
        return successes;
    }

    /** It succeeded with at least one record. */
    synchronized void succeeded() {
        successes++;
        if (!givenUp.isEmpty()) {
            givenUp.clear();
        }
    }

    /** A record was given up for a failure of this kind. */
    synchronized void gaveUp(String kind) {
        givenUp.merge(kind, 1, Integer::sum);
    }

    /** How many records were given up for failures of this kind since the last success. */
    synchronized int givenUpAlike(String kind) {
        return givenUp.getOrDefault(kind, 0);
    }
}

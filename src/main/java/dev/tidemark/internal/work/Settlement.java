package dev.tidemark.internal.work;

import dev.tidemark.Position;
import dev.tidemark.internal.plan.Suspicion;
import org.jspecify.annotations.Nullable;

/**
 * How the workers end a unit's portion.
 *
 * @param done how many of its records have taken effect; the others come again
 * @param moved where the claim stands now; null if nothing took effect
 * @param delay nanoseconds until its records may be tried again; 0 unless it failed
 * @param suspicion what is known about a failing record; null if nothing new
 * @param closing whether the partition is closed with it
 */
record Settlement(
        Portion portion,
        int done,
        @Nullable Position moved,
        long delay,
        @Nullable Suspicion suspicion,
        boolean closing) {
    static Settlement done(Portion portion, int done, Position moved) {
        return new Settlement(portion, done, moved, 0, null, false);
    }

    static Settlement again(Portion portion, long delay, @Nullable Suspicion suspicion) {
        return new Settlement(portion, 0, null, delay, suspicion, false);
    }

    static Settlement closing(Portion portion) {
        return new Settlement(portion, 0, null, 0, null, true);
    }
}

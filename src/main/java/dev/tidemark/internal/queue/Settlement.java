package dev.tidemark.internal.queue;

import dev.tidemark.internal.plan.IsolatedRecord;
import dev.tidemark.offsets.Position;
import org.jspecify.annotations.Nullable;

/**
 * How the workers end a unit's share.
 *
 * @param done how many of its records the position has moved past; the others come again
 * @param moved the claim at its new position; null if it did not move
 * @param delay nanoseconds until its records may be tried again
 * @param transientFailure whether a transient failure kept them from taking effect
 * @param alone the record to be tried by itself next; null if none is
 * @param closing whether the partition is closed as well
 */
public record Settlement(
        PartitionShare taken,
        int done,
        @Nullable Position moved,
        long delay,
        boolean transientFailure,
        @Nullable IsolatedRecord alone,
        boolean closing) {}

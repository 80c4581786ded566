package dev.tidemark.internal.plan;

import dev.tidemark.GapPolicy;
import dev.tidemark.StartPosition;

/**
 * What is read, from where, and until when.
 *
 * @param untilEnd whether the run ends once the group has reached the ends of the logs as they were at the start
 */
public record ReadPlan(Subscription subscription, StartPosition start, GapPolicy gaps, boolean untilEnd) {
    /** Whether the partitions were named by the user, so that no group assigns them. */
    public boolean isManual() {
        return subscription instanceof Subscription.Manual;
    }

    /** Where a topic begins that is new to the group after its first start: a topic that a pattern starts to match must lose nothing. */
    public StartPosition startOfNewTopic() {
        return subscription instanceof Subscription.Matching ? StartPosition.earliest() : start;
    }
}

package dev.tidemark.internal.plan;

import dev.tidemark.GapPolicy;
import dev.tidemark.StartPosition;
import java.time.Instant;
import java.util.Optional;

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

    /**
     * Where a topic begins that is new to the group after its first start: a topic that a pattern starts to match must lose nothing,
     * nor must one that was waited for lose what came before it was noticed.
     *
     * @param missingAt when a check found that it does not exist; empty if it always did
     */
    public StartPosition startOfNewTopic(Optional<Instant> missingAt) {
        if (subscription instanceof Subscription.Matching) {
            return StartPosition.earliest();
        }
        return start instanceof StartPosition.Latest && missingAt.isPresent()
                ? StartPosition.at(missingAt.get())
                : start;
    }
}

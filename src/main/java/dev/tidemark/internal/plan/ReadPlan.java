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
     * @param missingAt when a check of this group found that it does not exist; empty if it always did
     * @param now the moment from which a duration counts back
     */
    public StartPosition startOfNewTopic(Optional<Instant> missingAt, Instant now) {
        if (subscription instanceof Subscription.Matching) {
            return StartPosition.earliest();
        }
        return missingAt.map(then -> notAfter(then, start, now)).orElse(start);
    }

    /**
     * As {@link #startOfNewTopic}, of a topic that certainly did not exist when the group was first started: all its records were
     * written after that, whatever their timestamps say.
     */
    public StartPosition startOfLaterTopic() {
        return fromFirstRecord(start);
    }

    private static StartPosition fromFirstRecord(StartPosition position) {
        if (position instanceof StartPosition.Committed committed) {
            return StartPosition.committedOrElse(fromFirstRecord(committed.otherwise()));
        }
        return dependsOnFirstStart(position) ? StartPosition.earliest() : position;
    }

    /** Whether it matters since when a named topic has been waited for. */
    public boolean startDependsOnWaiting() {
        return !(subscription instanceof Subscription.Matching) && dependsOnFirstStart(start);
    }

    private static boolean dependsOnFirstStart(StartPosition position) {
        return position instanceof StartPosition.Committed committed
                ? dependsOnFirstStart(committed.otherwise())
                : position instanceof StartPosition.Latest || position instanceof StartPosition.Ago;
    }

    /** What counts from the first start counts from then at the latest. */
    private static StartPosition notAfter(Instant then, StartPosition position, Instant now) {
        if (position instanceof StartPosition.Latest) {
            return StartPosition.at(then);
        }
        if (position instanceof StartPosition.Ago ago) {
            Instant counted = Timestamps.before(now, ago.duration());
            return counted.isAfter(then) ? StartPosition.at(then) : position;
        }
        return position instanceof StartPosition.Committed committed
                ? StartPosition.committedOrElse(notAfter(then, committed.otherwise(), now))
                : position;
    }
}

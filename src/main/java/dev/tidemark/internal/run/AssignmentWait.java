package dev.tidemark.internal.run;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says once, some seconds after the start, that the group has assigned no partition yet, and why that may take a while. Used by the poll
 * thread.
 */
final class AssignmentWait {
    private static final Logger LOG = LoggerFactory.getLogger(AssignmentWait.class);

    /** A rebalance without a dead member is over by then. */
    private static final Duration USUAL = Duration.ofSeconds(5);

    private final String groupId;
    private final Duration sessionTimeout;
    private final long began;
    private boolean over;

    /**
     * @param sessionTimeout after which the group gives up a member that died
     * @param now by {@link System#nanoTime}
     */
    AssignmentWait(String groupId, Duration sessionTimeout, long now) {
        this.groupId = groupId;
        this.sessionTimeout = sessionTimeout;
        this.began = now;
    }

    /** To be called after each poll. */
    void polled(long now, boolean joined, boolean hasPartitions) {
        if (over || (!hasPartitions && now - began < USUAL.toNanos())) {
            return;
        }
        over = true;
        if (!hasPartitions) {
            LOG.info(
                    "waiting for partitions group={} joined={} session_timeout={} reason=\"{}\"",
                    groupId,
                    joined,
                    sessionTimeout,
                    "other members have them all, or one that died has, until its session times out");
        }
    }
}

package dev.tidemark.internal.run;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.common.errors.RetriableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Polls that fail one after the other: reported as the reason why nothing is fetched, and tried again after a wait. Of the poll thread. */
final class PollFailures {
    private static final Logger LOG = LoggerFactory.getLogger(PollFailures.class);

    private final String groupId;
    private final Assignment assigned;
    private int inRow;

    PollFailures(String groupId, Assignment assigned) {
        this.groupId = groupId;
        this.assigned = assigned;
    }

    /** A poll has completed. */
    void ended() {
        if (inRow > 0) {
            LOG.info("polling again group={} attempts={}", groupId, inRow);
            inRow = 0;
            assigned.pollFails(null);
        }
    }

    /** Waits until the next attempt, or until stopped; returns false if the thread was told to end. */
    boolean waitAfter(RetriableException failure, CountDownLatch stopped) {
        inRow++;
        String cause = failure.getClass().getSimpleName();
        assigned.pollFails(new TidemarkException(
                ErrorCode.KAFKA_UNAVAILABLE,
                "group " + groupId + ": polls fail with " + cause + ", so nothing is fetched; they are tried again",
                null));
        if (inRow == 1) {
            LOG.warn("poll failed, trying again group={} cause={}", groupId, cause);
        }
        Duration wait = Backoff.TRANSIENT.after(inRow, Host.random());
        try {
            if (Host.await(stopped, wait.toNanos())) {
                LOG.debug("stopped while waiting for Kafka group={}", groupId);
            }
            return true;
        } catch (InterruptedException interrupted) {
            return OwnThread.mayContinue(interrupted);
        }
    }
}

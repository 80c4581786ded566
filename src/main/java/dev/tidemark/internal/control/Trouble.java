package dev.tidemark.internal.control;

import dev.tidemark.internal.plan.Backoff;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether one of the two servers is away: one log line when it goes and one when it is back, however often it is tried. */
final class Trouble {
    private static final Logger LOG = LoggerFactory.getLogger(Trouble.class);

    private final String groupId;
    private final String server;
    private int attempts;

    Trouble(String groupId, String server) {
        this.groupId = groupId;
        this.server = server;
    }

    /** Another attempt failed; answers how long to wait. */
    Duration failed(String how) {
        attempts++;
        if (attempts == 1) {
            LOG.warn("{} is in trouble, trying again until it is back group={} cause=\"{}\"", server, groupId, how);
        }
        return Backoff.TROUBLE.after(attempts, ThreadLocalRandom.current().nextDouble());
    }

    void over() {
        if (attempts > 0) {
            LOG.info("{} is back group={} attempts={}", server, groupId, attempts);
            attempts = 0;
        }
    }
}

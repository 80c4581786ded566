package dev.tidemark.internal.run;

import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.thread.Host;
import org.apache.kafka.clients.consumer.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leaves the group while the database does not reply to this process, so that members which reach it take over; to Kafka this one
 * would look healthy for ever. It joins again when the database replies. Used by the poll thread.
 */
final class Withdrawal {
    private static final Logger LOG = LoggerFactory.getLogger(Withdrawal.class);

    private final String groupId;
    private final Consumer<byte[], byte[]> consumer;
    private final ControlThread control;
    private final boolean possible;
    private boolean away;

    /**
     * @param possible whether there is a group that would take over
     */
    Withdrawal(String groupId, Consumer<byte[], byte[]> consumer, ControlThread control, boolean possible) {
        this.groupId = groupId;
        this.consumer = consumer;
        this.control = control;
        this.possible = possible;
    }

    /**
     * Leaves or joins if it is time to; returns whether this member has left, and must not poll.
     *
     * @param join subscribes again
     */
    boolean holds(Runnable join) {
        boolean silent = possible && control.isDatabaseSilent(Host.nanoTime());
        if (silent && !away) {
            LOG.warn("the database is silent, leaving the group until it replies group={}", groupId);
            // Leaving waits for open units, and these wait for the database.
            control.cutOpenUnits();
            consumer.unsubscribe();
        } else if (away && !silent) {
            LOG.info("the database replies, joining the group again group={}", groupId);
            join.run();
        }
        away = silent;
        return away;
    }
}

package dev.tidemark.internal.plan;

import dev.tidemark.errors.TidemarkException;
import java.time.Duration;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;

/**
 * An assigned partition that makes no progress for a transient reason.
 *
 * @param ownerEpoch of its claim; empty if it has none
 * @param since by {@link System#nanoTime}
 * @param why with text that contains no data
 * @param words the reason, and its cause
 * @param isLogged whether it has been logged
 * @param isLockedOut whether it gave up waiting for a lock whose holder is not known yet
 */
public record Waiting(
        TopicPartition partition,
        OptionalLong ownerEpoch,
        long since,
        TidemarkException why,
        String words,
        boolean isLogged,
        boolean isLockedOut) {
    /** Shorter waits are not reported. */
    private static final Duration MOMENT = Duration.ofSeconds(3);

    /** Whether it has lasted long enough to be reported. */
    public boolean isLong(long now) {
        return now - since > MOMENT.toNanos();
    }
}

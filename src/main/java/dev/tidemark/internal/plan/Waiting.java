package dev.tidemark.internal.plan;

import dev.tidemark.errors.TidemarkException;
import java.time.Duration;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;

/**
 * An assigned partition that makes no progress for a reason that passes.
 *
 * @param ownerEpoch of its claim; empty while it has none
 * @param since by {@link System#nanoTime}
 * @param why with words that hold no data
 * @param words the reason, and what is behind it
 * @param isTold whether the log has it already
 * @param isLockedOut whether it gave up waiting for a lock, and nobody has said yet who holds that
 */
public record Waiting(
        TopicPartition partition,
        OptionalLong ownerEpoch,
        long since,
        TidemarkException why,
        String words,
        boolean isTold,
        boolean isLockedOut) {
    /** What passes sooner is not worth a note. */
    private static final Duration MOMENT = Duration.ofSeconds(3);

    /** Whether it has lasted for longer than a moment. */
    public boolean isLong(long now) {
        return now - since > MOMENT.toNanos();
    }
}

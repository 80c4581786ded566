package dev.tidemark;

import dev.tidemark.errors.Problem;
import java.util.List;
import java.util.Optional;

/**
 * A consumer as it was a moment ago. A snapshot: it does not change. Components may be added.
 *
 * @param groupId the consumer group
 * @param state where the consumer is in its life
 * @param partitions the assigned partitions, by topic and number
 * @param queue what was fetched and waits for a worker
 * @param lastError why the whole consumer stopped, what it is waiting for, or which partitions members of the group hold that
 *     are no Tidemark consumers; empty while all is well
 */
public record ConsumerStatus(
        String groupId,
        State state,
        List<PartitionStatus> partitions,
        Queue queue,
        Optional<Problem> lastError) {
    /**
     * Records that wait in this process; those that a unit holds are not among them.
     *
     * @param records how many
     * @param bytes how much they count for against {@link TidemarkBuilder#bufferBytes}
     */
    public record Queue(long records, long bytes) {}

    /** The life of a consumer, in this order; it never goes back. */
    public enum State {
        /** Built; {@code run} was not called yet. */
        NEW,
        /** Inside {@code run}. */
        RUNNING,
        /** Finishing open units and giving partitions back. */
        STOPPING,
        /** {@code run} has returned. */
        STOPPED,
        /** {@code run} has thrown. */
        FAILED
    }
}

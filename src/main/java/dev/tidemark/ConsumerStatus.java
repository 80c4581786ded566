package dev.tidemark;

import dev.tidemark.errors.Problem;
import java.util.List;
import java.util.Optional;

/**
 * A snapshot of a consumer. Components may be added.
 *
 * @param groupId the consumer group
 * @param state where the consumer is in its lifecycle
 * @param partitions the assigned partitions, by topic and number
 * @param queue what was fetched and waits for a worker
 * @param lastError why the consumer as a whole has stopped, what it is waiting for, or which partitions are held by members of the
 *     group that are not Tidemark consumers (TM-311); empty while there is no problem
 */
public record ConsumerStatus(
        String groupId, State state, List<PartitionStatus> partitions, Queue queue, Optional<Problem> lastError) {
    /**
     * Records that wait in this process, without those in open units.
     *
     * @param records how many
     * @param bytes how much they count against {@link TidemarkBuilder#bufferBytes}
     */
    public record Queue(long records, long bytes) {}

    /** The lifecycle of a consumer, in this order; it never goes back. */
    public enum State {
        /** Built; {@code run} has not been called yet. */
        NEW,
        /** Inside {@code run}. */
        RUNNING,
        /** Finishing open units and releasing partitions. */
        STOPPING,
        /** {@code run} has returned. */
        STOPPED,
        /** {@code run} has thrown. */
        FAILED
    }
}

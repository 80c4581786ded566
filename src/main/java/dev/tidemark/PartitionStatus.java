package dev.tidemark;

import dev.tidemark.errors.Problem;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;

/**
 * A snapshot of one assigned partition. Components may be added.
 *
 * @param partition the partition
 * @param state its state
 * @param storedOffset the next offset to read, as last committed by or claimed from the database; empty before the claim
 * @param logEndOffset the offset after the last readable record, sampled every few seconds; empty before the first sample
 * @param lastError why it halted, what it waits for, or why it retries, without any record's content; empty while there is no problem
 * @param errorSince since when, by this process's clock; empty while there is no problem
 * @param fences how often the claim was lost and the partition claimed again since it was assigned
 * @param lastFence why the claim was last lost: TM-401, TM-402 or TM-403; empty if it never was
 * @param owner the name under which this consumer claims, as in the database's {@code owner_name}
 */
public record PartitionStatus(
        TopicPartition partition,
        PartitionState state,
        OptionalLong storedOffset,
        OptionalLong logEndOffset,
        Optional<Problem> lastError,
        Optional<Instant> errorSince,
        long fences,
        Optional<Problem> lastFence,
        String owner) {
    /** Offsets between the stored offset and the sampled log end, never negative; empty while either is unknown. */
    public OptionalLong lag() {
        return storedOffset.isPresent() && logEndOffset.isPresent()
                ? OptionalLong.of(Math.max(0, logEndOffset.getAsLong() - storedOffset.getAsLong()))
                : OptionalLong.empty();
    }
}

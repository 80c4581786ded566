package dev.tidemark.internal.queue;

import dev.tidemark.offsets.Claim;
import java.util.Collection;
import org.apache.kafka.common.TopicPartition;

/** What the queues have to tell the poll thread. Every method returns at once; any thread may call. */
public interface QueueEvents {
    /** There is room again for records of these partitions. */
    void roomFor(Collection<TopicPartition> partitions);

    /** There is no longer plenty: the poll thread need not rest any more. */
    void appetite();

    /** The last unit of a partition that was closed meanwhile has ended, and the claim stands there. */
    void drained(Claim claim);
}

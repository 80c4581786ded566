package dev.tidemark.internal.queue;

import dev.tidemark.offsets.Claim;
import java.util.Collection;
import org.apache.kafka.common.TopicPartition;

/** Events from the queues to the poll thread. Every method returns at once; any thread may call. */
public interface QueueEvents {
    /** There is space again for records of these partitions. */
    void spaceFor(Collection<TopicPartition> partitions);

    /** There is no longer plenty: the poll thread need not wait any more. */
    void appetite();

    /** The last unit of a partition that has since been closed has ended, and the claim is at that position. */
    void drained(Claim claim);
}

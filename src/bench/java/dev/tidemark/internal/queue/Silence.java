package dev.tidemark.internal.queue;

import dev.tidemark.offsets.Claim;
import java.util.Collection;
import org.apache.kafka.common.TopicPartition;

/** Ignores all events: how the poll thread handles them is not measured. In this package, because its user is. */
final class Silence implements QueueEvents {
    @Override
    public void spaceFor(Collection<TopicPartition> partitions) {}

    @Override
    public void appetite() {}

    @Override
    public void drained(Claim claim) {}
}

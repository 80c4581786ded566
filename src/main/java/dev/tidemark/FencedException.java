package dev.tidemark;

import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;

/**
 * A claim is no longer the present one (TM-401): another consumer has claimed the partition, or somebody moved its offset. The
 * transaction must be rolled back; whatever was read under the claim is void. Claim again only if Kafka still assigns the
 * partition.
 */
public final class FencedException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    private final transient Set<TopicPartition> partitions;

    /** The partitions are those whose claims are gone; the others of the same call still hold. */
    public FencedException(String groupId, Set<TopicPartition> partitions) {
        super(
                ErrorCode.FENCED,
                "group " + groupId + " no longer holds the claim on "
                        + new TreeSet<>(
                                partitions.stream().map(Object::toString).toList())
                        + ": roll back, and claim again if Kafka still assigns them",
                null);
        this.partitions = Set.copyOf(partitions);
    }

    /** The partitions whose claims are gone; empty after deserialization. */
    public Set<TopicPartition> partitions() {
        return partitions == null ? Set.of() : partitions;
    }
}

package dev.tidemark.errors;

import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.common.TopicPartition;

/**
 * A claim is no longer the current one: another consumer has claimed the partition (TM-401), its offset was moved manually (TM-402), or
 * the database went back in time (TM-403). An advance cannot distinguish them, and reports TM-401. The transaction must be rolled back;
 * whatever was read under the claim is void. Claim again only if Kafka still assigns the partition.
 */
public final class FencedException extends TidemarkException {
    private static final long serialVersionUID = 1L;

    private final transient Set<TopicPartition> partitions;

    /** The partitions are those whose claims are lost; the other claims of the same call are still valid. */
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

    /** One partition, and the known reason: TM-401, TM-402 or TM-403. */
    public FencedException(ErrorCode code, String groupId, TopicPartition partition, String how) {
        super(
                code,
                "group " + groupId + ": the stored offset of topic " + partition.topic() + " partition "
                        + partition.partition() + " " + how,
                null);
        this.partitions = Set.of(partition);
    }

    /** The partitions whose claims are lost; empty after deserialization. */
    public Set<TopicPartition> partitions() {
        return partitions == null ? Set.of() : partitions;
    }
}

package dev.tidemark.offsets;

import java.util.UUID;
import org.apache.kafka.common.TopicPartition;

/**
 * The right to advance one partition of a group from one position. It holds until somebody else claims the partition, or moves
 * its offset; nobody is told, the next {@link OffsetStore#advance advance} fails. Immutable: an advance returns the claim to go
 * on with.
 *
 * @param partition the partition claimed
 * @param token random, new with each claim; never reused, not even after the database was restored
 * @param ownerEpoch counts the claims and fences of this partition, for people
 * @param position where to read on
 */
public record Claim(TopicPartition partition, UUID token, long ownerEpoch, Position position) {
    /** The same claim once its position has moved. */
    public Claim at(Position moved) {
        return new Claim(partition, token, ownerEpoch, moved);
    }
}

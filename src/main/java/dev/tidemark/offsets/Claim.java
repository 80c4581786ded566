package dev.tidemark.offsets;

import java.util.UUID;
import org.apache.kafka.common.TopicPartition;

/**
 * The right to advance one partition of a group from one position. It is valid until another process claims the partition, or its
 * offset is moved; there is no notification, the next {@link OffsetStore#advance advance} fails. Immutable: an advance returns the
 * claim to continue with.
 *
 * @param partition the partition claimed
 * @param token random, new with each claim; never reused, not even after the database was restored
 * @param ownerEpoch counts the claims and fences of this partition, for people
 * @param position where to continue reading
 */
public record Claim(TopicPartition partition, UUID token, long ownerEpoch, Position position) {
    /** The same claim with its position moved. */
    public Claim at(Position moved) {
        return new Claim(partition, token, ownerEpoch, moved);
    }
}

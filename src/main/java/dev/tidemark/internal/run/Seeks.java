package dev.tidemark.internal.run;

import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;

/** Every seek, pause and resume of the KafkaConsumer. Used by the poll thread alone. */
public final class Seeks {
    private final Consumer<?, ?> consumer;

    public Seeks(Consumer<?, ?> consumer) {
        this.consumer = consumer;
    }

    /** Stops fetching, at a position that is never read: an assigned partition without a position makes poll throw. */
    public void hold(TopicPartition partition) {
        consumer.pause(Set.of(partition));
        consumer.seek(partition, 0);
    }

    /** Starts fetching at the claim's position. */
    public void begin(Claim claim) {
        // With the epoch, Kafka checks whether the log was truncated; without it, it would not.
        OptionalInt epoch = claim.position().leaderEpoch();
        consumer.seek(
                claim.partition(),
                new OffsetAndMetadata(
                        claim.position().nextOffset(),
                        epoch.isPresent() ? Optional.of(epoch.getAsInt()) : Optional.empty(),
                        ""));
        consumer.resume(Set.of(claim.partition()));
    }

    /** Converts a position of Kafka's client. */
    public static Position position(OffsetAndMetadata place) {
        Optional<Integer> epoch = place.leaderEpoch();
        return new Position(place.offset(), epoch.isPresent() ? OptionalInt.of(epoch.get()) : OptionalInt.empty());
    }

    /** Where the client has read to, or passed over what has no record; empty if it does not know at once. */
    public Optional<Position> reached(TopicPartition partition) {
        try {
            // An epoch is not known; that of the record before it would look as if the log ended with that.
            return Optional.of(Position.of(consumer.position(partition, Duration.ZERO)));
        } catch (TimeoutException | IllegalStateException e) {
            // No longer assigned, or its position is still being validated.
            return Optional.empty();
        }
    }

    public void pause(Collection<TopicPartition> partitions) {
        if (!partitions.isEmpty()) {
            consumer.pause(partitions);
        }
    }

    public void resume(Collection<TopicPartition> partitions) {
        consumer.resume(partitions);
    }
}

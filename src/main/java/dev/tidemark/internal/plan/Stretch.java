package dev.tidemark.internal.plan;

import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Part of a partition's log: all records for the group between two positions.
 *
 * @param claim the claim it was fetched under, at the position where it begins
 * @param records in the order of the log; at least one
 * @param end the position after it
 */
public record Stretch<K, V>(Claim claim, List<ConsumerRecord<K, V>> records, Position end) {
    /** Copies the list. */
    public Stretch {
        records = List.copyOf(records);
    }

    /**
     * What a poll returned for a partition.
     *
     * @param claim the claim in force, at the position that has been reached
     * @param expected where fetching was before the poll: what lies below was fetched earlier
     * @param next where Kafka's client says that reading continues; null if it does not say
     * @return empty if it returned no record
     */
    public static <K, V> Optional<Stretch<K, V>> of(
            Claim claim, Position expected, List<ConsumerRecord<K, V>> polled, @Nullable Position next) {
        List<ConsumerRecord<K, V>> records = polled.stream()
                .filter(record -> record.offset() >= expected.nextOffset())
                .toList();
        if (records.isEmpty()) {
            return Optional.empty();
        }
        Position end = Position.after(records.get(records.size() - 1));
        return Optional.of(
                new Stretch<>(claim, records, next != null && next.nextOffset() > end.nextOffset() ? next : end));
    }

    /** Its first records; empty if there are to be none. Offsets without a record after the last one belong to that one. */
    public Optional<Stretch<K, V>> first(int count) {
        if (count >= records.size()) {
            return Optional.of(this);
        }
        return count <= 0
                ? Optional.empty()
                : Optional.of(new Stretch<>(claim, records.subList(0, count), Position.after(records.get(count - 1))));
    }

    /** The part after its first records; empty if there is none. */
    public Optional<Stretch<K, V>> after(int count) {
        if (count <= 0) {
            return Optional.of(this);
        }
        return count >= records.size()
                ? Optional.empty()
                : Optional.of(new Stretch<>(
                        claim.at(Position.after(records.get(count - 1))), records.subList(count, records.size()), end));
    }
}

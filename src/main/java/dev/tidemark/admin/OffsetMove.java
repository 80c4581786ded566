package dev.tidemark.admin;

import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;

/**
 * A partition's move from one offset to another. Components may be added.
 *
 * @param storedOffset where it stands, or stood; empty if it has no offset yet
 * @param newOffset the next record that the group reads, or was made to read
 * @param lag records from there to the log's end, as Kafka or else the partition's owner saw it last; empty where neither is known
 */
public record OffsetMove(TopicPartition partition, OptionalLong storedOffset, long newOffset, OptionalLong lag) {
    /** Whether records are read again. */
    public boolean goesBack() {
        return storedOffset.isPresent() && newOffset < storedOffset.getAsLong();
    }

    /** On a line, such as {@code flights-0 4711 -> 4200, lag 530}. */
    @Override
    public String toString() {
        return partition + " " + (storedOffset.isPresent() ? storedOffset.getAsLong() : "(new)") + " -> " + newOffset
                + (lag.isPresent() ? ", lag " + lag.getAsLong() : "");
    }
}

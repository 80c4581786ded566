package dev.tidemark.admin;

import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;

/**
 * A partition's move from one offset to another. Components may be added.
 *
 * @param storedOffset the offset before the move; empty if there was none
 * @param newOffset the offset after it: the next record that the group reads
 * @param lag records from there to the log's end, from Kafka or else from the owner's last sample; empty if neither is known
 */
public record OffsetMove(TopicPartition partition, OptionalLong storedOffset, long newOffset, OptionalLong lag) {
    /** Whether records are read again. */
    public boolean goesBack() {
        return storedOffset.isPresent() && newOffset < storedOffset.getAsLong();
    }

    /** One line, such as {@code flights-0 4711 -> 4200, lag 530}. */
    @Override
    public String toString() {
        return partition + " " + (storedOffset.isPresent() ? storedOffset.getAsLong() : "(new)") + " -> " + newOffset
                + (lag.isPresent() ? ", lag " + lag.getAsLong() : "");
    }
}

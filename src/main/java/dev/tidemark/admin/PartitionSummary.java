package dev.tidemark.admin;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicPartition;

/**
 * A partition of a group, as in the view {@code consumer_lag}. Components may be added.
 *
 * @param storedOffset the next record to be read
 * @param logEndOffset the log's end as the partition's owner last sampled it; empty before the first sample
 * @param lag records that are still to be read, as of that sample; empty before the first
 * @param owner the consumer that has claimed it; empty if none has
 * @param state halted, paused, waiting, owned or free, in lower case; a newer store may know others
 * @param errorCode why it has halted or waits, such as TM-502; empty unless it does
 * @param errorText the same as text, without any record's content
 * @param since since when it has halted or waits, by the server's clock; empty unless it does
 * @param updatedAt when its offset last moved, by the server's clock
 * @param sampledAt when the log's end was last sampled, by the server's clock; empty before the first sample
 */
public record PartitionSummary(
        TopicPartition partition,
        long storedOffset,
        OptionalLong logEndOffset,
        OptionalLong lag,
        Optional<String> owner,
        String state,
        Optional<String> errorCode,
        Optional<String> errorText,
        Optional<Instant> since,
        Instant updatedAt,
        Optional<Instant> sampledAt) {}

package dev.tidemark.internal.queue;

import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/** Records as Kafka delivered them: copies for code that may modify what it gets, and searches in lists. */
public final class RawRecords {
    private RawRecords() {}

    /** The same record, with key, value and headers of its own. */
    public static ConsumerRecord<byte[], byte[]> copy(ConsumerRecord<byte[], byte[]> raw) {
        return new ConsumerRecord<>(
                raw.topic(),
                raw.partition(),
                raw.offset(),
                raw.timestamp(),
                raw.timestampType(),
                raw.serializedKeySize(),
                raw.serializedValueSize(),
                copy(raw.key()),
                copy(raw.value()),
                copy(raw.headers()),
                raw.leaderEpoch(),
                Optional.empty());
    }

    // ConsumerRecord does not declare that key and value may be null.
    @SuppressWarnings("NullAway")
    private static byte[] copy(byte @Nullable [] bytes) {
        return bytes == null ? null : bytes.clone();
    }

    static Headers copy(Headers headers) {
        RecordHeaders copy = new RecordHeaders();
        for (Header header : headers) {
            copy.add(new RecordHeader(header.key(), copy(header.value())));
        }
        return copy;
    }

    /**
     * How many of these records, which are in offset order, are below an offset. Reads few of them: they are no longer in the CPU's
     * caches.
     */
    public static int below(List<? extends ConsumerRecord<?, ?>> records, long offset) {
        int low = 0;
        int high = records.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (records.get(middle).offset() < offset) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}

package dev.tidemark.internal.queue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records of one partition that were fetched together, in offset order, and those of them that an assistant has decoded so far. The
 * records do not change. One assistant decodes, and any thread may read what is decoded: no thread waits for a deserializer of
 * another one.
 */
public final class FetchedRecords {
    /** What a record costs in addition to its key, value and headers, by a heap histogram: the object, arrays, list entry. */
    private static final long OVERHEAD = 160;

    /** What a header costs in addition to its name and value, likewise: the object, a string, two arrays, list entry. */
    private static final long HEADER_OVERHEAD = 112;

    private static final Logger LOG = LoggerFactory.getLogger(FetchedRecords.class);

    private final List<ConsumerRecord<byte[], byte[]>> records;

    /** The bytes of all records below one, from {@link #first} on; shared with batches that this one was cut from. */
    private final long[] bytesBelow;

    private final int first;

    /** Workers have reached the records below this. */
    private volatile int takenTo;

    /** Removes it from the queue that it waits in; null if it was never in one. */
    private @Nullable Runnable leave;

    /** What was decoded ahead so far; null before an assistant begins. */
    private volatile @Nullable AtomicReferenceArray<@Nullable ConsumerRecord<?, ?>> decoded;

    FetchedRecords(List<ConsumerRecord<byte[], byte[]>> records) {
        this(records, bytesBelow(records), 0);
    }

    private FetchedRecords(List<ConsumerRecord<byte[], byte[]>> records, long[] bytesBelow, int first) {
        this.records = records;
        this.bytesBelow = bytesBelow;
        this.first = first;
    }

    private static long[] bytesBelow(List<ConsumerRecord<byte[], byte[]>> records) {
        long[] below = new long[records.size() + 1];
        for (int i = 0; i < records.size(); i++) {
            below[i + 1] = below[i] + bytes(records.get(i));
        }
        return below;
    }

    private static long bytes(ConsumerRecord<byte[], byte[]> record) {
        long sum = OVERHEAD + Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
        for (Header header : record.headers().toArray()) {
            byte[] value = header.value();
            sum += HEADER_OVERHEAD + header.key().length() + (value == null ? 0 : value.length);
        }
        return sum;
    }

    private long bytes(int from, int to) {
        return bytesBelow[first + to] - bytesBelow[first + from];
    }

    int size() {
        return records.size();
    }

    long bytes() {
        return bytes(0, size());
    }

    /** All of it, from this offset on. */
    Range from(long offset) {
        return new Range(this, RawRecords.below(records, offset), records.size());
    }

    /**
     * It waits to be decoded now. Called once, before other threads see it.
     *
     * @param leaving run when that is over
     */
    void waits(Runnable leaving) {
        leave = leaving;
    }

    /** Workers have reached the records below this, or none will: they need not be decoded ahead any more. */
    void taken(int to) {
        takenTo = Math.max(takenTo, to);
        if (leave != null) {
            leave.run();
        }
    }

    /** Decodes ahead of the workers what they have not reached, up to the first record that cannot be decoded. */
    public <K, V> void decode(RecordDecoder<K, V> decoder) {
        int size = records.size();
        AtomicReferenceArray<@Nullable ConsumerRecord<?, ?>> all = new AtomicReferenceArray<>(size);
        decoded = all;
        try {
            for (int i = takenTo; i < size; i = Math.max(i + 1, takenTo)) {
                all.setRelease(i, decoder.decode(records.get(i)));
            }
        } catch (RecordDecoder.UndecodableException e) {
            LOG.trace("the worker that reaches it fails on it again, and reacts side={}", e.side());
        }
    }

    // All decoders of a consumer are of the same types.
    @SuppressWarnings("unchecked")
    private <K, V> List<ConsumerRecord<K, V>> decoded(int from, int to) {
        AtomicReferenceArray<@Nullable ConsumerRecord<?, ?>> all = decoded;
        if (all == null) {
            return List.of();
        }
        List<ConsumerRecord<K, V>> some = new ArrayList<>(to - from);
        for (int i = from; i < to; i++) {
            ConsumerRecord<?, ?> record = all.getAcquire(i);
            if (record == null) {
                break;
            }
            some.add((ConsumerRecord<K, V>) record);
        }
        return some;
    }

    /**
     * Consecutive records of a batch.
     *
     * @param from the first, counted from 0
     * @param to the one after the last
     */
    record Range(FetchedRecords fetched, int from, int to) {
        int size() {
            return to - from;
        }

        List<ConsumerRecord<byte[], byte[]>> records() {
            return fetched.records.subList(from, to);
        }

        ConsumerRecord<byte[], byte[]> last() {
            return fetched.records.get(to - 1);
        }

        long bytes() {
            return fetched.bytes(from, to);
        }

        Range first(int count) {
            return new Range(fetched, from, from + count);
        }

        Range without(int count) {
            return new Range(fetched, from + count, to);
        }

        /** How many of its first records fit into this many bytes. */
        int fitting(long room) {
            int low = from;
            int high = to;
            while (low < high) {
                int middle = (low + high + 1) >>> 1;
                if (fetched.bytes(from, middle) <= room) {
                    low = middle;
                } else {
                    high = middle - 1;
                }
            }
            return low - from;
        }

        /** The same records, without the decoded objects: a handler that is called again must not see what it changed. */
        Range undecoded() {
            return new FetchedRecords(records(), fetched.bytesBelow, fetched.first + from).from(0);
        }

        /** A worker has reached it, or none will. */
        void taken() {
            fetched.taken(to);
        }

        /** As many of its first records as were decoded ahead. */
        <K, V> List<ConsumerRecord<K, V>> decoded() {
            return fetched.decoded(from, to);
        }
    }
}

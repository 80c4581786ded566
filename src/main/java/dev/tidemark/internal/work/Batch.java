package dev.tidemark.internal.work;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Records of one partition that came in together, in offset order, and what they decode to once somebody did. The records do not
 * change; what is decoded is guarded by the batch itself.
 */
final class Batch {
    /** What a record costs beside its key and value, by a heap histogram: the object, its headers, arrays, place in a list. */
    private static final long OVERHEAD = 160;

    private static final Logger LOG = LoggerFactory.getLogger(Batch.class);

    private final List<ConsumerRecord<byte[], byte[]>> records;
    private final long bytes;
    private volatile boolean needed = true;
    private @Nullable List<? extends ConsumerRecord<?, ?>> decoded;

    Batch(List<ConsumerRecord<byte[], byte[]>> records) {
        this.records = records;
        this.bytes = bytes(records);
    }

    private static long bytes(List<ConsumerRecord<byte[], byte[]>> records) {
        long sum = 0;
        for (ConsumerRecord<byte[], byte[]> record : records) {
            sum += bytes(record);
        }
        return sum;
    }

    private static long bytes(ConsumerRecord<byte[], byte[]> record) {
        return OVERHEAD + Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
    }

    /** How many of these records, which are in offset order, are below an offset. Touches few of them: they are cold by now. */
    static int below(List<? extends ConsumerRecord<?, ?>> records, long offset) {
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

    int size() {
        return records.size();
    }

    long bytes() {
        return bytes;
    }

    /** All of it, from this offset on. */
    Chunk from(long offset) {
        return new Chunk(this, below(records, offset), records.size());
    }

    /** A worker has come to it, or nobody will: it need not be decoded ahead any more. */
    void taken() {
        needed = false;
    }

    /** Decodes it ahead of the workers, up to the first record that cannot be, unless it is too late for that. */
    synchronized <K, V> void decode(RecordDecoder<K, V> decoder) {
        if (!needed) {
            return;
        }
        List<ConsumerRecord<K, V>> all = new ArrayList<>(records.size());
        try {
            for (ConsumerRecord<byte[], byte[]> raw : records) {
                all.add(decoder.decode(raw));
            }
        } catch (RecordDecoder.UndecodableException e) {
            LOG.trace("the worker that comes to it fails on it again, and reacts side={}", e.side());
        }
        decoded = all;
    }

    // All decoders of a consumer are of the same types.
    @SuppressWarnings("unchecked")
    private synchronized <K, V> @Nullable List<ConsumerRecord<K, V>> decoded() {
        return (List<ConsumerRecord<K, V>>) decoded;
    }

    /**
     * Some records in a row of a batch.
     *
     * @param from the first, counted from 0
     * @param to the one behind the last
     */
    record Chunk(Batch batch, int from, int to) {
        int size() {
            return to - from;
        }

        List<ConsumerRecord<byte[], byte[]>> records() {
            return batch.records.subList(from, to);
        }

        ConsumerRecord<byte[], byte[]> last() {
            return batch.records.get(to - 1);
        }

        long bytes() {
            return size() == batch.size() ? batch.bytes : Batch.bytes(records());
        }

        Chunk first(int count) {
            return new Chunk(batch, from, from + count);
        }

        Chunk without(int count) {
            return new Chunk(batch, from + count, to);
        }

        /** How many of its first records fit into so many bytes. */
        int fitting(long room) {
            long sum = 0;
            for (int i = from; i < to; i++) {
                sum += Batch.bytes(batch.records.get(i));
                if (sum > room) {
                    return i - from;
                }
            }
            return size();
        }

        /** The same records, without what they decode to: a handler that is called again must not see what it changed. */
        Chunk anew() {
            return new Batch(records()).from(0);
        }

        /** As many of its first records as were decoded ahead. Waits while that is going on. */
        <K, V> List<ConsumerRecord<K, V>> decoded() {
            List<ConsumerRecord<K, V>> all = batch.decoded();
            return all == null || all.size() <= from ? List.of() : all.subList(from, Math.min(to, all.size()));
        }
    }
}

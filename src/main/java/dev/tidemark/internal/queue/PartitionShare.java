package dev.tidemark.internal.queue;

import dev.tidemark.internal.plan.IsolatedRecord;
import dev.tidemark.internal.queue.FetchedRecords.Range;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** A unit's share of one partition: records in offset order, under one claim. Used by the worker that took it. */
public final class PartitionShare {
    private final PartitionQueue queue;
    private final Claim claim;
    private final List<Range> ranges;
    private final List<ConsumerRecord<byte[], byte[]>> records;
    private final long bytes;
    private final @Nullable Position tail;
    private final int attempt;
    private final boolean suspected;
    private final @Nullable IsolatedRecord alone;

    /** The front of a queue; called while its lock is held. */
    PartitionShare(PartitionQueue queue, List<Range> ranges) {
        this.queue = queue;
        this.claim = queue.claim;
        this.ranges = ranges;
        this.records = inOneList(ranges);
        this.bytes = ranges.stream().mapToLong(Range::bytes).sum();
        this.tail = queue.tail();
        this.attempt = queue.transientFailures + 1;
        this.suspected = queue.isSuspected();
        this.alone = queue.alone;
    }

    private static List<ConsumerRecord<byte[], byte[]>> inOneList(List<Range> ranges) {
        if (ranges.size() == 1) {
            return ranges.get(0).records();
        }
        List<ConsumerRecord<byte[], byte[]>> all =
                new ArrayList<>(ranges.stream().mapToInt(Range::size).sum());
        ranges.forEach(range -> all.addAll(range.records()));
        return all;
    }

    PartitionQueue queue() {
        return queue;
    }

    List<Range> ranges() {
        return ranges;
    }

    long bytes() {
        return bytes;
    }

    /** The claim that its records were read under, at the position before them. */
    public Claim claim() {
        return claim;
    }

    /** Its records in one list; empty if only the position moves. */
    public List<ConsumerRecord<byte[], byte[]>> records() {
        return records;
    }

    /**
     * Where the position moves once all of them took effect, if that is further than the last record: beyond transaction markers,
     * for example; null otherwise.
     */
    public @Nullable Position tail() {
        return tail;
    }

    /** How often these records are tried in a row because of transient failures, counting this time. */
    public int attempt() {
        return attempt;
    }

    /** Whether its only record may kill the process. */
    public boolean isSuspected() {
        return suspected;
    }

    /** What is known about its only record, if that failed before and is tried by itself; null otherwise. */
    public @Nullable IsolatedRecord alone() {
        return alone;
    }

    /** The results of the partition's units. */
    public PartitionHistory history() {
        return queue.history;
    }

    /** As many of its first records as were decoded ahead, but not more than this. */
    public <K, V> List<ConsumerRecord<K, V>> decodedAhead(int most) {
        List<ConsumerRecord<K, V>> all = new ArrayList<>(most);
        for (Range range : ranges) {
            List<ConsumerRecord<K, V>> decoded = range.decoded();
            all.addAll(decoded.subList(0, Math.min(decoded.size(), most - all.size())));
            if (decoded.size() < range.size()) {
                break;
            }
        }
        return all;
    }
}

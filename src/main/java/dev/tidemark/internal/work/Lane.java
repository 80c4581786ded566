package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.Position;
import dev.tidemark.internal.plan.Suspicion;
import java.util.ArrayDeque;
import java.util.List;
import java.util.ListIterator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** The records of one claimed partition that wait for a worker. Guarded by its {@link Intake}. */
final class Lane {
    /** What a record costs beside its key and value: the object, its headers, its place in the queue. */
    private static final long OVERHEAD = 100;

    private final ArrayDeque<ConsumerRecord<byte[], byte[]>> waiting = new ArrayDeque<>();

    Claim claim;
    long bytes;

    /** Records below this were taken in already, or have taken effect before the claim. */
    private long expected;

    /** In a unit; a partition is in one unit at a time. */
    boolean busy;

    /** Revoked, lost or halted: the unit that is under way is its last. */
    boolean closed;

    /** Waits for a worker, at once or after a delay. */
    boolean queued;

    /** The poll thread was told to stop fetching. */
    boolean full;

    int failedAttempts;

    @Nullable
    Suspicion suspicion;

    Lane(Claim claim) {
        this.claim = claim;
        this.expected = claim.position().nextOffset();
    }

    static long size(ConsumerRecord<?, ?> record) {
        return OVERHEAD + Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    int size() {
        return waiting.size();
    }

    /** Takes a record in, unless it lies behind: whatever the fetch position does, no record is handled twice. */
    void add(ConsumerRecord<byte[], byte[]> record) {
        if (record.offset() >= expected) {
            waiting.addLast(record);
            bytes += size(record);
            expected = Position.after(record).nextOffset();
        }
    }

    /** Moves records from the front into the list, up to a number and a size; at least one if the list is empty. */
    long moveTo(List<ConsumerRecord<byte[], byte[]>> taken, int mostRecords, long mostBytes) {
        int allowed = mostRecords;
        if (suspicion != null) {
            int suspects = 0;
            for (ConsumerRecord<byte[], byte[]> record : waiting) {
                if (record.offset() >= suspicion.end()) {
                    break;
                }
                suspects++;
            }
            if (suspects == 0) {
                suspicion = null;
            } else {
                allowed = Math.min(allowed, suspicion.take(suspects));
            }
        }
        long moved = 0;
        while (taken.size() < allowed && !waiting.isEmpty()) {
            long size = size(waiting.getFirst());
            if (moved + size > mostBytes && !taken.isEmpty()) {
                break;
            }
            taken.add(waiting.removeFirst());
            moved += size;
        }
        bytes -= moved;
        return moved;
    }

    /** Puts records back in front, in their order. */
    void putBack(List<ConsumerRecord<byte[], byte[]>> records) {
        ListIterator<ConsumerRecord<byte[], byte[]>> last = records.listIterator(records.size());
        while (last.hasPrevious()) {
            ConsumerRecord<byte[], byte[]> record = last.previous();
            waiting.addFirst(record);
            bytes += size(record);
        }
    }

    void drop() {
        waiting.clear();
        bytes = 0;
    }
}

package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.Position;
import dev.tidemark.internal.plan.Alone;
import dev.tidemark.internal.plan.ClaimedPartition;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.ListIterator;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** The records of one claimed partition that wait for a worker. Guarded by its {@link Intake}. */
final class Lane {
    /** What a record costs beside its key and value, by a heap histogram: the object, its headers, arrays, place in the queue. */
    private static final long OVERHEAD = 160;

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

    /** Waits a little for records, before its position moves without one. */
    boolean tailing;

    /** The poll thread was told to stop fetching. */
    boolean full;

    /** How often in a row passing trouble kept its records from taking effect. */
    int troubles;

    /** A record that failed: it is tried by itself next. */
    @Nullable
    Alone alone;

    /** So many more records may kill the process: they are tried one by one. */
    private int suspects;

    /** Hashes of the keys whose records follow a parked one. Used by the worker whose unit it is in. */
    final Set<ByteBuffer> heldKeys;

    /** How many records in a row were parked or skipped. Used by the worker whose unit it is in. */
    int givenUp;

    /** Where reading goes on behind the last record taken in, if that is further than the record itself. */
    private @Nullable Position tail;

    /**
     * @param mostRecords how many records a unit may hold, and so how many there are at most up to the one that killed the last owners
     */
    Lane(ClaimedPartition claimed, int mostRecords) {
        this.claim = claimed.claim();
        this.expected = claim.position().nextOffset();
        this.suspects = claimed.isSuspect() ? mostRecords : 0;
        this.heldKeys = new HashSet<>(claimed.heldKeys());
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
            // It was for the end of what was there before.
            tail = null;
        }
    }

    /** Takes in that reading goes on there: what lies between holds no record for this group. */
    void readUpTo(Position next) {
        if (next.nextOffset() > expected) {
            tail = next;
            expected = next.nextOffset();
        }
    }

    /** Where the position moves once nothing waits any more; null where it is there already. */
    @Nullable
    Position tail() {
        Position t = tail;
        return t != null && isEmpty() && t.nextOffset() > claim.position().nextOffset() ? t : null;
    }

    /** Whether its next record may kill the process. */
    boolean isSuspected() {
        return suspects > 0;
    }

    /** So many records are behind the position now. */
    void passed(int records) {
        suspects = Math.max(0, suspects - records);
    }

    /** Whether its next record must be the only one of its unit. */
    boolean goesAlone() {
        return isSuspected() || alone != null;
    }

    /** Moves records from the front into the list, up to a number and a size; at least one if the list is empty. */
    long moveTo(List<ConsumerRecord<byte[], byte[]>> taken, int mostRecords, long mostBytes) {
        int allowed = goesAlone() ? 1 : mostRecords;
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

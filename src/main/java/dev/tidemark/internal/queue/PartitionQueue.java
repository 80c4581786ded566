package dev.tidemark.internal.queue;

import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.IsolatedRecord;
import dev.tidemark.internal.queue.FetchedRecords.Range;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/** The records of one claimed partition that wait for a worker. Guarded by its {@link QueueState}. */
final class PartitionQueue {
    private final ArrayDeque<Range> waiting = new ArrayDeque<>();
    private int records;

    Claim claim;
    long bytes;

    /** Records below this were added already, or had taken effect before the claim. */
    private long expected;

    /** In a unit; a partition is in one unit at a time. */
    boolean busy;

    /** Revoked, lost or halted: the open unit is its last. */
    boolean closed;

    /** The thread that its unit was on has died: that unit will never end. */
    boolean abandoned;

    /** Waits for a worker, at once or after a delay. */
    boolean queued;

    /** Waits briefly for records, before its position moves without one. */
    boolean tailing;

    /** The poll thread was asked to stop fetching. */
    boolean full;

    /** How often in a row a transient failure kept its records from taking effect. */
    int transientFailures;

    /** A record that failed: it is tried by itself next. */
    @Nullable
    IsolatedRecord alone;

    /** This many more records may kill the process: they are tried one by one. */
    private int suspects;

    /** Passed on with each unit. */
    final PartitionHistory history;

    /** Where reading continues after the last record added, if that is beyond the record itself. */
    private @Nullable Position tail;

    /**
     * @param mostRecords how many records a unit may contain, and so how many there are at most up to the one that killed the last
     *     owners
     */
    PartitionQueue(ClaimedPartition claimed, int mostRecords) {
        this.claim = claimed.claim();
        this.expected = claim.position().nextOffset();
        this.suspects = claimed.isSuspect() ? mostRecords : 0;
        this.history = new PartitionHistory(claimed.heldKeys(), claimed.givenUp());
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    int size() {
        return records;
    }

    /** Whether nothing of it waits or is in a unit, and the poll thread need not pause it. */
    boolean isIdle() {
        return isEmpty() && !busy && !queued && !full && tail() == null;
    }

    /** Adds records, except those already passed: whatever the fetch position does, no record is handled twice. */
    void add(FetchedRecords fetched) {
        Range range = fetched.from(expected);
        if (range.from() > 0) {
            fetched.taken(range.from());
        }
        if (range.size() > 0) {
            waiting.addLast(range);
            records += range.size();
            bytes += range.bytes();
            expected = Position.after(range.last()).nextOffset();
            // It applied to the end of the previous records.
            tail = null;
        }
    }

    /** Notes that reading continues there: the offsets in between have no record for this group. */
    void readUpTo(Position next) {
        if (next.nextOffset() > expected) {
            tail = next;
            expected = next.nextOffset();
        }
    }

    /** Where the position moves once nothing waits any more; null if it is there already. */
    @Nullable
    Position tail() {
        Position t = tail;
        return t != null && isEmpty() && t.nextOffset() > claim.position().nextOffset() ? t : null;
    }

    /** Whether its next record may kill the process. */
    boolean isSuspected() {
        return suspects > 0;
    }

    /** The position has moved past this many records. */
    void passed(int records) {
        suspects = Math.max(0, suspects - records);
    }

    /** Whether its next record must be the only one of its unit. */
    boolean goesAlone() {
        return isSuspected() || alone != null;
    }

    /** Whether its next records must not share a unit with those of other partitions. */
    boolean isApart() {
        return goesAlone() || history.confined() > 0;
    }

    /** Takes records from the front, up to a number and a size; at least one if there is one. */
    List<Range> take(int mostRecords, long mostBytes) {
        int confined = history.confined() > 0 ? Math.min(mostRecords, history.confined()) : mostRecords;
        int count = goesAlone() ? 1 : confined;
        long room = mostBytes;
        List<Range> taken = new ArrayList<>();
        while (count > 0 && !waiting.isEmpty()) {
            Range next = waiting.removeFirst();
            int fitting = Math.min(count, next.bytes() <= room ? next.size() : next.fitting(room));
            int most = fitting == 0 && taken.isEmpty() ? 1 : fitting;
            Range share = next.first(most);
            if (most < next.size()) {
                waiting.addFirst(next.without(most));
            }
            if (most == 0) {
                break;
            }
            share.taken();
            taken.add(share);
            records -= most;
            count -= most;
            room -= share.bytes();
            bytes -= share.bytes();
        }
        return taken;
    }

    /** Puts all but this many of the first of these records back in front, in their order. */
    void putBack(List<Range> ranges, int done) {
        int behind = done;
        ArrayDeque<Range> left = new ArrayDeque<>();
        for (Range range : ranges) {
            int skipped = Math.min(behind, range.size());
            behind -= skipped;
            if (skipped < range.size()) {
                left.addFirst(range.without(skipped).undecoded());
            }
        }
        for (Range range : left) {
            waiting.addFirst(range);
            records += range.size();
            bytes += range.bytes();
        }
    }

    /** The first records that wait, as many as are asked for; they continue to wait. */
    List<ConsumerRecord<byte[], byte[]>> peek(int most) {
        List<ConsumerRecord<byte[], byte[]>> first = new ArrayList<>();
        for (Range range : waiting) {
            for (ConsumerRecord<byte[], byte[]> record : range.records()) {
                if (first.size() == most) {
                    return first;
                }
                first.add(record);
            }
        }
        return first;
    }

    void drop() {
        waiting.forEach(range -> range.taken());
        waiting.clear();
        records = 0;
        bytes = 0;
    }
}

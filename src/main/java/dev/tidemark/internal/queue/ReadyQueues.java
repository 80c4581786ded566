package dev.tidemark.internal.queue;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The queues that wait for a worker: at once, later after a failure, or only for a move of their position. Guarded by its {@link
 * QueueState}.
 */
final class ReadyQueues {
    /** Records mostly follow soon, and move the position with them; only if none does, a separate transaction moves it. */
    private static final Duration TAIL_PATIENCE = Duration.ofSeconds(1);

    private final ArrayDeque<PartitionQueue> ready = new ArrayDeque<>();
    private final PriorityQueue<Due> later = new PriorityQueue<>();
    private final PriorityQueue<Due> tails = new PriorityQueue<>();

    private record Due(PartitionQueue queue, long at) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return Long.compare(at - other.at, 0);
        }
    }

    /** How many wait only for a worker. */
    int ready() {
        return ready.size();
    }

    void add(PartitionQueue queue) {
        queue.queued = true;
        ready.add(queue);
    }

    /**
     * @param at by {@link System#nanoTime}
     */
    void addLater(PartitionQueue queue, long at) {
        queue.queued = true;
        later.add(new Due(queue, at));
    }

    /** Makes a queue wait for records that may follow; if none does, its position moves by itself. */
    void addTail(PartitionQueue queue, long now) {
        if (!queue.tailing) {
            queue.tailing = true;
            tails.add(new Due(queue, now + TAIL_PATIENCE.toNanos()));
        }
    }

    /** The queue that has waited longest. */
    PartitionQueue next() {
        return ready.remove();
    }

    /** Those whose time has come wait only for a worker from now on. */
    void wake(long now) {
        while (!later.isEmpty() && later.element().at() - now <= 0) {
            ready.add(later.remove().queue());
        }
    }

    /** Queues whose position is due to move without a record, at most this many; they stop waiting. */
    List<PartitionQueue> tails(long now, int most) {
        List<PartitionQueue> due = new ArrayList<>();
        while (due.size() < most && !tails.isEmpty() && tails.element().at() - now <= 0) {
            PartitionQueue queue = tails.remove().queue();
            queue.tailing = false;
            if (!queue.busy && !queue.queued && queue.tail() != null) {
                due.add(queue);
            }
        }
        return due;
    }

    /** When the next queue's time comes, if that is before the end. */
    long nextDue(long end) {
        return sooner(later.peek(), sooner(tails.peek(), end));
    }

    private static long sooner(@Nullable Due due, long end) {
        return due == null ? end : Math.min(end, due.at());
    }

    void remove(PartitionQueue queue) {
        ready.remove(queue);
        later.removeIf(due -> due.queue() == queue);
        tails.removeIf(due -> due.queue() == queue);
    }
}

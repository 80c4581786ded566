package dev.tidemark.internal.queue;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.internal.thread.Host;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.common.TopicPartition;

/** What the poll thread and the workers share, guarded by itself: all code that changes or reads it is synchronized on it. */
final class QueueState {
    private final QueueEvents events;

    @GuardedBy("this")
    final Buffer buffer;

    @GuardedBy("this")
    final Map<TopicPartition, PartitionQueue> queues = new HashMap<>();

    @GuardedBy("this")
    final Map<TopicPartition, PartitionQueue> leaving = new HashMap<>();

    @GuardedBy("this")
    final ReadyQueues waiting = new ReadyQueues();

    final DecodingQueue undecoded = new DecodingQueue();

    @GuardedBy("this")
    final Set<UUID> abandoned = new HashSet<>();

    @GuardedBy("this")
    boolean isPollResting;

    @GuardedBy("this")
    int freeWorkers;

    @GuardedBy("this")
    int busyQueues;

    @GuardedBy("this")
    boolean stopped;

    QueueState(Buffer buffer, QueueEvents events) {
        this.buffer = buffer;
        this.events = events;
    }

    @GuardedBy("this")
    void close(PartitionQueue queue) {
        TopicPartition partition = queue.claim.partition();
        if (queue.closed) {
            return;
        }
        queue.closed = true;
        buffer.change(queue, queue::drop);
        tellAppetite();
        queues.remove(partition, queue);
        waiting.remove(queue);
        buffer.forget(queue);
        if (queue.busy && !queue.abandoned) {
            leaving.put(partition, queue);
        }
    }

    /** Makes a queue wait for a worker, if there is something to do for it. */
    @GuardedBy("this")
    void enqueue(PartitionQueue queue) {
        if (!queue.isEmpty()) {
            waiting.add(queue);
            Host.notifyAll(this);
        } else if (queue.tail() != null) {
            waiting.addTail(queue, Host.nanoTime());
            Host.notifyAll(this);
        }
    }

    @GuardedBy("this")
    boolean isPlenty() {
        return freeWorkers == 0 && buffer.isPlenty();
    }

    @GuardedBy("this")
    void tellAppetite() {
        if (isPollResting && !isPlenty()) {
            isPollResting = false;
            events.appetite();
        }
    }

    @GuardedBy("this")
    boolean isIdle() {
        return busyQueues == 0 && waiting.ready() == 0;
    }
}

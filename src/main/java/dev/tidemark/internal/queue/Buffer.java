package dev.tidemark.internal.queue;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.UnitLimits;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;

/** How much waits in the queues or is in open units, and which partitions are paused because of that. Guarded by its {@link QueueState}. */
final class Buffer {
    private final UnitLimits limits;
    private final int workers;
    private final long mostBytes;
    private final Set<PartitionQueue> fullQueues = new HashSet<>();
    private int recordsWaiting;
    private long bytesWaiting;
    private long bytesUnderWay;

    Buffer(UnitLimits limits, int workers, long mostBytes) {
        this.limits = limits;
        this.workers = workers;
        this.mostBytes = mostBytes;
    }

    /** Changes what waits in a queue, and updates the count. */
    void change(PartitionQueue queue, Runnable change) {
        int records = queue.size();
        long bytes = queue.bytes;
        change.run();
        recordsWaiting += queue.size() - records;
        bytesWaiting += queue.bytes - bytes;
    }

    ConsumerStatus.Queue waiting() {
        return new ConsumerStatus.Queue(recordsWaiting, bytesWaiting);
    }

    /** What no longer waits is in an open unit. */
    void begin(PartitionShare taken) {
        bytesUnderWay += taken.bytes();
    }

    void end(PartitionShare taken) {
        bytesUnderWay -= taken.bytes();
    }

    /** Whether two units wait for each worker. */
    boolean isPlenty() {
        return holds(2);
    }

    /** Whether more waits than one poll can have added to just less than plenty. */
    boolean isMoreThanPlenty() {
        return holds(3);
    }

    private boolean holds(int units) {
        long all = (long) units * workers;
        return recordsWaiting >= all * limits.maxRecords() || bytesWaiting >= all * limits.maxBytes();
    }

    private boolean isFull() {
        return bytesWaiting + bytesUnderWay >= mostBytes;
    }

    /**
     * Marks a partition to be paused, if it holds too much.
     *
     * @param plenty whether the workers have enough to do
     */
    void fill(PartitionQueue queue, boolean plenty) {
        // Twice what the poll thread leaves waiting when its breaks are short: the workers take long.
        boolean large = plenty && queue.size() >= 4L * workers * limits.maxRecords();
        if (large || queue.bytes >= 2 * limits.maxBytes() || isFull()) {
            queue.full = true;
            fullQueues.add(queue);
        }
    }

    /** If everything is full: the partitions that have to be paused too. */
    List<TopicPartition> fillAll(Collection<PartitionQueue> queues) {
        List<TopicPartition> pause = new ArrayList<>();
        if (isFull()) {
            for (PartitionQueue queue : queues) {
                if (!queue.full) {
                    queue.full = true;
                    fullQueues.add(queue);
                    pause.add(queue.claim.partition());
                }
            }
        }
        return pause;
    }

    /**
     * The partitions for which there is space again.
     *
     * @param plenty whether the workers have enough to do
     * @param idle whether they have nothing to do
     */
    List<TopicPartition> empty(boolean plenty, boolean idle) {
        if (!fullQueues.isEmpty() && bytesWaiting + bytesUnderWay <= mostBytes * 3 / 4) {
            return empty(queue -> queue.bytes <= limits.maxBytes() && (queue.size() <= limits.maxRecords() || !plenty));
        }
        // All the space is taken by partitions that wait to be retried. They must not stop the others: one poll at a
        // time.
        return idle ? empty(PartitionQueue::isEmpty) : List.of();
    }

    private List<TopicPartition> empty(Predicate<PartitionQueue> roomy) {
        List<TopicPartition> room = new ArrayList<>();
        fullQueues.removeIf(queue -> {
            if (roomy.test(queue)) {
                queue.full = false;
                room.add(queue.claim.partition());
                return true;
            }
            return false;
        });
        return room;
    }

    void forget(PartitionQueue queue) {
        fullQueues.remove(queue);
    }
}

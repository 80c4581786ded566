package dev.tidemark.internal.work;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.UnitLimits;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicPartition;

/** How much waits in the lanes and is under way, and which partitions are paused because of that. Guarded by its {@link PartitionQueues}. */
final class Buffer {
    private final UnitLimits limits;
    private final int workers;
    private final long mostBytes;
    private final Set<PartitionQueue> fullLanes = new HashSet<>();
    private int recordsWaiting;
    private long bytesWaiting;
    private long bytesUnderWay;

    Buffer(UnitLimits limits, int workers, long mostBytes) {
        this.limits = limits;
        this.workers = workers;
        this.mostBytes = mostBytes;
    }

    /** Changes what waits in a lane, and keeps count. */
    void change(PartitionQueue lane, Runnable change) {
        int records = lane.size();
        long bytes = lane.bytes;
        change.run();
        recordsWaiting += lane.size() - records;
        bytesWaiting += lane.bytes - bytes;
    }

    ConsumerStatus.Queue waiting() {
        return new ConsumerStatus.Queue(recordsWaiting, bytesWaiting);
    }

    /** What no longer waits is under way. */
    void begin(PartitionShare portion) {
        bytesUnderWay += portion.bytes();
    }

    void end(PartitionShare portion) {
        bytesUnderWay -= portion.bytes();
    }

    /** Whether two units wait for each worker. */
    boolean isPlenty() {
        return holds(2);
    }

    /** Whether more wait than one poll can have added to just less than plenty. */
    boolean isMoreThanPlenty() {
        return holds(3);
    }

    private boolean holds(int units) {
        long all = (long) units * workers;
        return recordsWaiting >= all * limits.records() || bytesWaiting >= all * limits.bytes();
    }

    private boolean isFull() {
        return bytesWaiting + bytesUnderWay >= mostBytes;
    }

    /**
     * Notes that a partition is to be paused, if it holds too much.
     *
     * @param plenty whether the workers have enough to do
     */
    void fill(PartitionQueue lane, boolean plenty) {
        // Twice what the poll thread leaves waiting when its rests are short: the workers take long.
        boolean large = plenty && lane.size() >= 4L * workers * limits.records();
        if (large || lane.bytes >= 2 * limits.bytes() || isFull()) {
            lane.full = true;
            fullLanes.add(lane);
        }
    }

    /** If everything is full: the partitions that are to be paused too. */
    List<TopicPartition> fillAll(Collection<PartitionQueue> lanes) {
        List<TopicPartition> pause = new ArrayList<>();
        if (isFull()) {
            for (PartitionQueue lane : lanes) {
                if (!lane.full) {
                    lane.full = true;
                    fullLanes.add(lane);
                    pause.add(lane.claim.partition());
                }
            }
        }
        return pause;
    }

    /**
     * The partitions for which there is room again.
     *
     * @param plenty whether the workers have enough to do
     * @param idle whether they have nothing to do
     */
    List<TopicPartition> empty(boolean plenty, boolean idle) {
        if (!fullLanes.isEmpty() && bytesWaiting + bytesUnderWay <= mostBytes * 3 / 4) {
            return empty(lane -> lane.bytes <= limits.bytes() && (lane.size() <= limits.records() || !plenty));
        }
        // All the room is taken by partitions that wait to try again. They must not stop the others: one poll at a
        // time.
        return idle ? empty(PartitionQueue::isEmpty) : List.of();
    }

    private List<TopicPartition> empty(Predicate<PartitionQueue> roomy) {
        List<TopicPartition> room = new ArrayList<>();
        fullLanes.removeIf(lane -> {
            if (roomy.test(lane)) {
                lane.full = false;
                room.add(lane.claim.partition());
                return true;
            }
            return false;
        });
        return room;
    }

    void forget(PartitionQueue lane) {
        fullLanes.remove(lane);
    }
}

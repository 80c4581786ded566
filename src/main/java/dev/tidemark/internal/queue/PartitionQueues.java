package dev.tidemark.internal.queue;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.ConsumerStatus;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queues between the poll thread and the workers, one per claimed partition. A record waits under the claim it was
 * read under; when the claim goes, so does the record. A partition is in at most one unit at a time. This is the poll thread's side;
 * workers have {@link #units}. Thread-safe.
 */
public final class PartitionQueues {
    /** Passing fewer records to another thread costs more than decoding them. */
    private static final int WORTH_DECODING = 50;

    private final UnitLimits limits;
    private final QueueEvents events;
    private final QueueState state;
    private final UnitSource units;

    /**
     * @param workers how many take from it
     * @param mostBytes how many bytes may be buffered or in open units before all partitions are paused
     */
    public PartitionQueues(UnitLimits limits, int workers, long mostBytes, QueueEvents events) {
        this.limits = limits;
        this.events = events;
        this.state = new QueueState(new Buffer(limits, workers, mostBytes), events);
        this.units = new UnitSource(limits, state, events);
    }

    /** The workers' side. */
    public UnitSource units() {
        return units;
    }

    /** From now on records of this partition are taken, under this claim. */
    public void open(ClaimedPartition claimed) {
        synchronized (state) {
            state.queues.put(claimed.claim().partition(), new PartitionQueue(claimed, limits.maxRecords()));
        }
    }

    /**
     * Adds records; drops them if the claim they were read under is no longer the partition's.
     *
     * @param next where reading continues after them; null if unknown
     * @return whether the poll thread has to pause the partition until {@link QueueEvents#spaceFor}
     */
    public boolean offer(Claim claim, List<ConsumerRecord<byte[], byte[]>> records, @Nullable Position next) {
        return offer(claim, new FetchedRecords(records), next);
    }

    private boolean offer(Claim claim, FetchedRecords fetched, @Nullable Position next) {
        synchronized (state) {
            PartitionQueue queue = state.queues.get(claim.partition());
            if (queue == null || !queue.claim.token().equals(claim.token())) {
                return false;
            }
            if (isWorthDecoding(fetched) && !queue.isSuspected()) {
                state.undecoded.add(fetched);
            }
            state.buffer.change(queue, () -> queue.add(fetched));
            if (next != null) {
                queue.readUpTo(next);
            }
            if (!queue.busy && !queue.queued) {
                state.enqueue(queue);
            }
            state.buffer.fill(queue, state.isPlenty());
            return queue.full;
        }
    }

    /**
     * A free worker begins at once; and what waits for long must not take memory twice. One poll may return more than plenty, and
     * workers that had to decode the rest of it themselves would not gain from the help.
     */
    @GuardedBy("state")
    private boolean isWorthDecoding(FetchedRecords fetched) {
        return state.freeWorkers == 0
                && fetched.size() >= WORTH_DECODING
                && !state.buffer.isMoreThanPlenty()
                && fetched.bytes() <= limits.maxBytes();
    }

    /**
     * Whether no worker waits for records, and enough wait for the workers that the poll thread may take a break; {@link
     * QueueEvents#appetite} reports when that is over. A break is better than pausing partitions: a fetch for the partitions that
     * are not paused may wait at the broker for half a second, and nothing else is fetched during that time.
     */
    public boolean hasPlenty() {
        synchronized (state) {
            state.isPollResting = state.isPlenty();
            return state.isPollResting;
        }
    }

    /**
     * The partitions that the poll thread has to pause as well, since the buffer is full, until {@link QueueEvents#spaceFor}: any of
     * them can return as much with the next poll.
     */
    public List<TopicPartition> withoutRoom() {
        synchronized (state) {
            // With no unit open or to come, nothing would report that there is space again.
            return state.isIdle() ? List.of() : state.buffer.fillAll(state.queues.values());
        }
    }

    /**
     * Drops what is buffered for these partitions. Returns the positions of the claims that ended with it; a unit that is still
     * open may advance one, which {@link QueueEvents#drained} reports.
     */
    public Map<TopicPartition, Claim> close(Collection<TopicPartition> partitions) {
        Map<TopicPartition, Claim> ended = new HashMap<>();
        List<TopicPartition> room;
        synchronized (state) {
            for (TopicPartition partition : partitions) {
                PartitionQueue queue = state.queues.get(partition);
                if (queue != null) {
                    state.close(queue);
                    ended.put(partition, queue.claim);
                }
            }
            room = state.buffer.empty(state.isPlenty(), state.isIdle());
        }
        if (!room.isEmpty()) {
            events.spaceFor(room);
        }
        return ended;
    }

    /** Waits until no unit of these partitions is open, or the time is over; returns whether none is. */
    public boolean awaitIdle(Collection<TopicPartition> partitions, Duration patience) throws InterruptedException {
        synchronized (state) {
            long end = Host.nanoTime() + patience.toNanos();
            while (!Collections.disjoint(partitions, state.leaving.keySet())) {
                long left = end - Host.nanoTime();
                if (left <= 0) {
                    return false;
                }
                Host.wait(state, left / 1_000_000 + 1);
            }
            return true;
        }
    }

    /** Whether a unit of this partition is open that was begun before the partition was closed. */
    public boolean isLeaving(TopicPartition partition) {
        synchronized (state) {
            return state.leaving.containsKey(partition);
        }
    }

    /** The claims in force, with their committed positions. */
    public Map<TopicPartition, Claim> claims() {
        synchronized (state) {
            Map<TopicPartition, Claim> claims = new HashMap<>();
            state.queues.forEach((partition, queue) -> claims.put(partition, queue.claim));
            return claims;
        }
    }

    /** The claims of partitions of which nothing waits or is in a unit, and which need not be paused. */
    public Map<TopicPartition, Claim> idle() {
        synchronized (state) {
            Map<TopicPartition, Claim> idle = new HashMap<>();
            state.queues.forEach((partition, queue) -> {
                if (queue.isIdle()) {
                    idle.put(partition, queue.claim);
                }
            });
            return idle;
        }
    }

    /** How many keys a partition's records are compared with, including those whose dead letters are gone in the meantime. */
    public int heldKeys(TopicPartition partition) {
        synchronized (state) {
            PartitionQueue queue = state.queues.get(partition);
            return queue == null ? 0 : queue.history.heldKeys();
        }
    }

    /** What waits for a worker. */
    public ConsumerStatus.Queue waiting() {
        synchronized (state) {
            return state.buffer.waiting();
        }
    }

    /** Prevents workers from beginning further units. */
    public void stop() {
        synchronized (state) {
            state.stopped = true;
            state.undecoded.stop();
            Host.notifyAll(state);
        }
    }

    /** Whether a unit under this claim ended with its thread: releasing the claim would look like progress. */
    public boolean isAbandoned(Claim claim) {
        synchronized (state) {
            return state.abandoned.contains(claim.token());
        }
    }
}

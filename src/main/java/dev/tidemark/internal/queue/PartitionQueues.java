package dev.tidemark.internal.queue;

import dev.tidemark.offsets.Claim;
import dev.tidemark.ConsumerStatus;
import dev.tidemark.offsets.Position;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.queue.FetchedRecords.Range;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queues between the poll thread and the workers, one per claimed partition. A record waits under the claim it was
 * read under; when the claim goes, so does the record. A partition is in at most one unit at a time. Thread-safe.
 */
public final class PartitionQueues {
    /** Handing over fewer records to another thread costs more than to decode them. */
    private static final int WORTH_DECODING = 50;

    private final UnitLimits limits;
    private final QueueEvents events;
    private final Buffer buffer;

    private final Map<TopicPartition, PartitionQueue> queues = new HashMap<>();
    private final Map<TopicPartition, PartitionQueue> leaving = new HashMap<>();
    private final ReadyQueues waiting = new ReadyQueues();
    private final DecodingQueue undecoded = new DecodingQueue();
    private final Set<UUID> abandoned = new HashSet<>();
    private boolean isPollResting;
    private int freeWorkers;
    private int busyQueues;
    private boolean stopped;

    /**
     * @param workers how many take from it
     * @param mostBytes how many bytes may be buffered or under way before all partitions are paused
     */
    public PartitionQueues(UnitLimits limits, int workers, long mostBytes, QueueEvents events) {
        this.limits = limits;
        this.events = events;
        this.buffer = new Buffer(limits, workers, mostBytes);
    }

    /** From now on records of this partition are taken, under this claim. */
    public synchronized void open(ClaimedPartition claimed) {
        queues.put(claimed.claim().partition(), new PartitionQueue(claimed, limits.maxRecords()));
    }

    /**
     * Takes records in; drops them if the claim they were read under is no longer the one of the partition.
     *
     * @param next where reading goes on behind them; null where nobody knows
     * @return whether the poll thread is to pause the partition until {@link QueueEvents#roomFor}
     */
    public boolean offer(Claim claim, List<ConsumerRecord<byte[], byte[]>> records, @Nullable Position next) {
        return offer(claim, new FetchedRecords(records), next);
    }

    private synchronized boolean offer(Claim claim, FetchedRecords fetched, @Nullable Position next) {
        PartitionQueue queue = queues.get(claim.partition());
        if (queue == null || !queue.claim.token().equals(claim.token())) {
            return false;
        }
        if (isWorthDecoding(fetched) && !queue.isSuspected()) {
            undecoded.add(fetched);
        }
        buffer.change(queue, () -> queue.add(fetched));
        if (next != null) {
            queue.readUpTo(next);
        }
        if (!queue.busy && !queue.queued) {
            enqueue(queue);
        }
        buffer.fill(queue, isPlenty());
        return queue.full;
    }

    /**
     * While a worker is free it begins at once; and what waits for long must not lie there twice. One poll may bring more than
     * is plenty, and workers that had to decode the rest of it themselves would not be any faster for the help.
     */
    private boolean isWorthDecoding(FetchedRecords fetched) {
        return freeWorkers == 0
                && fetched.size() >= WORTH_DECODING
                && !buffer.isMoreThanPlenty()
                && fetched.bytes() <= limits.maxBytes();
    }

    /** Records that the workers will come to, and are too busy to decode yet. Waits for some. */
    public FetchedRecords nextToDecode() throws InterruptedException {
        return undecoded.take();
    }

    /**
     * Whether no worker waits for records, and so many wait for the workers that the poll thread may rest; {@link
     * QueueEvents#appetite} tells when that is over. To rest is better than to pause: a fetch for the partitions that are not
     * paused may wait at the broker for half a second, and nothing else is fetched meanwhile.
     */
    public synchronized boolean hasPlenty() {
        isPollResting = isPlenty();
        return isPollResting;
    }

    private boolean isPlenty() {
        return freeWorkers == 0 && buffer.isPlenty();
    }

    private void tellAppetite() {
        if (isPollResting && !isPlenty()) {
            isPollResting = false;
            events.appetite();
        }
    }

    /**
     * The partitions that the poll thread is to pause as well, since the buffer is full, until {@link QueueEvents#roomFor}: any
     * of them can bring as much with the next poll.
     */
    public synchronized List<TopicPartition> withoutRoom() {
        // With no unit under way or to come, nobody would say that there is room again.
        return isIdle() ? List.of() : buffer.fillAll(queues.values());
    }

    private boolean isIdle() {
        return busyQueues == 0 && waiting.ready() == 0;
    }

    /**
     * Drops what is buffered for these partitions. Answers where the claims stand that ended with it; a unit that is still under
     * way may move one on, as {@link QueueEvents#drained} tells.
     */
    public Map<TopicPartition, Claim> close(Collection<TopicPartition> partitions) {
        Map<TopicPartition, Claim> ended = new HashMap<>();
        List<TopicPartition> room;
        synchronized (this) {
            for (TopicPartition partition : partitions) {
                PartitionQueue queue = queues.get(partition);
                if (queue != null) {
                    close(queue);
                    ended.put(partition, queue.claim);
                }
            }
            room = buffer.empty(isPlenty(), isIdle());
        }
        if (!room.isEmpty()) {
            events.roomFor(room);
        }
        return ended;
    }

    /** Waits until no unit of these partitions is under way, or the time is over; answers whether none is. */
    public synchronized boolean awaitIdle(Collection<TopicPartition> partitions, Duration patience)
            throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (partitions.stream().anyMatch(leaving::containsKey)) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            wait(left / 1_000_000 + 1);
        }
        return true;
    }

    /** Whether a unit of this partition is under way that was begun before the partition was closed. */
    public synchronized boolean isLeaving(TopicPartition partition) {
        return leaving.containsKey(partition);
    }

    /** Whether the claim that a unit's share was read under is gone meanwhile. */
    public synchronized boolean isClosed(PartitionShare taken) {
        return taken.queue().closed;
    }

    /** The claims in force, with their committed positions. */
    public synchronized Map<TopicPartition, Claim> claims() {
        Map<TopicPartition, Claim> claims = new HashMap<>();
        queues.forEach((partition, queue) -> claims.put(partition, queue.claim));
        return claims;
    }

    /** How many keys a partition's records are compared with, those included whose dead letters are gone meanwhile. */
    public synchronized int heldKeys(TopicPartition partition) {
        PartitionQueue queue = queues.get(partition);
        return queue == null ? 0 : queue.history.heldKeys();
    }

    /** What waits for a worker. */
    public synchronized ConsumerStatus.Queue waiting() {
        return buffer.waiting();
    }

    /** Lets no worker begin another unit. */
    public synchronized void stop() {
        stopped = true;
        undecoded.stop();
        notifyAll();
    }

    /**
     * The thread that this unit was on dies with it: the unit will never end, and nobody is to wait for it. What it held came to
     * nothing, as {@link #isAbandoned} tells from then on.
     */
    public synchronized void abandon(List<PartitionShare> unit) {
        for (PartitionShare taken : unit) {
            PartitionQueue queue = taken.queue();
            if (queue.busy) {
                // Stays busy, so that no other worker takes it.
                queue.abandoned = true;
                abandoned.add(queue.claim.token());
                leaving.remove(queue.claim.partition(), queue);
            }
        }
        notifyAll();
    }

    /** Whether a unit under this claim ended with its thread: giving the claim back would look like progress. */
    public synchronized boolean isAbandoned(Claim claim) {
        return abandoned.contains(claim.token());
    }

    public synchronized boolean isStopped() {
        return stopped;
    }

    /** The next unit; empty if there is none within the patience, or after {@link #stop}. Units end by {@link #settle}. */
    public synchronized List<PartitionShare> take(UnitPace pace, Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (!stopped) {
            long now = System.nanoTime();
            waiting.wake(now);
            if (waiting.ready() > 0) {
                return assemble(pace);
            }
            List<PartitionShare> tails = waiting.tails(now, pace.onePartition() ? 1 : Integer.MAX_VALUE).stream()
                    .map(queue -> begin(queue, List.of()))
                    .toList();
            if (!tails.isEmpty()) {
                return tails;
            }
            long until = waiting.nextDue(end);
            if (end - now <= 0) {
                break;
            }
            freeWorkers++;
            tellAppetite();
            try {
                wait(Math.max(1, (until - now) / 1_000_000));
            } finally {
                freeWorkers--;
            }
        }
        return List.of();
    }

    private List<PartitionShare> assemble(UnitPace pace) {
        // Shared out among the workers that are free, so that one does not take all while the others look on.
        int free = freeWorkers + 1;
        int share = (waiting.ready() + free - 1) / free;
        int records = pace.allowance(limits);
        long room = limits.maxBytes();
        List<PartitionShare> unit = new ArrayList<>();
        int rounds = waiting.ready();
        while (rounds-- > 0 && unit.size() < share && records > 0 && room > 0) {
            PartitionQueue queue = waiting.next();
            if (queue.goesAlone() && !unit.isEmpty()) {
                waiting.add(queue);
                continue;
            }
            PartitionShare taken = begin(queue, take(queue, records, room));
            unit.add(taken);
            records -= taken.records().size();
            room -= taken.bytes();
            if (pace.onePartition() || queue.goesAlone()) {
                break;
            }
        }
        tellAppetite();
        return unit;
    }

    private List<Range> take(PartitionQueue queue, int mostRecords, long mostBytes) {
        List<Range> taken = new ArrayList<>();
        buffer.change(queue, () -> taken.addAll(queue.take(mostRecords, mostBytes)));
        return taken;
    }

    private PartitionShare begin(PartitionQueue queue, List<Range> taken) {
        queue.busy = true;
        queue.queued = false;
        busyQueues++;
        PartitionShare share = new PartitionShare(queue, taken);
        buffer.begin(share);
        return share;
    }

    /** Records of this partition that wait behind those in its unit, the first so many. */
    public synchronized List<ConsumerRecord<byte[], byte[]>> behind(PartitionShare share, int most) {
        return share.queue().peek(most);
    }

    /** The first waiting record of each of so many other partitions of the topic. */
    public synchronized List<ConsumerRecord<byte[], byte[]>> firstOfOthers(PartitionShare share, int most) {
        PartitionQueue queue = share.queue();
        return queues.values().stream()
                .filter(other -> other != queue
                        && !other.isSuspected()
                        && other.claim
                                .partition()
                                .topic()
                                .equals(queue.claim.partition().topic()))
                .flatMap(other -> other.peek(1).stream())
                .limit(most)
                .toList();
    }

    /** Ends units: each share is either done up to a record, to be tried again, or its partition's last. */
    public void settle(List<Settlement> settlements) {
        List<Claim> drained = new ArrayList<>();
        List<TopicPartition> room;
        synchronized (this) {
            for (Settlement s : settlements) {
                if (settle(s)) {
                    drained.add(s.taken().queue().claim);
                }
            }
            room = buffer.empty(isPlenty(), isIdle());
            notifyAll();
        }
        drained.forEach(events::drained);
        if (!room.isEmpty()) {
            events.roomFor(room);
        }
    }

    private boolean settle(Settlement s) {
        PartitionShare taken = s.taken();
        PartitionQueue queue = taken.queue();
        queue.busy = false;
        busyQueues--;
        buffer.end(taken);
        if (s.moved() != null) {
            queue.claim = queue.claim.at(s.moved());
            queue.passed(s.done());
        }
        if (s.closing()) {
            close(queue);
        }
        if (queue.closed) {
            leaving.remove(taken.claim().partition(), queue);
            return true;
        }
        queue.alone = s.alone();
        if (s.troubled()) {
            queue.troubles++;
        } else if (s.moved() != null) {
            queue.troubles = 0;
        }
        buffer.change(queue, () -> queue.putBack(taken.ranges(), s.done()));
        if (s.delay() > 0) {
            waiting.addLater(queue, System.nanoTime() + s.delay());
        } else {
            enqueue(queue);
        }
        return false;
    }

    private void close(PartitionQueue queue) {
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

    /** Lets a queue wait for a worker, if there is something to do for it. */
    private void enqueue(PartitionQueue queue) {
        if (!queue.isEmpty()) {
            waiting.add(queue);
            notifyAll();
        } else if (queue.tail() != null) {
            waiting.addTail(queue, System.nanoTime());
            notifyAll();
        }
    }
}

package dev.tidemark.internal.work;

import dev.tidemark.Claim;
import dev.tidemark.Position;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.UnitPace;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * The bounded queues between the poll thread and the workers, one per claimed partition. A record waits under the claim it was
 * read under; when the claim goes, so does the record. A partition is in at most one unit at a time. Thread-safe.
 */
public final class Intake {
    /** Records mostly follow soon, and move the position with them; only where none does is a transaction made for it. */
    private static final Duration TAIL_PATIENCE = Duration.ofSeconds(1);

    private final UnitLimits limits;
    private final long mostBytes;
    private final WorkerEvents events;

    private final Map<TopicPartition, Lane> lanes = new HashMap<>();
    private final Map<TopicPartition, Lane> leaving = new HashMap<>();
    private final ArrayDeque<Lane> ready = new ArrayDeque<>();
    private final PriorityQueue<Delayed> delayed = new PriorityQueue<>();
    private final PriorityQueue<Delayed> tailing = new PriorityQueue<>();
    private final Set<Lane> fullLanes = new HashSet<>();
    private long bytes;
    private int waitingWorkers;
    private boolean stopped;

    private record Delayed(Lane lane, long due) implements Comparable<Delayed> {
        @Override
        public int compareTo(Delayed other) {
            return Long.compare(due - other.due, 0);
        }
    }

    /**
     * @param mostBytes how many bytes may be buffered or under way before partitions are paused
     */
    public Intake(UnitLimits limits, long mostBytes, WorkerEvents events) {
        this.limits = limits;
        this.mostBytes = mostBytes;
        this.events = events;
    }

    /** From now on records of this partition are taken, under this claim. */
    public synchronized void open(ClaimedPartition claimed) {
        lanes.put(claimed.claim().partition(), new Lane(claimed));
    }

    /**
     * Takes records in; drops them if the claim they were read under is no longer the one of the partition.
     *
     * @param next where reading goes on behind them; null where nobody knows
     * @return whether the poll thread is to pause the partition until {@link WorkerEvents#roomFor}
     */
    public synchronized boolean offer(
            Claim claim, List<ConsumerRecord<byte[], byte[]>> records, @Nullable Position next) {
        Lane lane = lanes.get(claim.partition());
        if (lane == null || !lane.claim.token().equals(claim.token())) {
            return false;
        }
        long before = lane.bytes;
        records.forEach(lane::add);
        bytes += lane.bytes - before;
        if (next != null) {
            lane.readUpTo(next);
        }
        if (!lane.busy && !lane.queued) {
            enqueue(lane);
        }
        if (lane.size() >= 2 * limits.records() || lane.bytes >= 2 * limits.bytes() || bytes >= mostBytes) {
            lane.full = true;
            fullLanes.add(lane);
        }
        return lane.full;
    }

    /** Drops what is buffered for these partitions. Answers those of which a unit is still under way. */
    public Set<TopicPartition> close(Collection<TopicPartition> partitions) {
        Set<TopicPartition> busy = new HashSet<>();
        List<TopicPartition> room;
        synchronized (this) {
            for (TopicPartition partition : partitions) {
                Lane lane = lanes.get(partition);
                if (lane != null) {
                    close(lane);
                }
                if (leaving.containsKey(partition)) {
                    busy.add(partition);
                }
            }
            room = roomAgain();
        }
        if (!room.isEmpty()) {
            events.roomFor(room);
        }
        return busy;
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

    /** Whether the claim that a unit's portion was read under is gone meanwhile. */
    synchronized boolean isClosed(Portion portion) {
        return portion.lane().closed;
    }

    /** The claims in force, with their committed positions. */
    public synchronized Map<TopicPartition, Claim> claims() {
        Map<TopicPartition, Claim> claims = new HashMap<>();
        lanes.forEach((partition, lane) -> claims.put(partition, lane.claim));
        return claims;
    }

    /** Lets no worker begin another unit. */
    public synchronized void stop() {
        stopped = true;
        notifyAll();
    }

    synchronized boolean isStopped() {
        return stopped;
    }

    /** The next unit; empty if there is none within the patience, or after {@link #stop}. Units end by {@link #settle}. */
    synchronized List<Portion> take(UnitPace pace, Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (!stopped) {
            long now = System.nanoTime();
            while (!delayed.isEmpty() && delayed.element().due() - now <= 0) {
                ready.add(delayed.remove().lane());
            }
            if (!ready.isEmpty()) {
                return assemble(pace);
            }
            List<Portion> tails = tails(now);
            if (!tails.isEmpty()) {
                return tails;
            }
            long until = end;
            for (Delayed next : Arrays.asList(delayed.peek(), tailing.peek())) {
                until = next == null ? until : Math.min(until, next.due());
            }
            if (end - now <= 0) {
                break;
            }
            waitingWorkers++;
            try {
                wait(Math.max(1, (until - now) / 1_000_000));
            } finally {
                waitingWorkers--;
            }
        }
        return List.of();
    }

    private List<Portion> assemble(UnitPace pace) {
        // Shared out among the workers that are free, so that one does not take all while the others look on.
        int free = waitingWorkers + 1;
        int share = (ready.size() + free - 1) / free;
        int records = pace.allowance(limits);
        long room = limits.bytes();
        List<Portion> unit = new ArrayList<>();
        int rounds = ready.size();
        while (rounds-- > 0 && unit.size() < share && records > 0 && room > 0) {
            Lane lane = ready.remove();
            if (lane.goesAlone() && !unit.isEmpty()) {
                ready.add(lane);
                continue;
            }
            List<ConsumerRecord<byte[], byte[]>> taken = new ArrayList<>(Math.min(records, lane.size()));
            long moved = lane.moveTo(taken, records, room);
            unit.add(begin(lane, taken, moved));
            records -= taken.size();
            room -= moved;
            if (pace.onePartition() || lane.goesAlone()) {
                break;
            }
        }
        return unit;
    }

    private static Portion begin(Lane lane, List<ConsumerRecord<byte[], byte[]>> taken, long moved) {
        lane.busy = true;
        lane.queued = false;
        return new Portion(lane, lane.claim, taken, moved, lane.tail(), lane.troubles + 1);
    }

    /** A unit of the positions that are due to move without a record. */
    private List<Portion> tails(long now) {
        List<Portion> unit = new ArrayList<>();
        while (!tailing.isEmpty() && tailing.element().due() - now <= 0) {
            Lane lane = tailing.remove().lane();
            lane.tailing = false;
            if (!lane.busy && !lane.queued && !lane.closed && lane.tail() != null) {
                unit.add(begin(lane, List.of(), 0));
            }
        }
        return unit;
    }

    /** Ends units: each portion is either done up to a record, to be tried again, or its partition's last. */
    void settle(List<Settlement> settlements) {
        List<TopicPartition> drained = new ArrayList<>();
        List<TopicPartition> room;
        synchronized (this) {
            for (Settlement s : settlements) {
                if (settle(s)) {
                    drained.add(s.portion().claim().partition());
                }
            }
            room = roomAgain();
            notifyAll();
        }
        drained.forEach(events::drained);
        if (!room.isEmpty()) {
            events.roomFor(room);
        }
    }

    private boolean settle(Settlement s) {
        Portion portion = s.portion();
        Lane lane = portion.lane();
        lane.busy = false;
        bytes -= portion.bytes();
        if (s.moved() != null) {
            lane.claim = lane.claim.at(s.moved());
        }
        if (s.closing()) {
            close(lane);
        }
        if (lane.closed) {
            leaving.remove(portion.claim().partition(), lane);
            return true;
        }
        lane.alone = s.alone();
        if (s.troubled()) {
            lane.troubles++;
        } else if (s.moved() != null) {
            lane.troubles = 0;
        }
        long before = lane.bytes;
        lane.putBack(portion.records().subList(s.done(), portion.records().size()));
        bytes += lane.bytes - before;
        if (s.delay() > 0) {
            lane.queued = true;
            delayed.add(new Delayed(lane, System.nanoTime() + s.delay()));
        } else {
            enqueue(lane);
        }
        return false;
    }

    private void close(Lane lane) {
        TopicPartition partition = lane.claim.partition();
        if (lane.closed) {
            return;
        }
        lane.closed = true;
        bytes -= lane.bytes;
        lane.drop();
        lanes.remove(partition, lane);
        if (lane.queued) {
            ready.remove(lane);
            delayed.removeIf(d -> d.lane() == lane);
        }
        tailing.removeIf(d -> d.lane() == lane);
        fullLanes.remove(lane);
        if (lane.busy) {
            leaving.put(partition, lane);
        }
    }

    /** Lets a lane wait for a worker, if there is something to do for it. */
    private void enqueue(Lane lane) {
        if (!lane.isEmpty()) {
            lane.queued = true;
            ready.add(lane);
            notifyAll();
        } else if (lane.tail() != null && !lane.tailing) {
            lane.tailing = true;
            tailing.add(new Delayed(lane, System.nanoTime() + TAIL_PATIENCE.toNanos()));
            notifyAll();
        }
    }

    private List<TopicPartition> roomAgain() {
        List<TopicPartition> room = new ArrayList<>();
        if (!fullLanes.isEmpty() && bytes <= mostBytes * 3 / 4) {
            fullLanes.removeIf(lane -> {
                boolean roomy = lane.size() <= limits.records() && lane.bytes <= limits.bytes();
                if (roomy) {
                    lane.full = false;
                    room.add(lane.claim.partition());
                }
                return roomy;
            });
        }
        return room;
    }
}

package dev.tidemark.internal.queue;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.UnitLimits;
import dev.tidemark.internal.plan.UnitPace;
import dev.tidemark.internal.queue.FetchedRecords.Range;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/** Where workers take units of work from, and where they settle them: their side of the {@link PartitionQueues}. Thread-safe. */
public final class UnitSource {
    /** Among how many records of a partition with held keys one of another key is looked for. */
    private static final int REACH = 16;

    private final UnitLimits limits;
    private final QueueState state;
    private final QueueEvents events;

    UnitSource(UnitLimits limits, QueueState state, QueueEvents events) {
        this.limits = limits;
        this.state = state;
        this.events = events;
    }

    /** The next unit; empty if there is none within the patience, or after {@link PartitionQueues#stop}. Units end by {@link #settle}. */
    public List<PartitionShare> take(UnitPace pace, Duration patience) throws InterruptedException {
        synchronized (state) {
            long end = Host.nanoTime() + patience.toNanos();
            while (!state.stopped) {
                long now = Host.nanoTime();
                state.waiting.wake(now);
                if (state.waiting.ready() > 0) {
                    return assemble(pace);
                }
                List<PartitionShare> tails = new ArrayList<>();
                for (PartitionQueue queue : state.waiting.tails(now, pace.onePartition() ? 1 : Integer.MAX_VALUE)) {
                    tails.add(begin(queue, List.of()));
                }
                if (!tails.isEmpty()) {
                    return tails;
                }
                long until = state.waiting.nextDue(end);
                if (end - now <= 0) {
                    break;
                }
                state.freeWorkers++;
                state.tellAppetite();
                try {
                    Host.wait(state, Math.max(1, (until - now) / 1_000_000));
                } finally {
                    state.freeWorkers--;
                }
            }
            return List.of();
        }
    }

    @GuardedBy("state")
    private List<PartitionShare> assemble(UnitPace pace) {
        // Divided among the free workers, so that one does not take all while the others are idle.
        int free = state.freeWorkers + 1;
        int share = (state.waiting.ready() + free - 1) / free;
        int records = pace.allowance(limits);
        long room = limits.maxBytes();
        List<PartitionShare> unit = new ArrayList<>();
        int rounds = state.waiting.ready();
        while (rounds-- > 0 && unit.size() < share && records > 0 && room > 0) {
            PartitionQueue queue = state.waiting.next();
            if (queue.isApart() && !unit.isEmpty()) {
                state.waiting.add(queue);
                continue;
            }
            PartitionShare taken = begin(queue, take(queue, records, room));
            unit.add(taken);
            records -= taken.records().size();
            room -= taken.bytes();
            if (pace.onePartition() || queue.isApart()) {
                break;
            }
        }
        state.tellAppetite();
        return unit;
    }

    @GuardedBy("state")
    private List<Range> take(PartitionQueue queue, int mostRecords, long mostBytes) {
        List<Range> taken = new ArrayList<>();
        state.buffer.change(queue, () -> taken.addAll(queue.take(mostRecords, mostBytes)));
        return taken;
    }

    @GuardedBy("state")
    private PartitionShare begin(PartitionQueue queue, List<Range> taken) {
        queue.busy = true;
        queue.queued = false;
        state.busyQueues++;
        PartitionShare share = new PartitionShare(queue, taken);
        state.buffer.begin(share);
        return share;
    }

    /** Records that the workers will reach, and are too busy to decode yet. Waits for some. */
    public FetchedRecords nextToDecode() throws InterruptedException {
        return state.undecoded.take();
    }

    /** The first records of this partition that wait behind those in its unit, at most this many. */
    public List<ConsumerRecord<byte[], byte[]>> behind(PartitionShare share, int most) {
        synchronized (state) {
            return share.queue().peek(most);
        }
    }

    /**
     * Waiting records of other partitions of the topic, at most this many: the first of each, then the second of each, and so on.
     *
     * @param follows whether a record follows a parked one of its key, which its partition's history shows: then the next counts
     */
    public List<ConsumerRecord<byte[], byte[]>> ofOthers(
            PartitionShare share, int most, BiPredicate<PartitionHistory, ConsumerRecord<byte[], byte[]>> follows) {
        List<List<ConsumerRecord<byte[], byte[]>>> waiting;
        synchronized (state) {
            PartitionQueue queue = share.queue();
            waiting = state.queues.values().stream()
                    .filter(other -> other != queue
                            && !other.isSuspected()
                            && other.claim
                                    .partition()
                                    .topic()
                                    .equals(queue.claim.partition().topic()))
                    .map(other -> other.peek(other.history.isHolding() ? REACH : most).stream()
                            .filter(record -> !follows.test(other.history, record))
                            .limit(most)
                            .toList())
                    .toList();
        }
        return IntStream.range(0, most)
                .boxed()
                .flatMap(round -> waiting.stream()
                        .filter(records -> round < records.size())
                        .map(records -> records.get(round)))
                .limit(most)
                .toList();
    }

    /** Ends units: each share is either done up to a record, to be tried again, or its partition's last. */
    public void settle(List<Settlement> settlements) {
        List<Claim> drained = new ArrayList<>();
        List<TopicPartition> room;
        synchronized (state) {
            for (Settlement s : settlements) {
                if (settle(s)) {
                    drained.add(s.taken().queue().claim);
                }
            }
            room = state.buffer.empty(state.isPlenty(), state.isIdle());
            Host.notifyAll(state);
        }
        drained.forEach(events::drained);
        if (!room.isEmpty()) {
            events.spaceFor(room);
        }
    }

    @GuardedBy("state")
    private boolean settle(Settlement s) {
        PartitionShare taken = s.taken();
        PartitionQueue queue = taken.queue();
        queue.busy = false;
        state.busyQueues--;
        state.buffer.end(taken);
        if (s.moved() != null) {
            queue.claim = queue.claim.at(s.moved());
            queue.passed(s.done());
        }
        if (s.closing()) {
            state.close(queue);
        }
        if (queue.closed) {
            state.leaving.remove(taken.claim().partition(), queue);
            return true;
        }
        queue.alone = s.alone();
        if (s.transientFailure()) {
            queue.transientFailures++;
        } else if (s.moved() != null) {
            queue.transientFailures = 0;
        }
        state.buffer.change(queue, () -> queue.putBack(taken.ranges(), s.done()));
        if (s.delay() > 0) {
            state.waiting.addLater(queue, Host.nanoTime() + s.delay());
        } else {
            state.enqueue(queue);
        }
        return false;
    }

    /**
     * The thread that this unit was on dies with it: the unit will never end, and no thread may wait for it. Its records had no
     * effect, as {@link PartitionQueues#isAbandoned} reports from then on.
     */
    public void abandon(List<PartitionShare> unit) {
        synchronized (state) {
            for (PartitionShare taken : unit) {
                PartitionQueue queue = taken.queue();
                if (queue.busy) {
                    // Stays busy, so that no other worker takes it.
                    queue.abandoned = true;
                    state.abandoned.add(queue.claim.token());
                    state.leaving.remove(queue.claim.partition(), queue);
                }
            }
            Host.notifyAll(state);
        }
    }

    /** Whether the claim that a unit's share was read under is gone in the meantime. */
    public boolean isClosed(PartitionShare taken) {
        synchronized (state) {
            return taken.queue().closed;
        }
    }

    /** Whether no more units are begun. */
    public boolean isStopped() {
        synchronized (state) {
            return state.stopped;
        }
    }
}

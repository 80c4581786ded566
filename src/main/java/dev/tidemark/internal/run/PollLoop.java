package dev.tidemark.internal.run;

import dev.tidemark.PartitionState;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.kafka.KafkaErrors;
import dev.tidemark.internal.queue.PartitionQueues;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.offsets.Claim;
import dev.tidemark.offsets.Position;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls, passes records to the workers, and processes the events of the other threads. It never waits for the database; it waits
 * for the workers in one place, {@link Rebalances}.
 */
final class PollLoop {
    private static final Logger LOG = LoggerFactory.getLogger(PollLoop.class);

    /** Posts wake the loop, so this only limits how long a rebalance callback waits for its poll. */
    private static final Duration POLL = Duration.ofMillis(500);

    /** While the workers have plenty, rebalances are still noticed within this time. */
    private static final Duration REST = Duration.ofMillis(100);

    private final String groupId;
    private final Consumer<byte[], byte[]> consumer;
    private final Seeks seeks;
    private final Assignment assigned;
    private final PollThreadTasks tasks;
    private final PollThreadEvents events;
    private final PartitionQueues queues;
    private final ControlThread control;
    private final Mirror mirror;
    private final OwnThreads threads;
    private final RunEnd end;
    private final Withdrawal withdrawal;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final AssignmentWait wait;
    private final PollFailures failures;
    private final DrainedPolls drained;
    private volatile long lastPoll;
    private volatile boolean polls;
    private volatile boolean joined;

    PollLoop(
            String groupId,
            Consumer<byte[], byte[]> consumer,
            Seeks seeks,
            Assignment assigned,
            PollThreadTasks tasks,
            PollThreadEvents events,
            PartitionQueues queues,
            ControlThread control,
            Mirror mirror,
            OwnThreads threads,
            RunEnd end,
            Withdrawal withdrawal,
            AssignmentWait wait,
            DrainedPolls drained) {
        this.groupId = groupId;
        this.consumer = consumer;
        this.seeks = seeks;
        this.assigned = assigned;
        this.tasks = tasks;
        this.events = events;
        this.queues = queues;
        this.control = control;
        this.mirror = mirror;
        this.threads = threads;
        this.end = end;
        this.withdrawal = withdrawal;
        this.wait = wait;
        this.failures = new PollFailures(groupId, assigned);
        this.drained = drained;
    }

    /**
     * Polls until stopped, or until the end of a bounded run; throws what stops the whole consumer.
     *
     * @param join subscribes, as was done before
     */
    void run(Runnable join) {
        markAlive();
        while (stopped.getCount() > 0) {
            markAlive();
            tasks.runAll();
            TidemarkException fatal = events.failure();
            if (fatal != null) {
                throw fatal;
            }
            Optional<String> died = threads.died();
            if (died.isPresent()) {
                // It should have reported why, and could not.
                throw new TidemarkException(
                        ErrorCode.UNEXPECTED, "group " + groupId + ": thread " + died.get() + " has ended", null);
            }
            if (end.isReached(joined)) {
                return;
            }
            if (withdrawal.holds(join)) {
                joined = false;
                tasks.rest(() -> true, POLL);
                continue;
            }
            mirror.tick(Host.nanoTime(), assigned.partitions());
            tasks.rest(queues::hasPlenty, REST);
            if (tasks.enterPoll()) {
                boolean polled;
                try {
                    polled = poll();
                } finally {
                    tasks.leavePoll();
                }
                if (polled) {
                    // A revocation that was due has been processed now.
                    reclaimLost();
                }
            }
        }
    }

    /** Ends the loop soon; any thread may call. */
    void stop() {
        stopped.countDown();
        tasks.wake();
    }

    /** The poll thread is not stuck; to be called before the loop begins as well. */
    void markAlive() {
        lastPoll = Host.nanoTime();
        polls = true;
    }

    /** How long ago the poll thread last called {@link #markAlive}, in nanoseconds; 0 before it began. */
    long sinceLastPoll(long now) {
        return polls ? now - lastPoll : 0;
    }

    /** Whether it has joined the group; it need not have any partitions. */
    boolean hasJoined() {
        return joined;
    }

    /** Returns whether the poll completed. */
    private boolean poll() {
        try {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            // Interceptors and assignors are foreign code too.
            boolean unused = OwnThread.mayContinue();
            polled();
            // Positions move without records too: beyond transaction markers, aborted and compacted data.
            Set<TopicPartition> read = new HashSet<>(records.nextOffsets().keySet());
            read.addAll(records.partitions());
            for (TopicPartition partition : read) {
                AssignedPartition slot = assigned.slot(partition);
                if (slot == null || slot.claim == null || !slot.isReading()) {
                    continue;
                }
                OffsetAndMetadata next = records.nextOffsets().get(partition);
                offer(slot.claim, records.records(partition), next == null ? null : Seeks.position(next));
            }
            drained.returned(records.count(), Host.nanoTime());
            followPositions();
            seeks.pause(queues.withoutRoom());
            return true;
        } catch (WakeupException e) {
            LOG.trace("woken");
        } catch (InterruptException e) {
            if (!OwnThread.mayContinue()) {
                stopped.countDown();
            }
        } catch (OffsetOutOfRangeException e) {
            outOfRange(e);
        } catch (NoOffsetForPartitionException e) {
            // Some versions of the client look for a committed offset before they report an assignment; since then
            // there is a position.
            LOG.debug("no committed offsets, which are not used group={} partitions={}", groupId, e.partitions());
        } catch (RetriableException e) {
            pollFailed(e);
        } catch (RuntimeException e) {
            Optional<TidemarkException> refusal = KafkaErrors.refusal(groupId, e);
            throw refusal.orElseGet(() -> new TidemarkException(
                    ErrorCode.UNEXPECTED,
                    "group " + groupId + ": the Kafka consumer failed with "
                            + e.getClass().getSimpleName(),
                    e));
        }
        return false;
    }

    private void offer(Claim claim, List<ConsumerRecord<byte[], byte[]>> records, @Nullable Position next) {
        if (queues.offer(claim, records, next)) {
            seeks.pause(Set.of(claim.partition()));
        }
    }

    /** An interceptor may return records without where reading continues behind them, or nothing at all. */
    private void followPositions() {
        events.takeUnmoved().forEach((partition, claim) -> {
            AssignedPartition slot = assigned.slot(partition);
            if (slot != null && slot.isReading() && slot.holds(claim)) {
                seeks.reached(partition).ifPresent(next -> offer(claim, List.of(), next));
            }
        });
    }

    private void polled() {
        failures.ended();
        seeMembership();
        wait.polled(Host.nanoTime(), joined, !assigned.partitions().isEmpty());
    }

    /** The generation is known before the first assignment, which may be empty and then is not reported. */
    private void seeMembership() {
        joined = joined || consumer.groupMetadata().generationId() >= 0;
    }

    private void pollFailed(RetriableException e) {
        seeMembership();
        if (!failures.waitAfter(e, stopped)) {
            stopped.countDown();
        }
    }

    private void outOfRange(OffsetOutOfRangeException e) {
        Map<Claim, Long> positions = new HashMap<>();
        e.offsetOutOfRangePartitions().forEach((partition, offset) -> {
            AssignedPartition slot = assigned.slot(partition);
            if (slot != null) {
                seeks.hold(partition);
                slot.held = true;
                if (slot.claim != null) {
                    positions.put(slot.claim, offset);
                }
            }
        });
        Map<TopicPartition, Long> divergent = new HashMap<>();
        if (e instanceof LogTruncationException truncation) {
            truncation.divergentOffsets().forEach((partition, place) -> divergent.put(partition, place.offset()));
        }
        control.explain(positions, e instanceof LogTruncationException, divergent);
    }

    private void reclaimLost() {
        Map<Duration, Map<TopicPartition, Long>> claims = new HashMap<>();
        for (AssignedPartition slot : assigned.inState(PartitionState.LOST)) {
            if (queues.isLeaving(slot.partition)) {
                assigned.update(slot, s -> s.become(PartitionState.DRAINING));
                continue;
            }
            assigned.update(slot, s -> s.become(PartitionState.CLAIMING));
            claims.computeIfAbsent(slot.patience(), d -> new HashMap<>()).put(slot.partition, assigned.renew(slot));
        }
        claims.forEach((delay, assignments) -> control.claimAgain(assignments, delay));
    }
}

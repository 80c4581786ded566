package dev.tidemark.internal.run;

import dev.tidemark.offsets.Claim;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.PartitionState;
import dev.tidemark.errors.RecordFailedException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.kafka.KafkaErrors;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.queue.PartitionQueues;
import dev.tidemark.internal.thread.OwnThread;
import dev.tidemark.internal.thread.OwnThreads;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.LogTruncationException;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls, hands records to the workers, and does what the others reported. It never waits for the database; it waits for the
 * workers in one place, {@link Rebalances}.
 */
final class PollLoop {
    private static final Logger LOG = LoggerFactory.getLogger(PollLoop.class);

    /** Posts wake the loop, so this only bounds how long a rebalance callback waits for its poll. */
    private static final Duration POLL = Duration.ofMillis(500);

    /** While the workers have plenty, rebalances are still heard of within this time. */
    private static final Duration REST = Duration.ofMillis(100);

    private final String groupId;
    private final Consumer<byte[], byte[]> consumer;
    private final Seeks seeks;
    private final Assignment board;
    private final PollThreadTasks mailbox;
    private final PollThreadEvents inbox;
    private final PartitionQueues intake;
    private final ControlThread control;
    private final Mirror mirror;
    private final OwnThreads threads;
    private final boolean untilEnd;
    private final Withdrawal withdrawal;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private volatile long lastPoll;
    private volatile boolean polls;
    private volatile boolean joined;
    private int pollFailures;

    PollLoop(
            String groupId,
            Consumer<byte[], byte[]> consumer,
            Seeks seeks,
            Assignment board,
            PollThreadTasks mailbox,
            PollThreadEvents inbox,
            PartitionQueues intake,
            ControlThread control,
            Mirror mirror,
            OwnThreads threads,
            boolean untilEnd,
            Withdrawal withdrawal) {
        this.groupId = groupId;
        this.consumer = consumer;
        this.seeks = seeks;
        this.board = board;
        this.mailbox = mailbox;
        this.inbox = inbox;
        this.intake = intake;
        this.control = control;
        this.mirror = mirror;
        this.threads = threads;
        this.untilEnd = untilEnd;
        this.withdrawal = withdrawal;
    }

    /**
     * Polls until stopped, or until the end of a bounded run; throws what stops the whole consumer.
     *
     * @param join subscribes, as it was done before
     */
    void run(Runnable join) {
        comesBy();
        while (stopped.getCount() > 0) {
            comesBy();
            mailbox.runAll();
            TidemarkException fatal = inbox.failure();
            if (fatal != null) {
                throw fatal;
            }
            Optional<String> died = threads.died();
            if (died.isPresent()) {
                // It should have said why, and could not.
                throw new TidemarkException(
                        ErrorCode.UNEXPECTED, "group " + groupId + ": thread " + died.get() + " has ended", null);
            }
            if (untilEnd && isAtEnd()) {
                return;
            }
            if (board.allHalted()) {
                throw halted();
            }
            if (withdrawal.holds(join)) {
                mailbox.rest(() -> true, POLL);
                continue;
            }
            mirror.tick(System.nanoTime(), board.partitions());
            mailbox.rest(intake::hasPlenty, REST);
            if (mailbox.enterPoll()) {
                boolean polled;
                try {
                    polled = poll();
                } finally {
                    mailbox.leavePoll();
                }
                if (polled) {
                    // A revocation that is due has been heard of now.
                    reclaimLost();
                }
            }
        }
    }

    /** Whether the group has read everything, or nothing is left but what halted here, which throws. */
    private boolean isAtEnd() {
        PollThreadEvents.Unfinished unfinished = inbox.unfinished();
        if (unfinished == null) {
            return false;
        }
        if (unfinished.partitions().isEmpty()) {
            return true;
        }
        Map<TopicPartition, TidemarkException> wrong = new HashMap<>(unfinished.wrong());
        wrong.entrySet().removeIf(e -> !isHopeless(e.getKey(), e.getValue()));
        Set<TopicPartition> open = new HashSet<>(unfinished.partitions());
        open.removeAll(unfinished.halted());
        open.removeAll(wrong.keySet());
        if (board.haveHalted(open)) {
            wrong.forEach((partition, why) -> control.noteHalt(partition, null, why, Assignment.told(why).toString()));
            List<TidemarkException> reasons = board.haltedBy();
            reasons.addAll(wrong.values());
            throw reasons.isEmpty() ? haltedElsewhere(unfinished.partitions()) : first(reasons);
        }
        return false;
    }

    /** Whoever owns a partition and reads it finds out by itself what is wrong, and tells more of it. */
    private boolean isHopeless(TopicPartition partition, TidemarkException why) {
        AssignedPartition slot = board.slot(partition);
        return why.code() == ErrorCode.TOPIC_MISSING || (slot == null ? joined : slot.is(PartitionState.PAUSED));
    }

    private TidemarkException haltedElsewhere(Set<TopicPartition> partitions) {
        return new RecordFailedException(
                ErrorCode.HANDLER_FAILED,
                "group " + groupId + ": " + partitions
                        + " have halted in other processes; the table partition_state tells" + " why",
                null);
    }

    /** Ends the loop soon; any thread may call. */
    void stop() {
        stopped.countDown();
        mailbox.wake();
    }

    /** The poll thread is not stuck; to be told before the loop begins as well. */
    void comesBy() {
        lastPoll = System.nanoTime();
        polls = true;
    }

    /** How long ago the loop came by, in nanoseconds; 0 before it began. */
    long sinceLastPoll(long now) {
        return polls ? now - lastPoll : 0;
    }

    /** Whether Kafka has taken it into the group; it need not have been given anything to read. */
    boolean hasJoined() {
        return joined;
    }

    /** Answers whether the poll came to its end. */
    private boolean poll() {
        try {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            // Interceptors and assignors are foreign code too.
            boolean unused = OwnThread.goesOn();
            polled();
            // Positions move without records too: beyond transaction markers, aborted and compacted data.
            Set<TopicPartition> read = new HashSet<>(records.nextOffsets().keySet());
            read.addAll(records.partitions());
            for (TopicPartition partition : read) {
                AssignedPartition slot = board.slot(partition);
                if (slot == null || slot.claim == null || !slot.isReading()) {
                    continue;
                }
                OffsetAndMetadata next = records.nextOffsets().get(partition);
                if (intake.offer(slot.claim, records.records(partition), next == null ? null : Seeks.position(next))) {
                    seeks.pause(Set.of(partition));
                }
            }
            seeks.pause(intake.withoutRoom());
            return true;
        } catch (WakeupException e) {
            LOG.trace("woken");
        } catch (InterruptException e) {
            if (!OwnThread.goesOn()) {
                stopped.countDown();
            }
        } catch (OffsetOutOfRangeException e) {
            outOfRange(e);
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

    private void polled() {
        if (pollFailures > 0) {
            LOG.info("polling again group={} attempts={}", groupId, pollFailures);
            pollFailures = 0;
        }
        // The generation is known before the first assignment, which may be empty and then be told to nobody.
        joined = joined || consumer.groupMetadata().generationId() >= 0;
    }

    private void pollFailed(RetriableException e) {
        pollFailures++;
        if (pollFailures == 1) {
            LOG.warn(
                    "poll failed, trying again group={} cause={}",
                    groupId,
                    e.getClass().getSimpleName());
        }
        try {
            Duration wait = Backoff.TROUBLE.after(
                    pollFailures, ThreadLocalRandom.current().nextDouble());
            if (stopped.await(wait.toNanos(), TimeUnit.NANOSECONDS)) {
                LOG.debug("stopped while waiting for Kafka group={}", groupId);
            }
        } catch (InterruptedException interrupted) {
            if (!OwnThread.goesOn(interrupted)) {
                stopped.countDown();
            }
        }
    }

    private void outOfRange(OffsetOutOfRangeException e) {
        Map<Claim, Long> positions = new HashMap<>();
        e.offsetOutOfRangePartitions().forEach((partition, offset) -> {
            AssignedPartition slot = board.slot(partition);
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
        for (AssignedPartition slot : board.inState(PartitionState.LOST)) {
            if (intake.isLeaving(slot.partition)) {
                board.update(slot, s -> s.become(PartitionState.DRAINING));
                continue;
            }
            board.update(slot, s -> s.become(PartitionState.CLAIMING));
            claims.computeIfAbsent(slot.patience(), d -> new HashMap<>()).put(slot.partition, board.renew(slot));
        }
        claims.forEach((delay, assignments) -> control.claimAgain(assignments, delay));
    }

    private TidemarkException halted() {
        return first(board.haltedBy());
    }

    private static TidemarkException first(List<TidemarkException> reasons) {
        TidemarkException first = reasons.get(0);
        reasons.stream().filter(reason -> reason != first).distinct().limit(10).forEach(first::addSuppressed);
        return first;
    }
}

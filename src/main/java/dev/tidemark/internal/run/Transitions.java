package dev.tidemark.internal.run;

import dev.tidemark.PartitionState;
import dev.tidemark.TidemarkListener;
import dev.tidemark.TidemarkListener.ClaimLost;
import dev.tidemark.TidemarkListener.Claimed;
import dev.tidemark.TidemarkListener.Halt;
import dev.tidemark.errors.FencedException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.FenceDiagnosis;
import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.internal.queue.PartitionQueues;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.unit.HandlerHistory;
import dev.tidemark.offsets.Claim;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** How assigned partitions change their state, with all that belongs to it: pauses, seeks, queues. Used by the poll thread. */
final class Transitions {
    private static final Logger LOG = LoggerFactory.getLogger(Transitions.class);

    /** A claim that is lost twice within this time is contended: the next one is delayed. */
    private static final Duration CONTENTION_WINDOW = Duration.ofSeconds(10);

    private final String groupId;
    private final Assignment assigned;
    private final Seeks seeks;
    private final PartitionQueues queues;
    private final ControlThread control;
    private final Mirror mirror;
    private final TidemarkListener listener;
    private final HandlerHistory history;
    private final PausedPartitions pausedPartitions;

    Transitions(
            String groupId,
            Assignment assigned,
            Seeks seeks,
            PartitionQueues queues,
            ControlThread control,
            Mirror mirror,
            TidemarkListener listener,
            HandlerHistory history) {
        this.groupId = groupId;
        this.assigned = assigned;
        this.seeks = seeks;
        this.queues = queues;
        this.control = control;
        this.mirror = mirror;
        this.listener = listener;
        this.history = history;
        this.pausedPartitions = new PausedPartitions(groupId, assigned, seeks, queues, control);
    }

    void pauses(Pauses now) {
        pausedPartitions.follow(now);
    }

    void resume(Collection<TopicPartition> partitions) {
        Set<TopicPartition> running = new HashSet<>();
        for (TopicPartition partition : partitions) {
            AssignedPartition slot = assigned.slot(partition);
            if (slot != null && slot.isReading()) {
                running.add(partition);
            }
        }
        if (!running.isEmpty()) {
            seeks.resume(running);
        }
    }

    void lost(Collection<Claim> claims, TidemarkException why) {
        List<TopicPartition> gone = new ArrayList<>();
        for (Claim claim : claims) {
            AssignedPartition slot = assigned.slot(claim.partition());
            if (slot != null && slot.holds(claim)) {
                gone.add(claim.partition());
                lose(slot, claim);
            }
        }
        if (!gone.isEmpty()) {
            // Why a claim was fenced shows when it is made again, and is logged then.
            LOG.atLevel(why instanceof FencedException ? Level.INFO : Level.WARN)
                    .log(
                            "claims are gone, claiming again group={} partitions={} code={} error=\"{}\"",
                            groupId,
                            gone,
                            why.code(),
                            LogContext.quotable(why, Problems.of(why).toString()));
        }
    }

    /**
     * @param claim the slot's, with the position it had reached
     */
    private void lose(AssignedPartition slot, Claim claim) {
        if (slot.is(PartitionState.RUNNING, PartitionState.RETRYING, PartitionState.HALTED, PartitionState.PAUSED)) {
            queues.close(Set.of(slot.partition));
            seeks.hold(slot.partition);
            long now = Host.nanoTime();
            boolean contended = slot.losses > 0 && now - slot.lostAt < CONTENTION_WINDOW.toNanos();
            assigned.update(slot, s -> {
                s.losses = contended ? s.losses + 1 : 1;
                s.lostAt = now;
                s.unclaimedSince = now;
                s.lost = claim;
                s.claim = null;
                s.waitsFor(null);
                s.become(PartitionState.LOST);
            });
        }
    }

    void halted(Collection<Claim> claims, TidemarkException why) {
        for (Claim claim : claims) {
            AssignedPartition slot = assigned.slot(claim.partition());
            if (slot != null && slot.holds(claim)) {
                // From here on, only the slot has its position.
                assigned.update(slot, s -> s.claim = claim);
                halt(slot, why);
            }
        }
    }

    void survived(Claim claim, long offset) {
        control.noteSurvival(claim.partition(), offset);
    }

    void drained(Claim claim) {
        AssignedPartition slot = assigned.slot(claim.partition());
        if (slot != null && slot.is(PartitionState.PAUSED) && slot.holds(claim)) {
            assigned.update(slot, s -> s.claim = claim);
        }
        if (slot != null && slot.is(PartitionState.DRAINING)) {
            assigned.update(slot, s -> s.become(PartitionState.CLAIMING));
            Map<TopicPartition, Long> assignment = Map.of(slot.partition, slot.assignment);
            if (slot.lost == null) {
                control.claim(assignment, Duration.ZERO);
            } else {
                control.claimAgain(assignment, slot.patience());
            }
        }
    }

    void claimed(Map<ClaimedPartition, Long> assignments) {
        Set<Claim> late = new HashSet<>();
        List<String> begun = new ArrayList<>();
        List<String> standing = new ArrayList<>();
        Map<TopicPartition, Duration> waited = new HashMap<>();
        long now = Host.nanoTime();
        assignments.forEach((claimed, assignment) -> {
            Claim claim = claimed.claim();
            AssignedPartition slot = assigned.slot(claim.partition());
            if (slot == null || slot.assignment != assignment || !slot.mayBeClaimed()) {
                late.add(claim);
                return;
            }
            if (slot.is(PartitionState.HALTED)) {
                assigned.update(slot, s -> s.become(PartitionState.CLAIMING));
            }
            boolean paused = pausedPartitions.covers(slot.partition);
            explainLoss(slot, claimed);
            assigned.update(slot, s -> {
                s.claim = claim;
                s.clear();
                s.held = false;
                s.become(paused ? PartitionState.PAUSED : PartitionState.RUNNING);
            });
            if (!paused) {
                history.claimed(claimed);
                queues.open(claimed);
                seeks.begin(claim);
            }
            mirror.note(Set.of(claim));
            (paused ? standing : begun)
                    .add(claim.partition() + "@" + claim.position().nextOffset());
            waited.put(claim.partition(), Duration.ofNanos(now - slot.unclaimedSince));
        });
        control.release(late);
        if (!standing.isEmpty()) {
            LOG.info("claimed, and paused group={} partitions={}", groupId, standing);
        }
        if (!begun.isEmpty()) {
            LOG.info("claimed group={} partitions={}", groupId, begun);
        }
        if (!waited.isEmpty()) {
            listener.claimed(new Claimed(groupId, Map.copyOf(waited)));
        }
    }

    private void explainLoss(AssignedPartition slot, ClaimedPartition claimed) {
        Claim lost = slot.lost;
        if (lost != null) {
            Optional<FencedException> loss = FenceDiagnosis.of(groupId, lost, claimed);
            assigned.update(slot, s -> {
                s.lost = null;
                loss.ifPresent(why -> {
                    s.fences++;
                    s.lastFence = why;
                });
            });
            loss.ifPresent(why -> fenced(
                    FenceDiagnosis.isHarmless(why, lost, claimed) ? Level.INFO : Level.WARN, slot.partition, why));
        }
    }

    private void fenced(Level level, TopicPartition partition, TidemarkException why) {
        PartitionLog.log(groupId, level, "fenced", partition, why);
        listener.claimLost(new ClaimLost(groupId, partition, why.code()));
    }

    void refused(TopicPartition partition, long assignment, TidemarkException why) {
        AssignedPartition slot = assigned.slot(partition);
        if (slot != null && slot.assignment == assignment) {
            if (slot.lost != null && why instanceof FencedException) {
                fenced(Level.WARN, partition, why);
            }
            if (slot.is(PartitionState.HALTED)) {
                haltedFor(slot, why);
            } else {
                halt(slot, why);
            }
        }
    }

    private void halt(AssignedPartition slot, TidemarkException why) {
        if (!slot.is(PartitionState.HALTED)) {
            queues.close(Set.of(slot.partition));
            seeks.hold(slot.partition);
            assigned.update(slot, s -> s.become(PartitionState.HALTED));
            haltedFor(slot, why);
            listener.halted(new Halt(groupId, slot.partition, why.code()));
        }
    }

    private void haltedFor(AssignedPartition slot, TidemarkException why) {
        assigned.update(slot, s -> s.failed(why));
        PartitionLog.log(groupId, Level.ERROR, "halted", slot.partition, why);
        control.noteHalt(slot.partition, slot.claim, why, Problems.of(why).toString());
    }
}

package dev.tidemark.internal.run;

import dev.tidemark.offsets.Claim;
import dev.tidemark.errors.FencedException;
import dev.tidemark.PartitionState;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.TidemarkListener;
import dev.tidemark.TidemarkListener.Claimed;
import dev.tidemark.TidemarkListener.ClaimLost;
import dev.tidemark.TidemarkListener.Halt;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.log.LogContext;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.FenceDiagnosis;
import dev.tidemark.internal.plan.Pauses;
import dev.tidemark.internal.queue.PartitionQueues;
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
import org.slf4j.MDC;
import org.slf4j.event.Level;

/** How assigned partitions change their state, with all that belongs to it: pauses, seeks, queues. Used by the poll thread. */
final class Transitions {
    private static final Logger LOG = LoggerFactory.getLogger(Transitions.class);

    /** Losing the claim twice within this time is a quarrel, which is waited out. */
    private static final Duration QUARREL = Duration.ofSeconds(10);

    private final String groupId;
    private final Assignment board;
    private final Seeks seeks;
    private final PartitionQueues intake;
    private final ControlThread control;
    private final Mirror mirror;
    private final TidemarkListener listener;
    private final PausedPartitions standstill;

    Transitions(
            String groupId,
            Assignment board,
            Seeks seeks,
            PartitionQueues intake,
            ControlThread control,
            Mirror mirror,
            TidemarkListener listener) {
        this.groupId = groupId;
        this.board = board;
        this.seeks = seeks;
        this.intake = intake;
        this.control = control;
        this.mirror = mirror;
        this.listener = listener;
        this.standstill = new PausedPartitions(groupId, board, seeks, intake, control);
    }

    void pauses(Pauses now) {
        standstill.follow(now);
    }

    void resume(Collection<TopicPartition> partitions) {
        Set<TopicPartition> running = new HashSet<>();
        for (TopicPartition partition : partitions) {
            AssignedPartition slot = board.slot(partition);
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
            AssignedPartition slot = board.slot(claim.partition());
            if (slot != null && slot.holds(claim)) {
                gone.add(claim.partition());
                lose(slot, claim);
            }
        }
        if (!gone.isEmpty()) {
            LOG.warn(
                    "claims are gone, claiming again group={} partitions={} code={} error=\"{}\"",
                    groupId,
                    gone,
                    why.code(),
                    LogContext.quotable(why, Assignment.told(why).toString()));
        }
    }

    /**
     * @param claim the slot's, with the position it had come to
     */
    private void lose(AssignedPartition slot, Claim claim) {
        if (slot.is(PartitionState.RUNNING, PartitionState.RETRYING, PartitionState.HALTED, PartitionState.PAUSED)) {
            intake.close(Set.of(slot.partition));
            seeks.hold(slot.partition);
            long now = System.nanoTime();
            boolean quarrel = slot.losses > 0 && now - slot.lostAt < QUARREL.toNanos();
            board.update(slot, s -> {
                s.losses = quarrel ? s.losses + 1 : 1;
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
            AssignedPartition slot = board.slot(claim.partition());
            if (slot != null && slot.holds(claim)) {
                // From here on nobody else knows where it stands.
                board.update(slot, s -> s.claim = claim);
                halt(slot, why);
            }
        }
    }

    void retrying(Collection<Claim> claims, TidemarkException why) {
        for (AssignedPartition slot : holding(claims)) {
            if (slot.is(PartitionState.RUNNING)) {
                board.update(slot, s -> {
                    s.ill(why);
                    s.become(PartitionState.RETRYING);
                });
                log(Level.WARN, "retrying", slot.partition, why);
            } else if (slot.is(PartitionState.RETRYING)) {
                board.update(slot, s -> s.stillIll(why));
            }
        }
    }

    void recovered(Collection<Claim> claims) {
        for (AssignedPartition slot : holding(claims)) {
            if (slot.is(PartitionState.RETRYING)) {
                AssignedPartition.Trouble over = slot.problem();
                board.update(slot, s -> {
                    s.well();
                    s.become(PartitionState.RUNNING);
                });
                try (MDC.MDCCloseable unused = LogContext.about(slot.partition)) {
                    LOG.info(
                            "recovered group={} partition={} retried_since={}",
                            groupId,
                            slot.partition,
                            over == null ? "" : over.at());
                }
            }
        }
    }

    void survived(Claim claim, long offset) {
        control.noteSurvival(claim.partition(), offset);
    }

    void drained(Claim claim) {
        AssignedPartition slot = board.slot(claim.partition());
        if (slot != null && slot.is(PartitionState.PAUSED) && slot.holds(claim)) {
            board.update(slot, s -> s.claim = claim);
        }
        if (slot != null && slot.is(PartitionState.DRAINING)) {
            board.update(slot, s -> s.become(PartitionState.CLAIMING));
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
        long now = System.nanoTime();
        assignments.forEach((claimed, assignment) -> {
            Claim claim = claimed.claim();
            AssignedPartition slot = board.slot(claim.partition());
            if (slot == null || slot.assignment != assignment || !slot.mayBeClaimed()) {
                late.add(claim);
                return;
            }
            if (slot.is(PartitionState.HALTED)) {
                board.update(slot, s -> s.become(PartitionState.CLAIMING));
            }
            boolean paused = standstill.covers(slot.partition);
            explainLoss(slot, claimed);
            board.update(slot, s -> {
                s.claim = claim;
                s.well();
                s.held = false;
                s.become(paused ? PartitionState.PAUSED : PartitionState.RUNNING);
            });
            if (!paused) {
                intake.open(claimed);
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
            board.update(slot, s -> {
                s.lost = null;
                loss.ifPresent(why -> {
                    s.fences++;
                    s.lastFence = why;
                });
            });
            loss.ifPresent(why -> fenced(slot.partition, why));
        }
    }

    private void fenced(TopicPartition partition, TidemarkException why) {
        log(Level.WARN, "fenced", partition, why);
        listener.claimLost(new ClaimLost(groupId, partition, why.code()));
    }

    void refused(TopicPartition partition, long assignment, TidemarkException why) {
        AssignedPartition slot = board.slot(partition);
        if (slot != null && slot.assignment == assignment) {
            if (slot.lost != null && why instanceof FencedException) {
                fenced(partition, why);
            }
            if (slot.is(PartitionState.HALTED)) {
                haltedFor(slot, why);
            } else {
                halt(slot, why);
            }
        }
    }

    void waiting(Collection<TopicPartition> partitions, TidemarkException why) {
        for (TopicPartition partition : partitions) {
            AssignedPartition slot = board.slot(partition);
            if (slot != null && slot.is(PartitionState.CLAIMING)) {
                board.update(slot, s -> s.stillIll(why));
            }
        }
    }

    /** What units wait for; those of other partitions do not. */
    void waits(Map<TopicPartition, TidemarkException> found) {
        for (AssignedPartition slot : board.inState(PartitionState.values())) {
            boolean under = slot.is(PartitionState.RUNNING, PartitionState.RETRYING);
            TidemarkException why = under ? found.get(slot.partition) : null;
            board.update(slot, s -> s.waitsFor(why));
        }
    }

    private void halt(AssignedPartition slot, TidemarkException why) {
        if (!slot.is(PartitionState.HALTED)) {
            intake.close(Set.of(slot.partition));
            seeks.hold(slot.partition);
            board.update(slot, s -> s.become(PartitionState.HALTED));
            haltedFor(slot, why);
            listener.halted(new Halt(groupId, slot.partition, why.code()));
        }
    }

    private void haltedFor(AssignedPartition slot, TidemarkException why) {
        board.update(slot, s -> s.ill(why));
        log(Level.ERROR, "halted", slot.partition, why);
        control.noteHalt(slot.partition, slot.claim, why, Assignment.told(why).toString());
    }

    private void log(Level level, String what, TopicPartition partition, TidemarkException why) {
        try (MDC.MDCCloseable unused = LogContext.about(partition)) {
            LOG.atLevel(level)
                    .log(
                            "{} group={} partition={} code={} error=\"{}\"",
                            what,
                            groupId,
                            partition,
                            why.code(),
                            LogContext.quotable(why, Assignment.told(why).toString()));
        }
    }

    private List<AssignedPartition> holding(Collection<Claim> claims) {
        return claims.stream()
                .map(claim -> {
                    AssignedPartition slot = board.slot(claim.partition());
                    return Optional.ofNullable(slot != null && slot.holds(claim) ? slot : null);
                })
                .flatMap(Optional::stream)
                .toList();
    }
}

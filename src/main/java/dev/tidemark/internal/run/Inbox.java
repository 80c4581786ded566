package dev.tidemark.internal.run;

import dev.tidemark.Claim;
import dev.tidemark.PartitionState;
import dev.tidemark.TidemarkException;
import dev.tidemark.internal.control.ControlEvents;
import dev.tidemark.internal.control.ControlThread;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.plan.Loss;
import dev.tidemark.internal.work.Intake;
import dev.tidemark.internal.work.WorkerEvents;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What workers and control thread found out, carried to the poll thread and done there: states, pauses and seeks change nowhere
 * else. Any thread may report.
 */
final class Inbox implements WorkerEvents, ControlEvents {
    private static final Logger LOG = LoggerFactory.getLogger(Inbox.class);

    /** Losing the claim twice within this time is a quarrel, which is waited out. */
    private static final Duration QUARREL = Duration.ofSeconds(10);

    private final String groupId;
    private final Board board;
    private final Mailbox mailbox;
    private final Seeks seeks;
    private @Nullable Intake intake;
    private @Nullable ControlThread control;
    private final Mirror mirror;
    private volatile @Nullable TidemarkException failure;
    private volatile @Nullable TidemarkException missing;
    private volatile @Nullable Set<TopicPartition> unfinished;

    Inbox(String groupId, Board board, Mailbox mailbox, Seeks seeks, Mirror mirror) {
        this.groupId = groupId;
        this.board = board;
        this.mailbox = mailbox;
        this.seeks = seeks;
        this.mirror = mirror;
    }

    /** Ties the knot: intake and control report here, and are told from here. */
    void connect(Intake toWorkers, ControlThread toControl) {
        this.intake = toWorkers;
        this.control = toControl;
    }

    /** What stops the whole consumer; null while nothing does. */
    @Nullable
    TidemarkException failure() {
        return failure;
    }

    /** Topics that do not exist; null while all of them do. */
    @Nullable
    TidemarkException missing() {
        return missing;
    }

    /** What a bounded run has still to read; null before that is known. */
    @Nullable
    Set<TopicPartition> unfinished() {
        return unfinished;
    }

    /** Hears what is left once no partition is assigned any more; claims are given back. */
    void drain() {
        mailbox.runAll();
    }

    // What the workers found out.

    @Override
    public void roomFor(Collection<TopicPartition> partitions) {
        mailbox.post(() -> {
            Set<TopicPartition> running = new HashSet<>();
            for (TopicPartition partition : partitions) {
                Slot slot = board.slot(partition);
                if (slot != null && slot.isReading()) {
                    running.add(partition);
                }
            }
            if (!running.isEmpty()) {
                seeks.resume(running);
            }
        });
    }

    @Override
    public void lost(Collection<Claim> claims, TidemarkException why) {
        mailbox.post(() -> {
            boolean held = false;
            for (Claim claim : claims) {
                Slot slot = board.slot(claim.partition());
                if (slot == null || !slot.holds(claim)) {
                    continue;
                }
                held = true;
                if (slot.is(PartitionState.RUNNING, PartitionState.RETRYING, PartitionState.HALTED)) {
                    intake().close(Set.of(slot.partition));
                    seeks.hold(slot.partition);
                    long now = System.nanoTime();
                    boolean quarrel = slot.losses > 0 && now - slot.lostAt < QUARREL.toNanos();
                    board.update(slot, s -> {
                        s.losses = quarrel ? s.losses + 1 : 1;
                        s.lostAt = now;
                        // The slot's own claim tells where it began, this one where it stood.
                        s.lost = claim;
                        s.claim = null;
                        s.become(PartitionState.LOST);
                    });
                }
            }
            if (held) {
                LOG.warn("claims are gone, claiming again {}", Board.words(why));
            }
        });
    }

    @Override
    public void halted(Collection<Claim> claims, TidemarkException why) {
        mailbox.post(() -> {
            for (Claim claim : claims) {
                Slot slot = board.slot(claim.partition());
                if (slot != null && slot.holds(claim)) {
                    // From here on nobody else knows where it stands.
                    board.update(slot, s -> s.claim = claim);
                    halt(slot, why);
                }
            }
        });
    }

    @Override
    public void retrying(Collection<Claim> claims, TidemarkException why) {
        mailbox.post(() -> {
            for (Slot slot : holding(claims)) {
                if (slot.is(PartitionState.RUNNING)) {
                    board.update(slot, s -> {
                        s.error = why;
                        s.become(PartitionState.RETRYING);
                    });
                    LOG.info("retrying partition={} {}", slot.partition, Board.words(why));
                }
            }
        });
    }

    @Override
    public void moved(Collection<Claim> claims) {
        mirror.note(claims);
    }

    @Override
    public void recovered(Collection<Claim> claims) {
        mailbox.post(() -> {
            for (Slot slot : holding(claims)) {
                if (slot.is(PartitionState.RETRYING)) {
                    board.update(slot, s -> {
                        s.error = null;
                        s.become(PartitionState.RUNNING);
                    });
                }
            }
        });
    }

    @Override
    public void drained(TopicPartition partition) {
        mailbox.post(() -> {
            Slot slot = board.slot(partition);
            if (slot != null && slot.is(PartitionState.DRAINING)) {
                board.update(slot, s -> s.become(PartitionState.CLAIMING));
                control().claim(Map.of(partition, slot.assignment), Duration.ZERO);
            }
        });
    }

    @Override
    public void failed(TidemarkException why) {
        failure = why;
        mailbox.wake();
    }

    // What the control thread found out; lost, halted and failed are the same for both.

    @Override
    public void claimed(Map<ClaimedPartition, Long> assignments) {
        mailbox.post(() -> {
            Set<Claim> late = new HashSet<>();
            Set<String> begun = new HashSet<>();
            assignments.forEach((claimed, assignment) -> {
                Claim claim = claimed.claim();
                Slot slot = board.slot(claim.partition());
                if (slot == null || slot.assignment != assignment || !slot.is(PartitionState.CLAIMING)) {
                    late.add(claim);
                    return;
                }
                board.update(slot, s -> {
                    explainLoss(s, claimed);
                    s.claim = claim;
                    s.error = null;
                    s.held = false;
                    s.become(PartitionState.RUNNING);
                });
                intake().open(claimed);
                seeks.begin(claim);
                mirror.note(Set.of(claim));
                begun.add(claim.partition() + "@" + claim.position().nextOffset());
            });
            control().release(late);
            if (!begun.isEmpty()) {
                LOG.info("claimed group={} partitions={}", groupId, begun);
            }
        });
    }

    private void explainLoss(Slot slot, ClaimedPartition claimed) {
        Claim lost = slot.lost;
        if (lost != null) {
            Loss.of(groupId, lost, claimed).ifPresent(why -> {
                slot.fences++;
                slot.lastFence = why;
                LOG.warn("{}", why.getMessage());
            });
            slot.lost = null;
        }
    }

    @Override
    public void refused(TopicPartition partition, long assignment, TidemarkException why) {
        mailbox.post(() -> {
            Slot slot = board.slot(partition);
            if (slot != null && slot.assignment == assignment) {
                halt(slot, why);
            }
        });
    }

    @Override
    public void waiting(Collection<TopicPartition> partitions, TidemarkException why) {
        mailbox.post(() -> {
            for (TopicPartition partition : partitions) {
                Slot slot = board.slot(partition);
                if (slot != null && slot.is(PartitionState.CLAIMING)) {
                    board.update(slot, s -> s.error = why);
                }
            }
        });
    }

    @Override
    public void missing(@Nullable TidemarkException why) {
        TidemarkException before = missing;
        missing = why;
        if (why != null && before == null) {
            LOG.warn("{}", why.getMessage());
        } else if (why == null && before != null) {
            LOG.info("all topics exist now group={}", groupId);
        }
    }

    @Override
    public void unfinished(Set<TopicPartition> partitions) {
        unfinished = Set.copyOf(partitions);
        if (partitions.isEmpty()) {
            mailbox.wake();
        }
    }

    @Override
    public void logEnds(Map<TopicPartition, Long> ends) {
        board.logEnds(ends);
    }

    private void halt(Slot slot, TidemarkException why) {
        if (!slot.is(PartitionState.HALTED)) {
            intake().close(Set.of(slot.partition));
            seeks.hold(slot.partition);
            board.update(slot, s -> {
                s.error = why;
                s.become(PartitionState.HALTED);
            });
            LOG.error("halted partition={} {}", slot.partition, Board.words(why));
            control().noteHalt(slot.partition, why, Board.words(why));
        }
    }

    private List<Slot> holding(Collection<Claim> claims) {
        return claims.stream()
                .map(claim -> {
                    Slot slot = board.slot(claim.partition());
                    return Optional.ofNullable(slot != null && slot.holds(claim) ? slot : null);
                })
                .flatMap(Optional::stream)
                .toList();
    }

    private Intake intake() {
        return Objects.requireNonNull(intake, "not connected yet");
    }

    private ControlThread control() {
        return Objects.requireNonNull(control, "not connected yet");
    }
}

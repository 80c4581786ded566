package dev.tidemark.internal.run;

import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.Waiting;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.offsets.Claim;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** The assigned partitions and their states. The poll thread changes it; any thread may read the status. */
final class Assignment {
    /** Why claims wait, which the control thread has logged. */
    private static final Set<ErrorCode> TOLD_BY_CONTROL =
            EnumSet.of(ErrorCode.UNEXPECTED, ErrorCode.DATABASE_UNAVAILABLE, ErrorCode.KAFKA_UNAVAILABLE);

    private final Map<TopicPartition, AssignedPartition> slots = new HashMap<>();
    private final Map<TopicPartition, Long> logEnds = new HashMap<>();
    private final String owner;
    private AssignedPartition.@Nullable DatedProblem poll;
    private long assignments;

    Assignment(String owner) {
        this.owner = owner;
    }

    synchronized AssignedPartition add(TopicPartition partition, PartitionState state) {
        AssignedPartition slot = new AssignedPartition(partition, ++assignments, state);
        slots.put(partition, slot);
        return slot;
    }

    /** Removes partitions, and returns the claims by which they were held. */
    synchronized List<Claim> remove(Collection<TopicPartition> partitions) {
        List<Claim> claims = new ArrayList<>();
        for (TopicPartition partition : partitions) {
            AssignedPartition slot = slots.remove(partition);
            logEnds.remove(partition);
            // One that was to be claimed again has not been released yet, if a unit was open.
            Claim held = slot == null ? null : slot.claim == null ? slot.lost : slot.claim;
            if (held != null) {
                claims.add(held);
            }
        }
        return claims;
    }

    /** The slot of an assigned partition; null if it is not assigned. */
    synchronized @Nullable AssignedPartition slot(TopicPartition partition) {
        return slots.get(partition);
    }

    synchronized List<AssignedPartition> inState(PartitionState... states) {
        return slots.values().stream().filter(slot -> slot.is(states)).toList();
    }

    /** Changes a slot atomically with respect to the status. */
    synchronized void update(AssignedPartition slot, Consumer<AssignedPartition> change) {
        change.accept(slot);
    }

    /** A new assignment number, for a partition that is claimed again. */
    synchronized long renew(AssignedPartition slot) {
        slot.assignment = ++assignments;
        return slot.assignment;
    }

    synchronized void logEnds(Map<TopicPartition, Long> sampled) {
        sampled.forEach((partition, end) -> {
            if (slots.containsKey(partition)) {
                logEnds.put(partition, end);
            }
        });
    }

    /** Why polls fail, so that nothing of what is read is fetched; null if they do not. */
    synchronized void pollFails(@Nullable TidemarkException why) {
        AssignedPartition.DatedProblem before = poll;
        poll = why == null
                ? null
                : before == null
                        ? AssignedPartition.DatedProblem.now(why)
                        : new AssignedPartition.DatedProblem(why, before.nanos(), before.at());
    }

    /** Why the halted partitions halted. */
    synchronized List<TidemarkException> haltedBy() {
        List<TidemarkException> reasons = new ArrayList<>();
        for (AssignedPartition slot : slots.values()) {
            AssignedPartition.DatedProblem problem = slot.problem();
            if (slot.is(PartitionState.HALTED) && problem != null) {
                reasons.add(problem.why());
            }
        }
        return reasons;
    }

    /** The claims of halted or paused partitions. */
    synchronized Map<TopicPartition, Claim> standingClaims() {
        Map<TopicPartition, Claim> claims = new HashMap<>();
        for (AssignedPartition slot : slots.values()) {
            if (slot.is(PartitionState.HALTED, PartitionState.PAUSED) && slot.claim != null) {
                claims.put(slot.partition, slot.claim);
            }
        }
        return claims;
    }

    /** The assigned partitions. */
    synchronized Set<TopicPartition> partitions() {
        return Set.copyOf(slots.keySet());
    }

    /** Whether these partitions are assigned here and have halted. */
    synchronized boolean haveHalted(Collection<TopicPartition> partitions) {
        return partitions.stream().allMatch(partition -> {
            AssignedPartition slot = slots.get(partition);
            return slot != null && slot.is(PartitionState.HALTED);
        });
    }

    /** The partitions whose records may be fetched, and of which none is tried again. */
    synchronized Set<TopicPartition> reading() {
        return slots.values().stream()
                .filter(slot -> slot.isReading() && slot.is(PartitionState.RUNNING))
                .map(slot -> slot.partition)
                .collect(Collectors.toSet());
    }

    /** Whether there are partitions, and every one has halted. */
    synchronized boolean allHalted() {
        return !slots.isEmpty() && slots.values().stream().allMatch(slot -> slot.is(PartitionState.HALTED));
    }

    /**
     * @param claims the current positions of the claims in force
     */
    synchronized List<PartitionStatus> status(Map<TopicPartition, Claim> claims) {
        List<PartitionStatus> status = new ArrayList<>();
        for (AssignedPartition slot : slots.values()) {
            Claim claim = claims.getOrDefault(slot.partition, slot.claim);
            Long end = logEnds.get(slot.partition);
            Optional<AssignedPartition.DatedProblem> problem = problem(slot);
            status.add(new PartitionStatus(
                    slot.partition,
                    slot.state(),
                    claim == null
                            ? OptionalLong.empty()
                            : OptionalLong.of(claim.position().nextOffset()),
                    end == null ? OptionalLong.empty() : OptionalLong.of(end),
                    problem.map(p -> Problems.of(p.why())),
                    problem.map(AssignedPartition.DatedProblem::at),
                    slot.fences,
                    Optional.ofNullable(slot.lastFence).map(Problems::of),
                    owner));
        }
        status.sort(Comparator.comparing((PartitionStatus p) -> p.partition().topic())
                .thenComparing(p -> p.partition().partition()));
        return status;
    }

    /** The assigned partitions that make no progress for a transient reason. */
    synchronized List<Waiting> waiting() {
        List<Waiting> waiting = new ArrayList<>();
        for (AssignedPartition slot : slots.values()) {
            boolean passes = slot.is(PartitionState.RUNNING, PartitionState.RETRYING, PartitionState.CLAIMING);
            problem(slot).filter(p -> passes).ifPresent(p -> {
                Claim claim = slot.claim;
                AssignedPartition.DatedProblem failed = slot.problem();
                waiting.add(new Waiting(
                        slot.partition,
                        claim == null ? OptionalLong.empty() : OptionalLong.of(claim.ownerEpoch()),
                        p.nanos(),
                        p.why(),
                        Problems.of(p.why()).toString(),
                        slot.is(PartitionState.RETRYING)
                                || p.equals(poll)
                                || (slot.is(PartitionState.CLAIMING)
                                        && TOLD_BY_CONTROL.contains(p.why().code())),
                        slot.is(PartitionState.RETRYING)
                                && failed != null
                                && (failed.why().code() == ErrorCode.ROW_LOCKED
                                        || SqlFailures.facts(failed.why()).is("55P03", "57014"))));
            });
        }
        return waiting;
    }

    /** What a unit waits for says more than why it is retried; the start is the earlier of the two. */
    private Optional<AssignedPartition.DatedProblem> problem(AssignedPartition slot) {
        AssignedPartition.DatedProblem problem = slot.problem();
        AssignedPartition.DatedProblem wait = slot.unitWait();
        if (wait == null && problem == null) {
            return Optional.ofNullable(slot.isReading() ? poll : null);
        }
        if (wait == null || problem == null) {
            return Optional.ofNullable(wait == null ? problem : wait);
        }
        return Optional.of(new AssignedPartition.DatedProblem(wait.why(), problem.nanos(), problem.at()));
    }
}

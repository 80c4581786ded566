package dev.tidemark.internal.control;

import dev.tidemark.Claim;
import dev.tidemark.ErrorCode;
import dev.tidemark.TidemarkException;
import dev.tidemark.internal.control.Claimer.Claims;
import dev.tidemark.internal.plan.ClaimedPartition;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;

/**
 * The partitions that are to be claimed, each when its time has come, until it is claimed, refused or no longer wanted. Any thread
 * may want and forget; the claiming is done on the control thread.
 */
final class ClaimQueue {
    /** How soon a partition is asked for again that is not claimable yet: its row is locked, or a broker does not know it. */
    private static final Duration AGAIN = Duration.ofMillis(250);

    private final String groupId;
    private final Claimer claimer;
    private final ControlTasks tasks;
    private final ControlEvents events;
    private final Consumer<Collection<Claim>> release;
    private final Map<TopicPartition, Wanted> wanted = new ConcurrentHashMap<>();

    /**
     * @param due by {@link System#nanoTime}
     * @param unlessOwned whether the partition is left alone if somebody else owns it
     */
    private record Wanted(long assignment, long due, boolean unlessOwned) {}

    /**
     * @param release gives back what was claimed in vain
     */
    ClaimQueue(
            String groupId,
            Claimer claimer,
            ControlTasks tasks,
            ControlEvents events,
            Consumer<Collection<Claim>> release) {
        this.groupId = groupId;
        this.claimer = claimer;
        this.tasks = tasks;
        this.events = events;
        this.release = release;
    }

    void want(Map<TopicPartition, Long> assignments, Duration delay, boolean unlessOwned) {
        long due = System.nanoTime() + delay.toNanos();
        assignments.forEach((partition, assignment) -> wanted.put(partition, new Wanted(assignment, due, unlessOwned)));
        tasks.later(this::claimDue, delay);
    }

    void forget(Collection<TopicPartition> partitions) {
        partitions.forEach(wanted::remove);
    }

    private void claimDue() {
        long now = System.nanoTime();
        Map<TopicPartition, Wanted> due = new HashMap<>();
        wanted.forEach((partition, w) -> {
            if (w.due() - now <= 0) {
                due.put(partition, w);
            }
        });
        if (!due.isEmpty()) {
            tryAgainAfter(
                    tasks.guarded(
                            () -> tell(claimer.claim(due.keySet(), leftAlone(due)), due), tasks.kafka, tasks.database),
                    due);
        }
    }

    private static Set<TopicPartition> leftAlone(Map<TopicPartition, Wanted> due) {
        return due.entrySet().stream()
                .filter(e -> e.getValue().unlessOwned())
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    private void claimLocked(TopicPartition partition, Wanted w) {
        Map<TopicPartition, Wanted> due = Map.of(partition, w);
        if (w.equals(wanted.get(partition))) {
            tryAgainAfter(
                    tasks.guarded(
                            () -> tell(claimer.claimLocked(partition, w.unlessOwned()), due),
                            tasks.kafka,
                            tasks.database),
                    due);
        }
    }

    private void tell(Claims claims, Map<TopicPartition, Wanted> due) {
        Map<ClaimedPartition, Long> made = new HashMap<>();
        List<Claim> vain = new ArrayList<>();
        claims.claimed().forEach((partition, claimed) -> {
            Wanted w = due.get(partition);
            if (w != null && wanted.remove(partition, w)) {
                made.put(claimed, w.assignment());
            } else {
                // Revoked while the claim was made.
                vain.add(claimed.claim());
            }
        });
        if (!made.isEmpty()) {
            events.claimed(made);
        }
        release.accept(vain);
        claims.refused().forEach((partition, why) -> {
            Wanted w = due.get(partition);
            if (w != null && wanted.remove(partition, w)) {
                events.refused(partition, w.assignment(), why);
            }
        });
        // One by one and each in its turn: waiting for one lock must not keep the others, or a look, waiting.
        claims.locked().forEach(partition -> {
            Wanted w = due.get(partition);
            if (w != null) {
                tasks.later(() -> claimLocked(partition, w), Duration.ZERO);
            }
        });
        claims.later().forEach((partition, why) -> {
            events.waiting(List.of(partition), why);
            again(partition, due, AGAIN);
        });
        if (!claims.later().isEmpty()) {
            tasks.later(this::claimDue, AGAIN);
        }
    }

    private void tryAgainAfter(Duration wait, Map<TopicPartition, Wanted> due) {
        if (wait.isZero()) {
            return;
        }
        due.keySet().forEach(partition -> again(partition, due, wait));
        tasks.later(this::claimDue, wait);
        events.waiting(
                due.keySet(),
                new TidemarkException(
                        ErrorCode.UNEXPECTED,
                        "group " + groupId + ": the database or Kafka is in trouble, claims wait",
                        null));
    }

    private void again(TopicPartition partition, Map<TopicPartition, Wanted> due, Duration wait) {
        Wanted w = due.get(partition);
        if (w != null) {
            boolean unused = wanted.replace(
                    partition, w, new Wanted(w.assignment(), System.nanoTime() + wait.toNanos(), w.unlessOwned()));
        }
    }
}

package dev.tidemark.internal.control;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.control.Claimer.Claims;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.plan.ClaimedPartition;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.offsets.Claim;
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
import org.jspecify.annotations.Nullable;

/**
 * The partitions to be claimed, each when its time has come, until it is claimed or no longer wanted; one that is refused is
 * retried. Any thread may add and remove; the claiming is done on the control thread.
 */
final class ClaimQueue {
    /** When a claim is retried that is not possible yet: the row is locked, or a broker does not know the partition. */
    private static final Backoff NOT_YET = new Backoff(Duration.ofMillis(250), Duration.ofSeconds(2));

    /** When a refused claim is retried: an operator may have fixed the reason. */
    private static final Backoff REFUSED = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(10));

    private static final String TASK = "claim";

    private final String groupId;
    private final Claimer claimer;
    private final ControlTasks tasks;
    private final ControlEvents events;
    private final Consumer<Collection<Claim>> release;
    private final Map<TopicPartition, Wanted> wanted = new ConcurrentHashMap<>();

    /**
     * @param due by {@link System#nanoTime}
     * @param unlessOwned whether the partition is left alone if it has another owner
     * @param tries how often it has failed
     * @param refusal the reason of the last refusal; null if there was none
     */
    private record Wanted(
            long assignment,
            long due,
            boolean unlessOwned,
            int tries,
            @Nullable String refusal) {
        Wanted again(Duration wait, int inVain, @Nullable String why) {
            return new Wanted(assignment, Host.nanoTime() + wait.toNanos(), unlessOwned, inVain, why);
        }
    }

    /**
     * @param release releases claims that are no longer wanted
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
        long due = Host.nanoTime() + delay.toNanos();
        assignments.forEach(
                (partition, assignment) -> wanted.put(partition, new Wanted(assignment, due, unlessOwned, 0, null)));
        tasks.later(this::claimDue, delay);
    }

    void forget(Collection<TopicPartition> partitions) {
        partitions.forEach(wanted::remove);
    }

    private void claimDue() {
        long now = Host.nanoTime();
        Map<TopicPartition, Wanted> due = new HashMap<>();
        wanted.forEach((partition, w) -> {
            if (w.due() - now <= 0) {
                due.put(partition, w);
            }
        });
        if (due.isEmpty()) {
            if (wanted.isEmpty()) {
                tasks.nothingLeft(TASK);
            }
            return;
        }
        tryAgainAfter(tasks.guarded(TASK, () -> report(claimer.claim(due.keySet(), leftAlone(due)), due)), due);
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
            tryAgainAfter(tasks.guarded(TASK, () -> report(claimer.claimLocked(partition, w.unlessOwned()), due)), due);
        }
    }

    private void report(Claims claims, Map<TopicPartition, Wanted> due) {
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
        claims.refused().forEach((partition, why) -> refuse(partition, due.get(partition), why));
        // One by one and each in its turn: waiting for one lock must not make the others, or a check, wait.
        claims.locked().forEach(partition -> {
            Wanted w = due.get(partition);
            if (w != null) {
                tasks.later(() -> claimLocked(partition, w), Duration.ZERO);
            }
        });
        claims.later().forEach((partition, why) -> {
            Wanted w = due.get(partition);
            if (w != null) {
                events.waiting(List.of(partition), why);
                boolean unused = again(partition, w, wait(NOT_YET, w.tries() + 1), w.tries() + 1, w.refusal());
            }
        });
    }

    /** Reported once, and again if it is then refused for another reason. */
    private void refuse(TopicPartition partition, @Nullable Wanted w, TidemarkException why) {
        if (w == null) {
            return;
        }
        String refusal = String.valueOf(why.getMessage());
        int inVain = w.tries() + 1;
        if (again(partition, w, wait(REFUSED, inVain), inVain, refusal) && !refusal.equals(w.refusal())) {
            events.refused(partition, w.assignment(), why);
        }
    }

    private static Duration wait(Backoff backoff, int inVain) {
        return backoff.after(inVain, Host.random());
    }

    private void tryAgainAfter(Duration wait, Map<TopicPartition, Wanted> due) {
        if (wait.isZero()) {
            return;
        }
        due.forEach((partition, w) -> {
            boolean unused = again(partition, w, wait, w.tries(), w.refusal());
        });
        Problem why = tasks.problem(TASK).orElseGet(() -> new Problem(ErrorCode.UNEXPECTED, "a claim failed"));
        events.waiting(
                due.keySet(),
                new TidemarkException(why.code(), "group " + groupId + ": " + why.message() + ", claims wait", null));
    }

    private boolean again(TopicPartition partition, Wanted w, Duration wait, int inVain, @Nullable String refusal) {
        boolean replaced = wanted.replace(partition, w, w.again(wait, inVain, refusal));
        tasks.later(this::claimDue, wait);
        return replaced;
    }
}

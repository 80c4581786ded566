package dev.tidemark.internal.plan;

import dev.tidemark.ConsumerStatus.State;
import dev.tidemark.Health;
import dev.tidemark.PartitionState;
import dev.tidemark.PartitionStatus;
import dev.tidemark.internal.plan.ThreadFacts.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Decides whether a consumer is alive and ready. */
public final class HealthPlanner {
    /** Within this time of a reply the database counts as available. While a unit stays open for long, it is queried every second. */
    private static final Duration ANSWERS = Duration.ofSeconds(10);

    /** Longer than pools, brokers and lock timeouts normally let a thread wait. */
    private static final Duration LONG_WAIT = Duration.ofMinutes(1);

    private static final Duration FOREVER = Duration.ofSeconds(Long.MAX_VALUE);

    private static final Set<PartitionState> UNCLAIMED =
            EnumSet.of(PartitionState.CLAIMING, PartitionState.DRAINING, PartitionState.LOST);

    private HealthPlanner() {}

    /**
     * What is known of a consumer.
     *
     * @param state where it is in its lifecycle
     * @param joined whether it is a member of its group, or needs none
     * @param sincePoll how long ago the poll thread last showed that it is not stuck
     * @param mostBetweenPolls how long that may be
     * @param oldestUnit how long the oldest open unit has lasted; zero if none is open
     * @param deadline how long a unit may last
     * @param sinceDatabaseAnswered how long ago the database replied to a thread other than the workers
     * @param partitions the assigned ones
     * @param error why the consumer failed, or which topic it waits for
     * @param threads what each of its threads is doing
     * @param links its connections to the database, and the tasks on the control thread's
     */
    public record Facts(
            State state,
            boolean joined,
            Duration sincePoll,
            Duration mostBetweenPolls,
            Duration oldestUnit,
            Duration deadline,
            Duration sinceDatabaseAnswered,
            List<PartitionStatus> partitions,
            Optional<String> error,
            List<ThreadFacts> threads,
            Links links) {
        private String longestInTransaction() {
            return threads.stream()
                    .filter(thread -> thread.step() == Step.TRANSACTION)
                    .max(Comparator.comparing(ThreadFacts::busy))
                    .map(thread -> ", on thread " + thread.name())
                    .orElse("");
        }

        /** A thread that is stuck, or has ended, although the consumer has not. */
        private boolean isAmiss(ThreadFacts thread) {
            return thread.died() || thread.busy().compareTo(bound(thread.step())) > 0;
        }

        /** A thread that waits for servers is not at fault; one that never returns from it is reported all the same. */
        private Duration bound(Step step) {
            if (!step.isMeasured()) {
                return FOREVER;
            }
            return step.waitsForServers() && deadline.compareTo(LONG_WAIT) < 0 ? LONG_WAIT : deadline;
        }

        /** Whether only a new process helps: the thread is gone, or its code has not returned for a second deadline. */
        private boolean isBeyondHelp(ThreadFacts thread) {
            return thread.died()
                    || (thread.step().isMeasured()
                            && !thread.step().waitsForServers()
                            && thread.busy().compareTo(deadline.multipliedBy(2)) > 0);
        }

        /** Polling continues while a unit hangs, so nothing else would notice. */
        private boolean hangs() {
            return oldestUnit.compareTo(deadline) > 0;
        }

        /** Whether the poll thread is stuck. */
        private boolean isSilent() {
            return sincePoll.compareTo(mostBetweenPolls) > 0;
        }

        /** Its statement was cancelled a whole deadline ago, and the server would have ended it: it waits for something else. */
        private boolean isBeyondCancel() {
            boolean answered = sinceDatabaseAnswered.compareTo(ANSWERS) < 0;
            return oldestUnit.compareTo(deadline.multipliedBy(2)) > 0 && (answered || isBeyondCut());
        }

        /** Whether a worker gets no connection for that long while others do, so that waiting for the database would not help. */
        private boolean isStarved(Duration patience) {
            return links.longestWithout().compareTo(patience) > 0 && sinceDatabaseAnswered.compareTo(ANSWERS) < 0;
        }

        /** The socket of a unit that waits for the database was closed by now, whether the database replies or not. */
        private boolean isBeyondCut() {
            return oldestUnit.compareTo(deadline.plus(links.networkTimeout()).plus(ANSWERS)) > 0;
        }
    }

    /** A connection whose server has not replied within the time allowed. */
    public record Silent(String whose, Duration since) {}

    /**
     * The connections to the database.
     *
     * @param silent those whose server does not reply
     * @param allSilent whether no connection got a reply, not even new ones
     * @param networkTimeout after which a silent connection is cut
     * @param unexpected control tasks that fail for no known reason, one sentence each
     * @param longestWithout how long a worker has been without a connection that it needs; the longest of them
     */
    public record Links(
            List<Silent> silent,
            boolean allSilent,
            Duration networkTimeout,
            List<String> unexpected,
            Duration longestWithout) {
        /** There are none yet. */
        public static final Links NONE = new Links(List.of(), false, Duration.ZERO, List.of(), Duration.ZERO);
    }

    /** As {@link dev.tidemark.ConsumerView#health}. */
    public static Health plan(Facts facts) {
        List<String> problems = new ArrayList<>();
        facts.error().ifPresent(problems::add);
        if (facts.state() != State.RUNNING) {
            problems.add("the consumer is " + facts.state());
            return new Health(facts.state() != State.FAILED, false, problems);
        }
        boolean claimed = facts.joined();
        boolean halted = false;
        if (!facts.joined()) {
            problems.add("not a member of the group yet");
        }
        for (PartitionStatus partition : facts.partitions()) {
            boolean unclaimed = UNCLAIMED.contains(partition.state());
            claimed &= !unclaimed;
            boolean stands = partition.state() == PartitionState.HALTED;
            halted |= stands;
            if (unclaimed || stands || partition.lastError().isPresent()) {
                problems.add("partition " + partition.partition() + " is " + partition.state()
                        + partition.lastError().map(error -> ": " + error).orElse("")
                        + partition
                                .errorSince()
                                .map(since -> ", since " + since)
                                .orElse(""));
            }
        }
        if (facts.isSilent()) {
            problems.add(
                    "the poll thread has been silent for " + facts.sincePoll().toSeconds() + " s");
        }
        if (facts.hangs()) {
            problems.add("a unit has lasted for " + facts.oldestUnit().toSeconds() + " s, beyond its deadline"
                    + facts.longestInTransaction()
                    + (facts.isBeyondCancel() ? ", and its handler does not return" : ""));
        }
        for (Silent link : facts.links().silent()) {
            problems.add("the database has been silent on the connection of " + link.whose() + " for "
                    + link.since().toSeconds() + " s");
        }
        problems.addAll(facts.links().unexpected());
        if (facts.isStarved(ANSWERS)) {
            problems.add(
                    "a worker has waited for a connection for "
                            + facts.links().longestWithout().toSeconds()
                            + " s, although the database replies: the pool is too small, or something else uses its connections");
        }
        List<ThreadFacts> amiss =
                facts.threads().stream().filter(facts::isAmiss).toList();
        amiss.forEach(thread -> problems.add(words(thread)));
        boolean live = !facts.isSilent()
                && !facts.isBeyondCancel()
                && !facts.links().allSilent()
                && amiss.stream().noneMatch(facts::isBeyondHelp);
        boolean ready = live
                && claimed
                && !halted
                && !facts.hangs()
                && amiss.isEmpty()
                && facts.links().silent().isEmpty()
                && !facts.isStarved(LONG_WAIT)
                && facts.error().isEmpty();
        return new Health(live, ready, problems);
    }

    private static String words(ThreadFacts thread) {
        return thread.died()
                ? "thread " + thread.name() + " has ended"
                : "thread " + thread.name() + " has been " + thread.step().words() + " for "
                        + thread.busy().toSeconds() + " s"
                        + (thread.step().waitsForServers() ? "" : ", beyond the deadline of its unit");
    }
}

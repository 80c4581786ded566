package dev.tidemark.internal.run;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.ConsumerStatus.State;
import dev.tidemark.Health;
import dev.tidemark.PartitionStatus;
import dev.tidemark.errors.Problem;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.HealthPlanner;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reports a consumer's status and health. Any thread may call. */
final class ConsumerReport {
    private final String groupId;
    private final HealthFacts facts;

    ConsumerReport(String groupId, HealthFacts facts) {
        this.groupId = groupId;
        this.facts = facts;
    }

    /**
     * @param runtime null before the run
     * @param error why the run has failed, or cannot begin yet; null if neither applies
     */
    ConsumerStatus status(State state, @Nullable ConsumerRuntime runtime, @Nullable TidemarkException error) {
        ConsumerRuntime running = state == State.RUNNING ? runtime : null;
        List<PartitionStatus> partitions = runtime == null
                ? List.of()
                : runtime.assigned().status(runtime.queues().claims());
        return new ConsumerStatus(
                groupId,
                state,
                partitions,
                runtime == null
                        ? new ConsumerStatus.Queue(0, 0)
                        : runtime.queues().waiting(),
                lastError(running, error)
                        .or(() -> foreignMembers(running))
                        .or(() -> unseenTopics(running))
                        .or(() -> problems(running).stream().findFirst()));
    }

    /**
     * @param runtime null before the run
     * @param error why the run has failed, or cannot begin yet; null if neither applies
     */
    Health health(State state, @Nullable ConsumerRuntime runtime, @Nullable TidemarkException error) {
        ConsumerRuntime running = state == State.RUNNING ? runtime : null;
        Health health = HealthPlanner.plan(
                facts.facts(state, runtime, lastError(running, error).map(Problem::toString)));
        // Neither a restart nor another pod would change any of this, and a rolling migration must be able to continue.
        List<String> problems = new ArrayList<>(health.problems());
        foreignMembers(running).map(Problem::toString).ifPresent(problems::add);
        unseenTopics(running).map(Problem::toString).ifPresent(problems::add);
        // Partitions that wait for it report it too.
        problems(running).stream()
                .filter(other -> problems.stream().noneMatch(problem -> problem.contains(other.message())))
                .map(Problem::toString)
                .toList()
                .forEach(problems::add);
        return new Health(health.live(), health.ready(), problems);
    }

    private static Optional<Problem> lastError(@Nullable ConsumerRuntime running, @Nullable TidemarkException error) {
        return Optional.ofNullable(error)
                .or(() -> Optional.ofNullable(running).map(r -> r.events().missing()))
                .map(Problems::of);
    }

    private static Optional<Problem> foreignMembers(@Nullable ConsumerRuntime running) {
        return running == null
                ? Optional.empty()
                : running.events().foreignMembers().problem();
    }

    private static Optional<Problem> unseenTopics(@Nullable ConsumerRuntime running) {
        return running == null
                ? Optional.empty()
                : running.events().unseenTopics().problem();
    }

    private static List<Problem> problems(@Nullable ConsumerRuntime running) {
        return running == null ? List.of() : running.control().problems();
    }
}

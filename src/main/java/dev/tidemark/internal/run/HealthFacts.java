package dev.tidemark.internal.run;

import dev.tidemark.ConsumerStatus.State;
import dev.tidemark.internal.plan.HealthPlanner;
import dev.tidemark.internal.store.connection.OpenUnit;
import dev.tidemark.internal.store.connection.Silence;
import dev.tidemark.internal.store.connection.WorkerSession;
import dev.tidemark.internal.thread.Host;
import dev.tidemark.internal.thread.OwnThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Collects the facts that decide a consumer's health. Any thread may call. */
final class HealthFacts {
    private final EngineOptions<?, ?> options;
    private final OwnThreads threads;

    HealthFacts(EngineOptions<?, ?> options, OwnThreads threads) {
        this.options = options;
        this.threads = threads;
    }

    /**
     * @param runtime null before the run
     * @param error why the consumer failed, or what it waits for
     */
    HealthPlanner.Facts facts(State state, @Nullable ConsumerRuntime runtime, Optional<String> error) {
        long now = Host.nanoTime();
        Duration deadline = options.work().deadline();
        Duration mostBetweenPolls = options.kafka().settings().maxPollInterval();
        return runtime == null
                ? new HealthPlanner.Facts(
                        state,
                        false,
                        Duration.ZERO,
                        mostBetweenPolls,
                        Duration.ZERO,
                        deadline,
                        Duration.ZERO,
                        List.of(),
                        error,
                        threads.facts(),
                        HealthPlanner.Links.NONE)
                : new HealthPlanner.Facts(
                        state,
                        options.kafka().reading().isManual() || runtime.loop().hasJoined(),
                        Duration.ofNanos(runtime.loop().sinceLastPoll(now)),
                        mostBetweenPolls,
                        oldestUnit(runtime, now),
                        deadline,
                        Duration.ofNanos(runtime.control().sinceDatabaseAnswered(now)),
                        runtime.assigned().status(Map.of()),
                        error,
                        threads.facts(),
                        links(runtime, options.store().networkTimeout(), now));
    }

    private static HealthPlanner.Links links(ConsumerRuntime runtime, Duration networkTimeout, long now) {
        List<HealthPlanner.Silent> silent = new ArrayList<>();
        note(silent, "the control thread", runtime.control().silence(), networkTimeout, now);
        for (int i = 0; i < runtime.sessions().size(); i++) {
            note(silent, "worker " + (i + 1), runtime.sessions().get(i).silence(), networkTimeout, now);
        }
        return new HealthPlanner.Links(
                silent,
                runtime.control().isDatabaseSilent(now),
                networkTimeout,
                runtime.control().unexpectedFailures(),
                runtime.sessions().stream()
                        .map(session -> session.withoutConnection(now))
                        .max(Comparator.naturalOrder())
                        .orElse(Duration.ZERO));
    }

    private static void note(
            List<HealthPlanner.Silent> silent, String whose, Silence silence, Duration patience, long now) {
        Duration since = silence.longerThan(patience, now);
        if (!since.isZero()) {
            silent.add(new HealthPlanner.Silent(whose, since));
        }
    }

    private static Duration oldestUnit(ConsumerRuntime runtime, long now) {
        long oldest = 0;
        for (WorkerSession session : runtime.sessions()) {
            OpenUnit unit = session.openUnit();
            oldest = unit == null ? oldest : Math.max(oldest, unit.age(now));
        }
        return Duration.ofNanos(oldest);
    }
}

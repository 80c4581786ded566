package dev.tidemark.internal.run;

import dev.tidemark.ConsumerStatus.State;
import dev.tidemark.internal.plan.HealthPlanner;
import dev.tidemark.internal.store.OpenUnit;
import dev.tidemark.internal.store.Silence;
import dev.tidemark.internal.store.WorkerSession;
import dev.tidemark.internal.thread.OwnThreads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Collects what a consumer's health is decided by. Any thread may ask. */
final class HealthFacts {
    private final EngineOptions<?, ?> options;
    private final OwnThreads threads;

    HealthFacts(EngineOptions<?, ?> options, OwnThreads threads) {
        this.options = options;
        this.threads = threads;
    }

    /**
     * @param rooms null before the run
     * @param error why the consumer failed, or what it waits for
     */
    HealthPlanner.Facts facts(State state, @Nullable ConsumerRuntime rooms, Optional<String> error) {
        long now = System.nanoTime();
        Duration deadline = options.work().deadline();
        Duration mostBetweenPolls = options.kafka().settings().maxPollInterval();
        return rooms == null
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
                        options.kafka().reading().isManual() || rooms.loop().hasJoined(),
                        Duration.ofNanos(rooms.loop().sinceLastPoll(now)),
                        mostBetweenPolls,
                        oldestUnit(rooms, now),
                        deadline,
                        Duration.ofNanos(rooms.control().sinceDatabaseAnswered(now)),
                        rooms.board().status(Map.of()),
                        error,
                        threads.facts(),
                        links(rooms, options.store().networkTimeout(), now));
    }

    private static HealthPlanner.Links links(ConsumerRuntime rooms, Duration networkTimeout, long now) {
        List<HealthPlanner.Silent> silent = new ArrayList<>();
        note(silent, "the control thread", rooms.control().silence(), networkTimeout, now);
        for (int i = 0; i < rooms.sessions().size(); i++) {
            note(silent, "worker " + (i + 1), rooms.sessions().get(i).silence(), networkTimeout, now);
        }
        return new HealthPlanner.Links(
                silent,
                rooms.control().isDatabaseSilent(now),
                networkTimeout,
                rooms.control().unexpectedFailures());
    }

    private static void note(
            List<HealthPlanner.Silent> silent, String whose, Silence silence, Duration patience, long now) {
        Duration since = silence.longerThan(patience, now);
        if (!since.isZero()) {
            silent.add(new HealthPlanner.Silent(whose, since));
        }
    }

    private static Duration oldestUnit(ConsumerRuntime rooms, long now) {
        long oldest = 0;
        for (WorkerSession session : rooms.sessions()) {
            OpenUnit unit = session.openUnit();
            oldest = unit == null ? oldest : Math.max(oldest, unit.age(now));
        }
        return Duration.ofNanos(oldest);
    }
}

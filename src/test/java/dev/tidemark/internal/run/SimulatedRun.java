package dev.tidemark.internal.run;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.ConsumerView;
import dev.tidemark.Health;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.internal.unit.SafeListeners;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Starts what a consumer does on its poll thread, for the simulation. */
public final class SimulatedRun {
    private static final Map<OwnThreads, EngineRun<?, ?>> RUNS =
            java.util.Collections.synchronizedMap(new WeakHashMap<>());

    private SimulatedRun() {}

    /** Runs it to its end. */
    public static void run(
            EngineOptions<?, ?> options, String owner, OwnThreads threads, Consumer<@Nullable Throwable> ended) {
        EngineRun<?, ?> run = new EngineRun<>(
                options, owner, new Unseen(options.groupId()), new SafeListeners(options.groupId(), List.of()), threads, () -> {});
        RUNS.put(threads, run);
        TidemarkException failed = run.run();
        ended.accept(failed);
    }

    /** There is no listener that would get it. */
    private record Unseen(String groupId) implements ConsumerView {
        @Override
        public ConsumerStatus status() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Health health() {
            throw new UnsupportedOperationException();
        }
    }

    /** Asks it to end. */
    public static void stop(OwnThreads threads) {
        EngineRun<?, ?> run = RUNS.get(threads);
        if (run != null) {
            run.stop();
        }
    }
}

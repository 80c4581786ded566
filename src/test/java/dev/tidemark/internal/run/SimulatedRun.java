package dev.tidemark.internal.run;

import dev.tidemark.ConsumerStatus;
import dev.tidemark.ConsumerView;
import dev.tidemark.Health;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.thread.OwnThreads;
import dev.tidemark.internal.unit.SafeListeners;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a consumer does on its poll thread, for the simulation. */
public final class SimulatedRun {
    private final EngineRun<?, ?> run;

    public SimulatedRun(EngineOptions<?, ?> options, String owner, OwnThreads threads) {
        this.run = new EngineRun<>(
                options,
                owner,
                new Unseen(options.groupId()),
                new SafeListeners(options.groupId(), List.of()),
                threads,
                () -> {});
    }

    /** Runs it to its end; returns the error it failed with, or null. */
    public @Nullable TidemarkException run() {
        return run.run();
    }

    /** Asks it to end. */
    public void stop() {
        run.stop();
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
}

package dev.tidemark.proof.chaos.soak;

import dev.tidemark.proof.chaos.CellResult.Mark;
import dev.tidemark.proof.chaos.World;
import dev.tidemark.proof.check.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Samples what a run uses, on a thread of its own. Thread-safe. */
public final class Usage implements AutoCloseable {
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor();
    private final List<Sample> samples = new ArrayList<>();
    private final AtomicInteger faults = new AtomicInteger();

    /** Begins to sample at this interval. */
    public void begin(World world, Duration every) {
        Sampler sampler = new Sampler(world);
        var unused = thread.scheduleWithFixedDelay(
                () -> {
                    Sample sample = sampler.sample(faults.get());
                    synchronized (samples) {
                        samples.add(sample);
                    }
                },
                every.toMillis(),
                every.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    /** So many faults have been injected so far. */
    public void faults(int count) {
        faults.set(count);
    }

    /** Whether anything has grown. */
    public Finding finding() {
        return Flatness.check(samples());
    }

    /** Draws it. */
    public void draw(Path file, List<Mark> marks) throws IOException {
        Files.writeString(file, SeriesChart.svg(samples(), marks));
    }

    private List<Sample> samples() {
        synchronized (samples) {
            return List.copyOf(samples);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
        try {
            if (!thread.awaitTermination(1, TimeUnit.MINUTES)) {
                throw new IllegalStateException("a sample takes longer than a minute");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

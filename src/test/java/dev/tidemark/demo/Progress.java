package dev.tidemark.demo;

import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The timeline: a line a second about both groups, and between them what happened to whom. */
final class Progress implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Progress.class);

    private final Stage stage;
    private final Lags lags;
    private final Screen screen;
    private final LongSupplier sent;
    private final long start = System.nanoTime();
    private final Rate tidemark = new Rate();
    private final Rate textbook = new Rate();
    private final ScheduledExecutorService executor = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "demo-progress");
        thread.setDaemon(true);
        return thread;
    });

    Progress(Stage stage, Lags lags, Screen screen, LongSupplier sent) {
        this.stage = stage;
        this.lags = lags;
        this.screen = screen;
        this.sent = sent;
    }

    void begin() {
        String partitions = IntStream.range(0, Stage.PARTITIONS)
                .mapToObj(p -> "%5s".formatted("p" + p))
                .collect(Collectors.joining());
        screen.line("");
        screen.line("            | Tidemark%36s| textbook loop", "lag by partition ");
        screen.line("time   sent | applied rec/s%s | applied rec/s   lag", partitions);
        ScheduledFuture<?> unused = executor.scheduleAtFixedRate(this::tick, 1, 1, TimeUnit.SECONDS);
    }

    /** Something that happened, at its place in time. */
    void event(String what) {
        screen.line("%3ds   %s", seconds(), what);
    }

    private void tick() {
        try {
            long folded = AirportTable.TIDEMARK.departures(stage.database());
            long foldedByTextbook = AirportTable.TEXTBOOK.departures(stage.database());
            List<Long> behind = lags.tidemark();
            long textbookBehind =
                    lags.textbook().stream().mapToLong(Long::longValue).sum();
            screen.line(
                    "%3ds %6d | %7d %5d%s | %7d %5d %5d",
                    seconds(),
                    sent.getAsLong(),
                    folded,
                    tidemark.next(folded),
                    behind.stream().map("%5d"::formatted).collect(Collectors.joining()),
                    foldedByTextbook,
                    textbook.next(foldedByTextbook),
                    textbookBehind);
        } catch (RuntimeException e) {
            // A line less is better than no line any more.
            LOG.warn("no line of progress", e);
        }
    }

    /** No line a second any more, but a last one. */
    @Override
    public void close() {
        executor.shutdownNow();
        try {
            executor.awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        tick();
    }

    private long seconds() {
        return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
    }

    /** Turns a count into a rate. */
    private static final class Rate {
        private long count;
        private long at = System.nanoTime();

        long next(long newCount) {
            long now = System.nanoTime();
            long perSecond = Math.round((newCount - count) * 1e9 / (now - at));
            count = newCount;
            at = now;
            return perSecond;
        }
    }
}

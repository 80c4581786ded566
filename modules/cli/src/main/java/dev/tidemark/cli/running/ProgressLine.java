package dev.tidemark.cli.running;

import dev.tidemark.TidemarkConsumer;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Shows how a run goes: a line that is written over each second on a terminal, and one every ten seconds elsewhere. */
public final class ProgressLine implements AutoCloseable {
    private static final Duration ON_TERMINAL = Duration.ofSeconds(1);
    private static final Duration ELSEWHERE = Duration.ofSeconds(10);

    /** Goes to the line's beginning, and clears it. */
    private static final String REWRITE = "\r\u001b[K";

    private final String group;
    private final TidemarkConsumer consumer;
    private final LongSupplier read;
    private final PrintWriter err;
    private final boolean terminal;
    private final long began = System.nanoTime();
    private final Progress progress = new Progress();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "tidemark-progress");
        thread.setDaemon(true);
        return thread;
    });
    private boolean looked;

    private ProgressLine(
            String group, TidemarkConsumer consumer, LongSupplier read, PrintWriter err, boolean terminal) {
        this.group = group;
        this.consumer = consumer;
        this.read = read;
        this.err = err;
        this.terminal = terminal;
    }

    /**
     * Begins to show it.
     *
     * @param read how many records the consumer has behind it
     */
    public static ProgressLine start(String group, TidemarkConsumer consumer, LongSupplier read, PrintWriter err) {
        boolean terminal = isTerminal();
        ProgressLine line = new ProgressLine(group, consumer, read, err, terminal);
        long every = (terminal ? ON_TERMINAL : ELSEWHERE).toMillis();
        // The first look shows nothing, and is what the second is compared with.
        line.look();
        var unused = line.clock.scheduleAtFixedRate(line::look, every, every, TimeUnit.MILLISECONDS);
        return line;
    }

    private synchronized void look() {
        Progress.Look look = progress.look(
                System.nanoTime(), read.getAsLong(), consumer.status().partitions());
        if (looked) {
            show(group + "  " + look, false);
        }
        looked = true;
    }

    private void show(String line, boolean last) {
        if (terminal) {
            err.print(REWRITE + line + (last ? System.lineSeparator() : ""));
        } else {
            err.println(line);
        }
        err.flush();
    }

    /** Writes a last line: how much was read, and how fast. */
    @Override
    public synchronized void close() {
        clock.shutdownNow();
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        long records = read.getAsLong();
        show(
                group + "  " + Progress.grouped(records) + " records in " + Progress.words(took) + ", "
                        + Progress.grouped(records * 1_000 / Math.max(1, took.toMillis())) + " records/s",
                true);
    }

    /** Java before 22 has a console only where both standard streams are terminals; later ones have to be asked. */
    @SuppressWarnings("SystemConsoleNull")
    private static boolean isTerminal() {
        Object console = System.console();
        if (console == null || System.getenv().getOrDefault("TERM", "dumb").equals("dumb")) {
            return false;
        }
        try {
            return (boolean) console.getClass().getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }
}

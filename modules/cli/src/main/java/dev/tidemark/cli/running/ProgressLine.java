package dev.tidemark.cli.running;

import dev.tidemark.TidemarkConsumer;
import dev.tidemark.cli.output.Printable;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Shows the progress of a run: a line that is rewritten every second on a terminal, or a new line every ten seconds elsewhere. */
public final class ProgressLine implements AutoCloseable {
    private static final Duration ON_TERMINAL = Duration.ofSeconds(1);
    private static final Duration ELSEWHERE = Duration.ofSeconds(10);

    /** Moves to the beginning of the line, and clears it. */
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
        this.group = Printable.line(group.trim());
        this.consumer = consumer;
        this.read = read;
        this.err = err;
        this.terminal = terminal;
    }

    /**
     * Starts to show it.
     *
     * @param read how many records took effect or were given up so far
     */
    public static ProgressLine start(String group, TidemarkConsumer consumer, LongSupplier read, PrintWriter err) {
        boolean terminal = isTerminal();
        ProgressLine line = new ProgressLine(group, consumer, read, err, terminal);
        long every = (terminal ? ON_TERMINAL : ELSEWHERE).toMillis();
        // The first sample shows nothing; the second is compared with it.
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

    /** Writes a last line: how many records, and how fast. */
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

    /** Before Java 22 there is a console only if both standard streams are terminals; later versions have to be asked. */
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

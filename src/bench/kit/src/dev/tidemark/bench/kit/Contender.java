package dev.tidemark.bench.kit;

import java.time.Duration;

/** A way from Kafka into PostgreSQL. Each runs in a process of its own. */
@FunctionalInterface
public interface Contender {
    /** Longer than any cell is meant to last, start and stop included. */
    Duration PATIENCE = Duration.ofSeconds(60);

    /** Handles the task's records, tells the meter of each commit, and returns once all are committed or the thread is interrupted. */
    void run(Task task, Meter meter) throws Exception;

    /** Runs it as a process whose arguments are a {@link Task}. */
    static void main(String[] args, Contender contender) throws Exception {
        Task task = Task.of(args);
        Meter meter = new Meter(task);
        Thread thread = new Thread(
                () -> {
                    try {
                        contender.run(task, meter);
                    } catch (Throwable e) {
                        e.printStackTrace();
                        Runtime.getRuntime().halt(2);
                    }
                },
                "contender");
        thread.start();
        if (!meter.await(PATIENCE)) {
            System.err.println("not done in time");
            Runtime.getRuntime().halt(3);
        }
        thread.join(Duration.ofSeconds(20).toMillis());
        meter.report();
        Runtime.getRuntime().halt(0);
    }
}

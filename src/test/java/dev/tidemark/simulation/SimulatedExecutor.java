package dev.tidemark.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs tasks at their virtual time, on one thread. */
final class SimulatedExecutor extends AbstractExecutorService implements ScheduledExecutorService {
    private final SimulatedProcess process;
    private final Scheduler scheduler;
    private final ThreadFactory factory;
    private final PriorityQueue<Due> due = new PriorityQueue<>();
    private @Nullable Thread thread;
    private long number;
    private boolean stopped;

    private record Due(long at, long number, Runnable task) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    SimulatedExecutor(SimulatedProcess process, Scheduler scheduler, ThreadFactory factory) {
        this.process = process;
        this.scheduler = scheduler;
        this.factory = factory;
    }

    private void loop() {
        while (!stopped) {
            Due first = due.peek();
            if (first != null && first.at() <= scheduler.now()) {
                due.remove();
                first.task().run();
            } else {
                scheduler.block(
                        first == null ? Scheduler.NEVER : first.at(),
                        () -> stopped || (!due.isEmpty() && due.element().at() <= scheduler.now()),
                        null);
            }
        }
    }

    @Override
    public @Nullable ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
        if (stopped) {
            throw new RejectedExecutionException();
        }
        due.add(new Due(scheduler.now() + Math.max(0, unit.toNanos(delay)), number++, task));
        Thread running = thread;
        if (running == null) {
            Thread made = factory.newThread(this::loop);
            thread = made;
            made.start();
        } else {
            process.unpark(running);
        }
        return null;
    }

    @Override
    public @Nullable ScheduledFuture<?> scheduleWithFixedDelay(
            Runnable task, long initialDelay, long delay, TimeUnit unit) {
        return schedule(
                () -> {
                    task.run();
                    if (!stopped) {
                        var unused = scheduleWithFixedDelay(task, delay, delay, unit);
                    }
                },
                initialDelay,
                unit);
    }

    @Override
    public List<Runnable> shutdownNow() {
        stopped = true;
        Thread running = thread;
        if (running != null) {
            process.unpark(running);
            running.interrupt();
        }
        return new ArrayList<>();
    }

    @Override
    public void shutdown() {
        stopped = true;
    }

    @Override
    public boolean isShutdown() {
        return stopped;
    }

    @Override
    public boolean isTerminated() {
        return stopped;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void execute(Runnable command) {
        var unused = schedule(command, 0, TimeUnit.NANOSECONDS);
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable task, long initialDelay, long period, TimeUnit unit) {
        throw new UnsupportedOperationException();
    }
}

package dev.tidemark.simulation;

import dev.tidemark.internal.thread.Machine;
import dev.tidemark.internal.thread.OwnThreads;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeoutException;

/** A process of a consumer: the machine that its threads run on. It can be killed, and stopped for a while. */
final class SimulatedProcess implements Machine {
    final int number;
    final String name;
    final OwnThreads threads = new OwnThreads(this);
    private final Scheduler scheduler;
    private final Random random;
    boolean dead;
    boolean stopped;

    /** Asks it to end. */
    Runnable stop = () -> {};

    /** Whether it has been asked to end. */
    boolean leaving;

    SimulatedProcess(int number, Scheduler scheduler) {
        this.number = number;
        this.name = "m" + number;
        this.scheduler = scheduler;
        this.random = new Random(scheduler.random.nextLong());
    }

    boolean isAlive() {
        return !dead;
    }

    @Override
    public long nanoTime() {
        return scheduler.now();
    }

    /** A number of its own, so that a seed is the same run on every machine. */
    @Override
    public int processors() {
        return 2;
    }

    @Override
    public double random() {
        return random.nextDouble();
    }

    @Override
    public UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    private static void throwIfInterrupted() throws InterruptedException {
        if (Thread.interrupted()) {
            throw new InterruptedException();
        }
    }

    @Override
    public void wait(Object monitor, long millis) throws InterruptedException {
        throwIfInterrupted();
        scheduler.block(millis == 0 ? Scheduler.NEVER : scheduler.now() + millis * 1_000_000, null, monitor);
        throwIfInterrupted();
    }

    @Override
    public void notifyAll(Object monitor) {
        scheduler.notifyAll(monitor);
    }

    @Override
    public void park(Object blocker, long nanos) {
        scheduler.block(scheduler.now() + nanos, null, null);
    }

    @Override
    public void unpark(Thread thread) {
        Scheduler.Task task = scheduler.of(thread);
        if (task != null) {
            scheduler.notify(task);
        }
    }

    @Override
    public boolean await(CountDownLatch latch, long nanos) throws InterruptedException {
        throwIfInterrupted();
        scheduler.block(scheduler.now() + nanos, () -> latch.getCount() == 0, null);
        throwIfInterrupted();
        return latch.getCount() == 0;
    }

    @Override
    public <T> T get(CompletableFuture<T> future, long nanos)
            throws InterruptedException, ExecutionException, TimeoutException {
        throwIfInterrupted();
        if (!future.isDone()) {
            scheduler.block(scheduler.now() + nanos, future::isDone, null);
            throwIfInterrupted();
        }
        if (!future.isDone()) {
            throw new TimeoutException();
        }
        return future.get();
    }

    @Override
    public void join(Thread thread, long millis) throws InterruptedException {
        throwIfInterrupted();
        Scheduler.Task task = scheduler.of(thread);
        if (task != null) {
            scheduler.block(scheduler.now() + millis * 1_000_000, task::isDone, null);
            throwIfInterrupted();
        }
    }

    @Override
    public ScheduledExecutorService scheduler(ThreadFactory factory) {
        return new SimulatedExecutor(this, scheduler, factory);
    }

    @Override
    public void background(String what, Runnable task) {
        task.run();
    }

    @Override
    public void starting(Thread thread) {
        scheduler.add(this, thread);
    }

    @Override
    public void interrupting(Thread thread) {
        Scheduler.Task task = scheduler.of(thread);
        if (task != null) {
            scheduler.interrupt(task);
        }
    }

    @Override
    public void run(Runnable work) {
        scheduler.live(work);
    }
}

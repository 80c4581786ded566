package dev.tidemark.internal.thread;

import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * What threads get from the machine that they run on: time, chance, processors, and ways to wait for each other. There is one real
 * one; a simulation has its own, which decides which thread runs when.
 */
public interface Machine {
    /** The one that this virtual machine runs on. */
    Machine REAL = new Real();

    /** As {@link System#nanoTime}. */
    long nanoTime();

    /** As {@link Runtime#availableProcessors}. */
    int processors();

    /** A random number from 0 to 1, without 1. */
    double random();

    /** A random UUID. */
    UUID uuid();

    /** As {@link Object#wait(long)}: returns on a notification, after that time, or without a reason. */
    void wait(Object monitor, long millis) throws InterruptedException;

    /** As {@link Object#notifyAll}. */
    void notifyAll(Object monitor);

    /** As {@link LockSupport#parkNanos(Object, long)}. */
    void park(Object blocker, long nanos);

    /** As {@link LockSupport#unpark}. */
    void unpark(Thread thread);

    /** As {@link CountDownLatch#await(long, TimeUnit)}. */
    boolean await(CountDownLatch latch, long nanos) throws InterruptedException;

    /** As {@link CompletableFuture#get(long, TimeUnit)}. */
    <T> T get(CompletableFuture<T> future, long nanos)
            throws InterruptedException, ExecutionException, TimeoutException;

    /** As {@link Thread#join(long)}. */
    void join(Thread thread, long millis) throws InterruptedException;

    /** Runs tasks at their time, one after the other, on a thread that this makes. */
    ScheduledExecutorService scheduler(ThreadFactory threads);

    /** Runs what may never return, on a thread that nobody waits for. */
    void background(String what, Runnable task);

    /** This thread is about to be started. */
    void starting(Thread thread);

    /** This thread is about to be interrupted. */
    void interrupting(Thread thread);

    /** Runs the work of the current thread, which has just started. */
    void run(Runnable work);

    /** The Java virtual machine and its operating system. */
    final class Real implements Machine {
        private Real() {}

        @Override
        public long nanoTime() {
            return System.nanoTime();
        }

        @Override
        public int processors() {
            return Runtime.getRuntime().availableProcessors();
        }

        @Override
        public double random() {
            return ThreadLocalRandom.current().nextDouble();
        }

        @Override
        public UUID uuid() {
            return UUID.randomUUID();
        }

        @Override
        @SuppressWarnings({"WaitNotInLoop", "SynchronizeOnNonFinalField"}) // The caller's loop, and the caller's lock.
        public void wait(Object monitor, long millis) throws InterruptedException {
            monitor.wait(millis);
        }

        @Override
        @SuppressWarnings("NakedNotify") // The caller has changed what is waited for.
        public void notifyAll(Object monitor) {
            monitor.notifyAll();
        }

        @Override
        public void park(Object blocker, long nanos) {
            LockSupport.parkNanos(blocker, nanos);
        }

        @Override
        public void unpark(Thread thread) {
            LockSupport.unpark(thread);
        }

        @Override
        public boolean await(CountDownLatch latch, long nanos) throws InterruptedException {
            return latch.await(nanos, TimeUnit.NANOSECONDS);
        }

        @Override
        public <T> T get(CompletableFuture<T> future, long nanos)
                throws InterruptedException, ExecutionException, TimeoutException {
            return future.get(nanos, TimeUnit.NANOSECONDS);
        }

        @Override
        public void join(Thread thread, long millis) throws InterruptedException {
            thread.join(millis);
        }

        @Override
        public ScheduledExecutorService scheduler(ThreadFactory threads) {
            return new ScheduledThreadPoolExecutor(1, threads);
        }

        @Override
        public void background(String what, Runnable task) {
            Thread caller = Thread.currentThread();
            Thread thread = new Thread(task, caller.getName() + "-" + what);
            thread.setDaemon(true);
            thread.setContextClassLoader(caller.getContextClassLoader());
            thread.start();
        }

        @Override
        public void starting(Thread thread) {}

        @Override
        public void interrupting(Thread thread) {}

        @Override
        public void run(Runnable work) {
            work.run();
        }
    }
}

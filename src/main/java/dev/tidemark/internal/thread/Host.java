package dev.tidemark.internal.thread;

import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** The {@link Machine} that the current thread runs on: that of its {@link OwnThreads}, or the real one for all other threads. */
public final class Host {
    private Host() {}

    private static Machine machine() {
        return Thread.currentThread() instanceof OwnThread own ? own.machine() : Machine.REAL;
    }

    /** As {@link Machine#nanoTime}. */
    public static long nanoTime() {
        return machine().nanoTime();
    }

    /** As {@link Machine#random}. */
    public static double random() {
        return machine().random();
    }

    /** As {@link Machine#uuid}. */
    public static UUID uuid() {
        return machine().uuid();
    }

    /** As {@link Machine#wait}; the caller holds the monitor, and checks in a loop what it waits for. */
    public static void wait(Object monitor, long millis) throws InterruptedException {
        machine().wait(monitor, millis);
    }

    /** As {@link Machine#notifyAll}; the caller holds the monitor. */
    public static void notifyAll(Object monitor) {
        machine().notifyAll(monitor);
    }

    /** As {@link Machine#park}. */
    public static void park(Object blocker, long nanos) {
        machine().park(blocker, nanos);
    }

    /** As {@link Machine#unpark}. */
    public static void unpark(Thread thread) {
        machine().unpark(thread);
    }

    /** As {@link Machine#await}. */
    public static boolean await(CountDownLatch latch, long nanos) throws InterruptedException {
        return machine().await(latch, nanos);
    }

    /** As {@link Machine#get}. */
    public static <T> T get(CompletableFuture<T> future, Duration patience)
            throws InterruptedException, ExecutionException, TimeoutException {
        return machine().get(future, patience.toNanos());
    }

    /** As {@link Machine#join}. */
    public static void join(Thread thread, long millis) throws InterruptedException {
        machine().join(thread, millis);
    }

    /** As {@link Machine#background}. */
    public static void background(String what, Runnable task) {
        machine().background(what, task);
    }
}

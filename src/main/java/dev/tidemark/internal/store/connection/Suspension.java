package dev.tidemark.internal.store.connection;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;

/**
 * How long this process has stood still in all: stopped by a signal, with its machine suspended or without a processor. What passes
 * meanwhile is nobody's fault. Judged by how late a thread wakes up that waits for nothing but the time. Thread-safe.
 */
public final class Suspension {
    /** A thread is this late only where all of them are: a busy machine delays one by milliseconds, a long collection by less. */
    private static final long LATE = Duration.ofSeconds(1).toNanos();

    @GuardedBy("this")
    private boolean watched;

    @GuardedBy("this")
    private long due;

    @GuardedBy("this")
    private long total;

    /**
     * The watching thread is awake; until it first was, nothing counts.
     *
     * @param now by {@link System#nanoTime}
     * @param next when it means to wake up again, from now on
     */
    public synchronized void awake(long now, Duration next) {
        total = total(now);
        watched = true;
        due = now + next.toNanos();
    }

    /** The nanoseconds so far, with those from which the watching thread has not woken up yet. Never decreases. */
    public synchronized long total(long now) {
        long late = watched ? now - due : 0;
        return late > LATE ? total + late : total;
    }
}

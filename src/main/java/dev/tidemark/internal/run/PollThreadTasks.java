package dev.tidemark.internal.run;

import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** What other threads want done on the poll thread, which is woken for it. Any thread may post; one thread takes. */
final class PollThreadTasks {
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean polling = new AtomicBoolean();
    private final Runnable wakeup;
    private volatile @Nullable Thread resting;

    PollThreadTasks(Runnable wakeup) {
        this.wakeup = wakeup;
    }

    void post(Runnable task) {
        tasks.add(task);
        wake();
    }

    void wake() {
        stir();
        if (polling.get()) {
            wakeup.run();
        }
    }

    /** Ends a rest, and disturbs nothing else. */
    void stir() {
        Thread thread = resting;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    /** Lets the poll thread rest if it may and nothing was posted, until something is or it is stirred, but not for longer. */
    void rest(BooleanSupplier mayRest, Duration longest) {
        // Announced first, so that whoever ends the reason afterwards also ends the rest.
        resting = Thread.currentThread();
        if (tasks.isEmpty() && mayRest.getAsBoolean()) {
            LockSupport.parkNanos(this, longest.toNanos());
        }
        resting = null;
    }

    /** Does what was posted, in order. */
    void runAll() {
        @Nullable Runnable task = tasks.poll();
        while (task != null) {
            task.run();
            task = tasks.poll();
        }
    }

    /** Announces that the poll thread is about to wait; answers false if there is something to do first. */
    boolean enterPoll() {
        polling.set(true);
        if (tasks.isEmpty()) {
            return true;
        }
        polling.set(false);
        return false;
    }

    void leavePoll() {
        polling.set(false);
    }
}

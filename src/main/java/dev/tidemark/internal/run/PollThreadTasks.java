package dev.tidemark.internal.run;

import dev.tidemark.internal.thread.Host;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Tasks that other threads post for the poll thread, which is woken for them. Any thread may post; one thread takes. */
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

    /** Ends a wait of the poll thread, without any other effect. */
    void stir() {
        Thread thread = resting;
        if (thread != null) {
            Host.unpark(thread);
        }
    }

    /** Makes the poll thread wait, if allowed and nothing was posted, until something is or it is woken, but not beyond the limit. */
    void rest(BooleanSupplier mayRest, Duration longest) {
        // Announced first, so that a thread that removes the reason afterwards also ends the wait.
        resting = Thread.currentThread();
        if (tasks.isEmpty() && mayRest.getAsBoolean()) {
            Host.park(this, longest.toNanos());
        }
        resting = null;
    }

    /** Runs what was posted, in order. */
    void runAll() {
        @Nullable Runnable task = tasks.poll();
        while (task != null) {
            task.run();
            task = tasks.poll();
        }
    }

    /** Announces that the poll thread is about to wait; returns false if there is something to do first. */
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

package dev.tidemark.internal.run;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** What other threads want done on the poll thread, which is woken for it. Any thread may post; one thread takes. */
final class Mailbox {
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean polling = new AtomicBoolean();
    private final Runnable wakeup;

    Mailbox(Runnable wakeup) {
        this.wakeup = wakeup;
    }

    void post(Runnable task) {
        tasks.add(task);
        wake();
    }

    void wake() {
        if (polling.get()) {
            wakeup.run();
        }
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

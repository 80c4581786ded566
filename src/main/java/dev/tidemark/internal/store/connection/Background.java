package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.thread.Host;

/** Runs what may never return, such as a call to a server that no longer replies, on a thread that is never waited for. */
final class Background {
    private Background() {}

    /**
     * @param what for the thread's name
     */
    static void run(String what, Runnable task) {
        Host.background(what, task);
    }
}

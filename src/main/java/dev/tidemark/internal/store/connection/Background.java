package dev.tidemark.internal.store.connection;

/** Runs what may never return, such as a call to a server that no longer replies, on a thread that is never waited for. */
final class Background {
    private Background() {}

    /**
     * @param what for the thread's name
     */
    static void run(String what, Runnable task) {
        Thread caller = Thread.currentThread();
        Thread thread = new Thread(task, caller.getName() + "-" + what);
        thread.setDaemon(true);
        thread.setContextClassLoader(caller.getContextClassLoader());
        thread.start();
    }
}

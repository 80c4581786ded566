package dev.tidemark.testkit;

import java.util.concurrent.Executor;

/** Threads for what waits or runs for long: in the common pool it would keep others from running. */
public final class Threads {
    private Threads() {}

    /** Runs each task on a thread of its own with this name. */
    public static Executor named(String name) {
        return task -> new Thread(task, name).start();
    }
}

package dev.tidemark.internal.queue;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.tidemark.internal.thread.Host;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Batches that may be decoded ahead. It holds none that a worker has reached, so it never holds more than waits in the queues.
 * Thread-safe.
 */
final class DecodingQueue {
    @GuardedBy("this")
    private final Set<FetchedRecords> waiting = new LinkedHashSet<>();

    @GuardedBy("this")
    private boolean stopped;

    synchronized void add(FetchedRecords fetched) {
        if (!stopped) {
            fetched.waits(() -> remove(fetched));
            waiting.add(fetched);
            Host.notifyAll(this);
        }
    }

    synchronized void remove(FetchedRecords fetched) {
        waiting.remove(fetched);
    }

    /** Removes and returns the oldest batch. Waits for one. */
    synchronized FetchedRecords take() throws InterruptedException {
        while (waiting.isEmpty()) {
            Host.wait(this, 0);
        }
        Iterator<FetchedRecords> all = waiting.iterator();
        FetchedRecords first = all.next();
        all.remove();
        return first;
    }

    /** Clears it. */
    synchronized void stop() {
        stopped = true;
        waiting.clear();
    }

    synchronized int size() {
        return waiting.size();
    }
}

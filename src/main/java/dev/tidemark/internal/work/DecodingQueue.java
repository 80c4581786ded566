package dev.tidemark.internal.work;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/** Batches that may be decoded ahead. It holds none that a worker has come to, so it never holds more than waits in the lanes. Thread-safe. */
final class DecodingQueue {
    private final Set<FetchedRecords> batches = new LinkedHashSet<>();
    private boolean stopped;

    synchronized void add(FetchedRecords batch) {
        if (!stopped) {
            batch.waitIn(this);
            batches.add(batch);
            notify();
        }
    }

    synchronized void remove(FetchedRecords batch) {
        batches.remove(batch);
    }

    /** The oldest batch, which it holds no longer. Waits for one. */
    synchronized FetchedRecords take() throws InterruptedException {
        while (batches.isEmpty()) {
            wait();
        }
        Iterator<FetchedRecords> all = batches.iterator();
        FetchedRecords first = all.next();
        all.remove();
        return first;
    }

    /** Lets go of everything. */
    synchronized void stop() {
        stopped = true;
        batches.clear();
    }

    synchronized int size() {
        return batches.size();
    }
}

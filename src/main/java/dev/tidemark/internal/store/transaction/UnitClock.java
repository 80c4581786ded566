package dev.tidemark.internal.store.transaction;

import dev.tidemark.UnitTimes;
import dev.tidemark.internal.thread.Host;
import java.time.Duration;
import java.util.Arrays;

/** How long a transaction stays in each of its phases, which come in one order. Used by one thread. */
final class UnitClock {
    private static final int BEGIN = 0;
    private static final int HANDLE = 1;
    private static final int ADVANCE = 2;
    private static final int COMMIT = 3;

    private final long[] spent = new long[COMMIT + 1];
    private int phase;
    private long since;

    /** Begins the first phase of another transaction, and returns when that is, by {@link System#nanoTime}. */
    long start() {
        Arrays.fill(spent, 0);
        phase = BEGIN;
        since = Host.nanoTime();
        return since;
    }

    /** The next phase begins. */
    void next() {
        stop();
        phase++;
    }

    /** The transaction has ended. */
    void stop() {
        long now = Host.nanoTime();
        spent[phase] += now - since;
        since = now;
    }

    /** Whether most of the time so far was spent in the handler. */
    boolean isMostlyHandling() {
        stop();
        return spent[HANDLE] > spent[BEGIN] + spent[ADVANCE] + spent[COMMIT];
    }

    UnitTimes times(long decodeNanos) {
        return new UnitTimes(
                Duration.ofNanos(decodeNanos),
                Duration.ofNanos(spent[BEGIN]),
                Duration.ofNanos(spent[HANDLE]),
                Duration.ofNanos(spent[ADVANCE]),
                Duration.ofNanos(spent[COMMIT]));
    }
}

package dev.tidemark.internal.plan;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Distinguishes a session whose client has stopped from one that is slow, by its progress between samples. A single sample shows
 * only a moment, in which a busy COPY usually waits for its client as well. Not thread-safe.
 */
public final class Stillness {
    /** Sessions not seen for this long are forgotten. */
    private static final Duration FORGET = Duration.ofMinutes(10);

    private final Duration transactionIdleTimeout;
    private final Duration longest;
    private final Map<Backend, Seen> seen = new HashMap<>();

    /** A server process; the number alone is reused. */
    public record Backend(int pid, String start, String applicationName) {}

    /** What a session waits for. */
    public enum Wait {
        /** The next statement, for less than the owner's timeout. */
        IDLE,
        /** The next statement, for longer: the server's clock shows it, so one sample is enough. */
        IDLE_FOR_LONG,
        /** The client's next message inside a statement, or its reading of the rows of a COPY, each of which the server counts. */
        MESSAGE,
        /** Its client's reading of the rows of a result, whose progress the server does not show. */
        RESULT
    }

    /**
     * A session as one sample shows it.
     *
     * @param stateChange when its last statement or message began, for comparison only
     * @param bytes what a COPY has moved so far; 0 for anything else
     * @param tuples the same in rows
     */
    public record Sight(Backend backend, String stateChange, long bytes, long tuples, Wait waitsFor) {
        private boolean isSameAs(Sight before) {
            return stateChange.equals(before.stateChange) && bytes == before.bytes && tuples == before.tuples;
        }
    }

    private record Seen(Sight sight, long since, long last) {}

    /**
     * @param transactionIdleTimeout how long a session may be silent before its process counts as stopped
     * @param longest after which a live process would have ended its own statement
     */
    public Stillness(Duration transactionIdleTimeout, Duration longest) {
        this.transactionIdleTimeout = transactionIdleTimeout;
        this.longest = longest;
    }

    /**
     * The sessions among these that have stopped. Samples may be far apart: the counters never decrease, so a session with
     * unchanged counters has not moved in between.
     *
     * @param now monotonic, in nanoseconds
     */
    public List<Backend> stopped(Collection<Sight> sights, long now) {
        List<Backend> stopped = new ArrayList<>();
        for (Sight sight : sights) {
            Seen before = seen.get(sight.backend());
            long since = before != null && sight.isSameAs(before.sight()) ? before.since() : now;
            seen.put(sight.backend(), new Seen(sight, since, now));
            if (isStopped(sight.waitsFor(), now - since)) {
                stopped.add(sight.backend());
            }
        }
        seen.values().removeIf(s -> now - s.last() > FORGET.toNanos());
        return stopped;
    }

    private boolean isStopped(Wait wait, long still) {
        return switch (wait) {
            case IDLE -> false;
            case IDLE_FOR_LONG -> true;
            case MESSAGE -> still >= transactionIdleTimeout.toNanos();
            case RESULT -> still >= longest.toNanos();
        };
    }
}

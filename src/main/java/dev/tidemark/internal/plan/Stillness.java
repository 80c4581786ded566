package dev.tidemark.internal.plan;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells a session whose client has stopped from one that is slow, by what of it moved between looks. One look shows only a moment,
 * in which a busy COPY usually waits for its client as well. Not thread-safe.
 */
public final class Stillness {
    /** What is not seen for so long is forgotten. */
    private static final Duration FORGET = Duration.ofMinutes(10);

    private final Duration transactionIdleTimeout;
    private final Duration longest;
    private final Map<Backend, Seen> seen = new HashMap<>();

    /** A server process; the number alone is used again. */
    public record Backend(int pid, String start, String applicationName) {}

    /** What a session waits for. */
    public enum Wait {
        /** The next statement, for less than the owner's timeout. */
        IDLE,
        /** The next statement, for longer: the server's clock has seen it, so one look is enough. */
        IDLE_FOR_LONG,
        /** The client's next message inside a statement, or that it takes the rows of a COPY, of which the server counts each. */
        MESSAGE,
        /** That its client takes the rows of a result, of which nothing shows whether they move. */
        RESULT
    }

    /**
     * A session as one look shows it.
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
     * The sessions among these that have stopped. Looks need not follow each other closely: what a session has moved never goes
     * back, so one that is as it was has not moved between.
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

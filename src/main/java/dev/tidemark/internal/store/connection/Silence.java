package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.thread.Host;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Since when a connection's server has not replied. The silence begins with the first call that gets no reply, lasts through the
 * attempts that follow, on new connections too, and ends with a reply, even an error. Written by the connection's user; any thread
 * may ask.
 */
public final class Silence {
    // By System.nanoTime, which may be any number, so no value can mean "not".
    private volatile OptionalLong asked = OptionalLong.empty();
    private volatile OptionalLong silent = OptionalLong.empty();
    private volatile boolean again;
    private volatile long lastAnswer = Host.nanoTime();

    /** A call to the server begins. */
    void ask() {
        asked = OptionalLong.of(Host.nanoTime());
    }

    /** No call is in progress any more, so nothing is known. */
    void rest() {
        asked = OptionalLong.empty();
        silent = OptionalLong.empty();
        again = false;
    }

    public void answered() {
        asked = OptionalLong.empty();
        silent = OptionalLong.empty();
        again = false;
        lastAnswer = Host.nanoTime();
    }

    /** The call failed: with a reply, without one, or in a way that does not show which. */
    public void failed(Throwable failure) {
        if (SqlFailures.isReply(failure)) {
            answered();
        } else if (silent.isPresent()) {
            again = true;
        } else if (SqlFailures.isTimeout(failure)) {
            unanswered();
        }
        asked = OptionalLong.empty();
    }

    /** The call was abandoned because there was no reply. */
    void unanswered() {
        if (silent.isEmpty()) {
            silent = OptionalLong.of(asked.orElse(lastAnswer));
        }
        asked = OptionalLong.empty();
    }

    /** How long ago, in nanoseconds, the server replied, or this was made. */
    public long sinceLastAnswer(long now) {
        return now - lastAnswer;
    }

    /** Whether a call got no reply, and the next one, on a new connection, did not either. */
    public boolean isConfirmed() {
        return again;
    }

    /** How long ago the first call without a reply began, once it was abandoned for that; zero if the server is not known to be silent. */
    public Duration known(long now) {
        OptionalLong since = silent;
        return since.isEmpty() ? Duration.ZERO : Duration.ofNanos(Math.max(1, now - since.getAsLong()));
    }

    /** As {@link #known}, or how long the call in progress has lasted if that is more than this. */
    public Duration longerThan(Duration patience, long now) {
        Duration known = known(now);
        OptionalLong since = asked;
        if (!known.isZero() || since.isEmpty()) {
            return known;
        }
        Duration asking = Duration.ofNanos(now - since.getAsLong());
        return asking.compareTo(patience) > 0 ? asking : Duration.ZERO;
    }
}

package dev.tidemark.internal.control;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.Problem;
import dev.tidemark.internal.plan.Backoff;
import dev.tidemark.internal.thread.Host;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which tasks one of the two servers keeps from succeeding: one log line at the beginning and one at the end, regardless of the
 * number of attempts and tasks. Used by one thread; any may ask {@link #since}.
 */
final class Outage {
    private static final Logger LOG = LoggerFactory.getLogger(Outage.class);

    /** A call that fails once is not worth reporting; brokers are queried every five seconds, and such a call may take some. */
    private static final Duration LONG = Duration.ofSeconds(5);

    private final String groupId;
    private final ErrorCode code;
    private final String server;
    private final Map<String, Failing> failing = new HashMap<>();

    /** How often tasks have failed whose outage ended with a reply, and which have not succeeded since. */
    private final Map<String, Integer> unproven = new HashMap<>();

    private int attempts;
    private volatile @Nullable Since since;

    /**
     * What has kept tasks from succeeding, and for how long.
     *
     * @param nanos by {@link System#nanoTime}
     * @param how in text that contains no data
     */
    record Since(long nanos, Instant at, String how) {
        boolean isLong(long now) {
            return now - nanos > LONG.toNanos();
        }
    }

    /**
     * A task that has not succeeded since it failed.
     *
     * @param attempts how often it failed in a row
     * @param silent whether the server did not reply at all, so that any reply ends it
     */
    private record Failing(int attempts, boolean silent, String how) {}

    private Outage(String groupId, ErrorCode code, String server) {
        this.groupId = groupId;
        this.code = code;
        this.server = server;
    }

    static Outage ofDatabase(String groupId) {
        return new Outage(groupId, ErrorCode.DATABASE_UNAVAILABLE, "the database");
    }

    static Outage ofKafka(String groupId) {
        return new Outage(groupId, ErrorCode.KAFKA_UNAVAILABLE, "Kafka");
    }

    /**
     * A task failed.
     *
     * @param how in text that contains no data
     * @param silent whether the server could not be reached, so that its next reply to any task ends the outage; for a task that
     *     fails again after such a reply, only its own success does
     * @return how long to wait before the task is tried again
     */
    Duration failed(String task, String how, boolean silent) {
        if (failing.isEmpty()) {
            LOG.warn(
                    "{} is unavailable, retrying until it is back group={} code={} cause=\"{}\"",
                    server,
                    groupId,
                    code,
                    how);
            since = new Since(Host.nanoTime(), Instant.now().truncatedTo(ChronoUnit.MILLIS), how);
        }
        attempts++;
        Failing before = failing.get(task);
        Integer earlier = unproven.get(task);
        int inARow = 1 + (before != null ? before.attempts() : earlier != null ? earlier : 0);
        failing.put(task, new Failing(inARow, silent && earlier == null, how));
        return Backoff.TRANSIENT.after(inARow, Host.random());
    }

    /** A task succeeded, or there is nothing left for it to do. */
    void succeeded(String task) {
        unproven.remove(task);
        if (failing.remove(task) != null) {
            over();
        }
    }

    /** The server has replied. */
    void replied() {
        failing.forEach((task, failed) -> {
            if (failed.silent()) {
                unproven.put(task, failed.attempts());
            }
        });
        if (failing.values().removeIf(Failing::silent)) {
            over();
        }
    }

    /** How this task failed last; empty if it has succeeded since. */
    Optional<Problem> of(String task) {
        return Optional.ofNullable(failing.get(task))
                .map(failed -> new Problem(code, server + " is unavailable (" + failed.how() + ")"));
    }

    /** Since when it has lasted, if it has for some seconds. */
    Optional<Since> since(long now) {
        return Optional.ofNullable(since).filter(s -> s.isLong(now));
    }

    /** As {@link #since}, as text. */
    Optional<Problem> problem(long now) {
        return since(now)
                .map(s -> new Problem(code, server + " has been unavailable since " + s.at() + ": " + s.how()));
    }

    private void over() {
        if (failing.isEmpty()) {
            LOG.info("{} is back group={} attempts={}", server, groupId, attempts);
            attempts = 0;
            since = null;
        }
    }
}

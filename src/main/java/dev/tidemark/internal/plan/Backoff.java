package dev.tidemark.internal.plan;

import java.time.Duration;

/** How long to wait before the next attempt: doubling from the first to the maximum, with jitter so that instances do not retry in step. */
public record Backoff(Duration first, Duration most) {
    /** For an unavailable database or Kafka. */
    public static final Backoff TRANSIENT = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(5));
    /** For unexplained failures: they may be transient, but frequent retries gain nothing. */
    public static final Backoff UNEXPECTED = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30));
    /** For conflicting transactions: they have already waited for the server's deadlock check. */
    public static final Backoff CONTENTION = new Backoff(Duration.ofMillis(5), Duration.ofMillis(200));

    /**
     * The wait before attempt {@code attempt + 1}.
     *
     * @param attempt how often it was tried, from 1
     * @param random uniform in [0, 1)
     */
    public Duration after(int attempt, double random) {
        double doubled = first.toNanos() * Math.pow(2, Math.min(attempt - 1, 30));
        double capped = Math.min(doubled, (double) most.toNanos());
        return Duration.ofNanos((long) (capped * (0.5 + random / 2)));
    }
}

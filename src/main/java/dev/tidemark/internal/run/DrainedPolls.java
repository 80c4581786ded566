package dev.tidemark.internal.run;

import java.time.Duration;

/**
 * When a poll last returned all that Kafka's client had fetched. Only then does it tell something about a partition that nothing was
 * returned of it: what was fetched of it may wait behind the records of others, and without polls nothing is returned at all. The
 * thread that polls reports; any thread may ask.
 */
public final class DrainedPolls {
    /** Until then, hardly more than one fetch has come. */
    private static final Duration RECENT = Duration.ofSeconds(10);

    private final int mostRecords;
    private volatile boolean any;
    private volatile long last;

    /**
     * @param mostRecords as many records as a poll may return
     */
    public DrainedPolls(int mostRecords) {
        this.mostRecords = mostRecords;
    }

    /**
     * A poll has returned.
     *
     * @param records how many, of all partitions
     * @param now by {@link System#nanoTime}
     */
    public void returned(int records, long now) {
        if (records < mostRecords) {
            last = now;
            any = true;
        }
    }

    /**
     * Whether there was such a poll within the last seconds.
     *
     * @param now by {@link System#nanoTime}
     */
    public boolean isRecent(long now) {
        return any && now - last < RECENT.toNanos();
    }
}

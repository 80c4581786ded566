package dev.tidemark.bench.scale;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Very many partitions, each with a backlog, and a handler that is too slow: the heap must stay at what was configured. */
public final class BoundedHeap {
    private static final int HEAP_MEGABYTES = 96;
    private static final long BUFFER = 16L << 20;
    private static final int FETCH_MAX = 8 << 20;
    private static final int PARTITION_MAX = 256 << 10;
    // max.poll.records, at what a small record takes.
    private static final long ONE_POLL = 5_000L * 400;
    private static final Duration TIME = Duration.ofSeconds(20);
    private static final Duration EVERY = Duration.ofMillis(250);
    private static final double PAUSE_SECONDS = 0.1;

    private BoundedHeap() {}

    /**
     * What was seen; target: the peak stays below the bound, however large the backlog.
     *
     * @param backlogBytes keys and values that wait in Kafka
     * @param bufferBytes as configured
     * @param fetchMaxBytes as configured, {@code fetch.max.bytes}
     * @param emptyHeap live bytes of such a process once it has read everything
     * @param peakHeap the most live bytes at any look, each after a collection
     * @param boundBytes {@code emptyHeap}, {@code bufferBytes}, the poll that fills the buffer, and {@code fetch.max.bytes} twice:
     *     what was fetched and what is on its way
     */
    public record Figures(
            int partitions,
            int heapMegabytes,
            long backlogBytes,
            long bufferBytes,
            long fetchMaxBytes,
            long emptyHeap,
            long medianHeap,
            long peakHeap,
            long boundBytes,
            int looks,
            long handled,
            boolean bounded) {}

    /**
     * Runs it in about 40 s.
     *
     * @param records all that the topic holds
     */
    public static Figures run(Lab lab, String topic, int partitions, long records, long backlogBytes, String protocol) {
        long empty = empty(lab, topic, records, protocol);
        List<Double> heaps = new ArrayList<>();
        long handled = fill(lab, topic, partitions, protocol, heaps);
        long peak = (long) Collections.max(heaps).doubleValue();
        long bound = empty + BUFFER + ONE_POLL + 2L * FETCH_MAX;
        lab.say("heap with %,d partitions (%s): empty %,d, peak %,d, bound %,d bytes"
                .formatted(partitions, protocol, empty, peak, bound));
        return new Figures(
                partitions,
                HEAP_MEGABYTES,
                backlogBytes,
                BUFFER,
                FETCH_MAX,
                empty,
                (long) Numbers.median(heaps),
                peak,
                bound,
                heaps.size(),
                handled,
                peak <= bound);
    }

    private static long empty(Lab lab, String topic, long records, String protocol) {
        try (Member member = start(lab, topic, protocol, "fast", 0)) {
            Waits.until("all read", EVERY, () -> member.sample(false).handled() >= records);
            return member.sample(true).heap();
        }
    }

    private static long fill(Lab lab, String topic, int partitions, String protocol, List<Double> heaps) {
        try (Member member = start(lab, topic, protocol, "slow", PAUSE_SECONDS)) {
            Waits.until("all claimed", EVERY, () -> member.sample(false).partitions() == partitions);
            long end = System.nanoTime() + TIME.toNanos();
            long[] handled = {0};
            Waits.until("the time to be over", EVERY, () -> {
                MemberMain.Sample sample = member.sample(true);
                heaps.add((double) sample.heap());
                handled[0] = sample.handled();
                return System.nanoTime() - end > 0;
            });
            return handled[0];
        }
    }

    private static Member start(Lab lab, String topic, String protocol, String name, double pause) {
        Map<String, Object> kafka =
                new HashMap<>(lab.kafka().consumerConfig("heap-" + name + "-" + protocol, protocol));
        kafka.put("fetch.max.bytes", Integer.toString(FETCH_MAX));
        kafka.put("max.partition.fetch.bytes", Integer.toString(PARTITION_MAX));
        return Member.start(
                lab.directory().resolve("heap-" + name + "-" + protocol + ".log"),
                HEAP_MEGABYTES,
                kafka,
                ManyPartitionsClaimed.migrated(lab),
                topic,
                Map.of("buffer", Long.toString(BUFFER), "pause", Double.toString(pause)));
    }
}

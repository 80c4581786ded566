package dev.tidemark.bench.scale;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Very many partitions, each with a backlog, and a handler that is too slow: the heap must stay at what was configured. */
public final class BoundedHeap {
    private static final int HEAP_MEGABYTES = 96;
    private static final long BUFFER = 16L << 20;
    private static final int FETCH_MAX = 8 << 20;
    private static final int PARTITION_MAX = 256 << 10;
    private static final Duration TIME = Duration.ofSeconds(20);
    private static final double PAUSE_SECONDS = 0.1;

    private BoundedHeap() {}

    /**
     * What was seen; target: the peak stays below the bound, however large the backlog.
     *
     * @param backlogBytes keys and values that wait in Kafka
     * @param bufferBytes as configured
     * @param fetchMaxBytes as configured, {@code fetch.max.bytes}
     * @param emptyHeap live bytes of the same process once it has claimed everything and nothing may be buffered but a record
     * @param peakHeap the most live bytes at any look, each after a collection
     * @param boundBytes {@code emptyHeap}, {@code bufferBytes}, and {@code fetch.max.bytes} twice: what was fetched and what is
     *     on its way
     */
    public record Figures(
            int partitions,
            int heapMegabytes,
            long backlogBytes,
            long bufferBytes,
            long fetchMaxBytes,
            long emptyHeap,
            long peakHeap,
            long boundBytes,
            int looks,
            long handled,
            boolean bounded) {}

    /** Runs it in about 40 s. */
    public static Figures run(Lab lab, String topic, int partitions, long backlogBytes, String protocol) {
        long empty = look(lab, topic, partitions, protocol, true).peak();
        Seen seen = look(lab, topic, partitions, protocol, false);
        long bound = empty + BUFFER + 2L * FETCH_MAX;
        lab.say("heap with %,d partitions: empty %,d, peak %,d, bound %,d bytes"
                .formatted(partitions, empty, seen.peak(), bound));
        return new Figures(
                partitions,
                HEAP_MEGABYTES,
                backlogBytes,
                BUFFER,
                FETCH_MAX,
                empty,
                seen.peak(),
                bound,
                seen.looks(),
                seen.handled(),
                seen.peak() <= bound);
    }

    private record Seen(long peak, int looks, long handled) {}

    /**
     * @param little whether next to nothing may be buffered, to see what the process itself takes
     */
    private static Seen look(Lab lab, String topic, int partitions, String protocol, boolean little) {
        Map<String, Object> kafka = new HashMap<>(lab.kafka().consumerConfig("heap-" + little, protocol));
        kafka.put("fetch.max.bytes", Integer.toString(little ? 1 : FETCH_MAX));
        kafka.put("max.partition.fetch.bytes", Integer.toString(little ? 1 : PARTITION_MAX));
        Map<String, String> settings = Map.of(
                "buffer", Long.toString(little ? 1 : BUFFER), "pause", Double.toString(PAUSE_SECONDS));
        try (Member member = Member.start(
                lab.directory().resolve("heap-" + little + ".log"),
                HEAP_MEGABYTES,
                kafka,
                ManyPartitionsClaimed.migrated(lab),
                topic,
                settings)) {
            Waits.until("all claimed", () -> member.sample(false).partitions() == partitions);
            if (little) {
                return new Seen(member.sample(true).heap(), 1, 0);
            }
            long end = System.nanoTime() + TIME.toNanos();
            long[] peak = {0};
            int[] looks = {0};
            long[] handled = {0};
            Waits.until("the time to be over", () -> {
                MemberMain.Sample sample = member.sample(true);
                peak[0] = Math.max(peak[0], sample.heap());
                looks[0]++;
                handled[0] = sample.handled();
                return System.nanoTime() - end > 0;
            });
            return new Seen(peak[0], looks[0], handled[0]);
        }
    }
}

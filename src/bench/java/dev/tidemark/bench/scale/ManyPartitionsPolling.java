package dev.tidemark.bench.scale;

import dev.tidemark.testkit.postgres.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/** One process that reads very many partitions with a small heap: its rate, its poll thread's work, and memory by partition. */
public final class ManyPartitionsPolling {
    private static final int HEAP_MEGABYTES = 256;
    private static final Duration IDLE = Duration.ofSeconds(10);

    private ManyPartitionsPolling() {}

    /**
     * What was seen. The handler only counts, so this is the price of reading and of moving offsets.
     *
     * @param recordsPerSecond over the whole backlog
     * @param slowestSecond the rate of the slowest whole second but the first and the last
     * @param pollCpuShare of one core, while it reads
     * @param pollCpuMicrosPerThousand of the poll thread, per thousand records
     * @param idlePollCpuShare of one core, with nothing to read
     * @param idleProcessCpuShare all threads of the process, with nothing to read
     * @param heapBytes after a collection, at rest
     * @param heapBytesPerPartition what each partition adds to it beyond the first
     */
    public record Figures(
            int partitions,
            long records,
            int heapMegabytes,
            double recordsPerSecond,
            double slowestSecond,
            double pollCpuShare,
            double pollCpuMicrosPerThousand,
            double idlePollCpuShare,
            double idleProcessCpuShare,
            long heapBytes,
            double heapBytesPerPartition) {}

    /**
     * Runs it in about half a minute and the time that reading takes.
     *
     * @param topic with records in every partition
     * @param single one with the same records in its only partition
     */
    public static Figures run(Lab lab, String topic, int partitions, long records, String single, String protocol) {
        long one = atRest(lab, single, 1, protocol);
        TestDatabase database = ManyPartitionsClaimed.migrated(lab);
        try (Member member = start(lab, database, topic, protocol)) {
            Waits.until(
                    "the first records",
                    Duration.ofMillis(100),
                    () -> member.sample(false).handled() > 0);
            List<Long> perSecond = new ArrayList<>();
            MemberMain.Sample first = member.sample(false);
            long begin = System.nanoTime();
            MemberMain.Sample[] last = {first};
            Awaitility.await("the backlog")
                    .atMost(Duration.ofMinutes(2))
                    .pollInterval(Duration.ofSeconds(1))
                    .until(() -> {
                        MemberMain.Sample now = member.sample(false);
                        perSecond.add(now.handled() - last[0].handled());
                        last[0] = now;
                        lab.say("polling %,d partitions: %,d of %,d records"
                                .formatted(partitions, now.handled(), records));
                        return now.handled() >= records;
                    });
            double seconds = (System.nanoTime() - begin) / 1e9;
            double cpu = (last[0].pollCpu() - first.pollCpu()) / 1e9;
            long read = last[0].handled() - first.handled();
            long heap = member.sample(true).heap();
            MemberMain.Sample idleBefore = member.sample(false);
            long idleBegin = System.nanoTime();
            Waits.until("idle time", () -> System.nanoTime() - idleBegin > IDLE.toNanos());
            MemberMain.Sample idleAfter = member.sample(false);
            double idle = (System.nanoTime() - idleBegin) / 1e9;
            return new Figures(
                    partitions,
                    records,
                    HEAP_MEGABYTES,
                    read / seconds,
                    slowest(perSecond),
                    cpu / seconds,
                    cpu * 1e9 / read,
                    (idleAfter.pollCpu() - idleBefore.pollCpu()) / 1e9 / idle,
                    (idleAfter.processCpu() - idleBefore.processCpu()) / 1e9 / idle,
                    heap,
                    (heap - one) / (partitions - 1.0));
        }
    }

    private static double slowest(List<Long> perSecond) {
        int whole = perSecond.size() - 1;
        return whole < 1
                ? Double.NaN
                : perSecond.subList(0, whole).stream()
                        .mapToLong(Long::longValue)
                        .min()
                        .orElseThrow();
    }

    private static long atRest(Lab lab, String topic, int partitions, String protocol) {
        try (Member member = start(lab, ManyPartitionsClaimed.migrated(lab), topic, protocol)) {
            Waits.until(
                    "all claimed",
                    Duration.ofMillis(100),
                    () -> member.sample(false).partitions() == partitions);
            Waits.until("all read", Duration.ofMillis(500), () -> {
                long before = member.sample(false).handled();
                return before > 0 && before == member.sample(true).handled();
            });
            return member.sample(true).heap();
        }
    }

    private static Member start(Lab lab, TestDatabase database, String topic, String protocol) {
        return Member.start(
                lab.directory().resolve("polling-" + topic + "-" + protocol + ".log"),
                HEAP_MEGABYTES,
                lab.kafka().consumerConfig("polling-" + topic, protocol),
                database,
                topic,
                Map.of());
    }
}

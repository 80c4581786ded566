package dev.tidemark.bench.kit;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;

/** Counts records as their transactions are committed, and says at the end how fast that was. Thread-safe. */
public final class Meter {
    /** The header that says when a record was sent: eight bytes, microseconds since 1970. */
    public static final String SENT = "sent";

    /** What the line begins with that tells the result. */
    public static final String RESULT = "RESULT ";

    private final Task task;
    private final CountDownLatch done = new CountDownLatch(1);
    private long records;
    private long units;
    private long warmRecords;
    private long warmUnits;
    private long warmNanos;
    private long warmCpu;
    private long endNanos;
    private long endCpu;
    private long[] micros = new long[1024];
    private int measured;

    public Meter(Task task) {
        this.task = task;
    }

    /** A transaction with so many records is committed. */
    public synchronized void committed(long count) {
        records += count;
        units++;
        boolean warm = warmNanos != 0;
        if (!warm && records >= task.warmUp()) {
            warmRecords = records;
            warmUnits = units;
            warmNanos = System.nanoTime();
            warmCpu = cpu();
        }
        if (records >= task.records()) {
            endNanos = System.nanoTime();
            endCpu = cpu();
            done.countDown();
        }
    }

    /** A record is committed now that was sent then. */
    public synchronized void arrived(long sentMicros) {
        if (measured == micros.length) {
            micros = Arrays.copyOf(micros, 2 * measured);
        }
        micros[measured++] = now() - sentMicros;
    }

    /** When these headers' record was sent. */
    public static long sent(Headers headers) {
        Header header = headers.lastHeader(SENT);
        return ByteBuffer.wrap(header.value()).getLong();
    }

    /** The clock of {@link #SENT}. */
    public static long now() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000 + now.getNano() / 1_000;
    }

    /** Waits until all records are committed; answers whether they are. */
    public boolean await(Duration patience) throws InterruptedException {
        return done.await(patience.toNanos(), TimeUnit.NANOSECONDS);
    }

    public boolean isDone() {
        return done.getCount() == 0;
    }

    /** Tells the result, in one line of JSON on the standard output. */
    public synchronized void report() {
        double seconds = (endNanos - warmNanos) / 1e9;
        long counted = records - warmRecords;
        long[] sorted =
                Arrays.copyOfRange(micros, (int) Math.min(measured, task.latency() ? task.warmUp() : 0), measured);
        Arrays.sort(sorted);
        System.out.printf(
                Locale.ROOT,
                "%s{\"records\":%d,\"records_per_second\":%.1f,\"unit_records\":%.1f,\"cpu_seconds_per_million\":%.4f,"
                        + "\"p50_ms\":%s,\"p99_ms\":%s,\"p999_ms\":%s}%n",
                RESULT,
                records,
                counted / seconds,
                (double) counted / Math.max(1, units - warmUnits),
                (endCpu - warmCpu) / 1e3 / Math.max(1, counted),
                percentile(sorted, 0.5),
                percentile(sorted, 0.99),
                percentile(sorted, 0.999));
        System.out.flush();
    }

    private static String percentile(long[] sorted, double share) {
        if (sorted.length == 0) {
            return "null";
        }
        int index = (int) Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1);
        return String.format(Locale.ROOT, "%.3f", sorted[Math.max(0, index)] / 1e3);
    }

    private static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}

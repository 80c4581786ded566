package dev.tidemark.bench.scale;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.Tidemark;
import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkConsumer;
import dev.tidemark.testkit.postgres.TestDatabase;
import dev.tidemark.testkit.process.ProcessSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/** A consumer in a process of its own that reports its heap and its threads when a line comes in. */
public final class MemberMain {
    /** What a line of the reply begins with. */
    static final String ANSWER = "SAMPLE ";

    private MemberMain() {}

    /**
     * One look.
     *
     * @param handled records given to the handler so far
     * @param heap used bytes, right after a collection if one was asked for
     * @param pollCpu nanoseconds of CPU of the thread that polls
     * @param processCpu of all threads, the collector's and the compiler's too
     * @param partitions assigned ones that run
     */
    record Sample(long number, long handled, long heap, long pollCpu, long processCpu, long partitions) {}

    public static void main(String[] args) throws IOException {
        ProcessSettings settings = ProcessSettings.parse(args);
        AtomicLong handled = new AtomicLong();
        double pause = Double.parseDouble(settings.get("pause", "0"));
        try (HikariDataSource pool = TestDatabase.pool(settings.get("jdbc"), 2)) {
            TidemarkBuilder<byte[], byte[]> builder = Tidemark.<byte[], byte[]>consumer(settings.kafka())
                    .topics(settings.get("topic"))
                    .database(pool);
            if (settings.has("buffer")) {
                builder.bufferBytes(Long.parseLong(settings.get("buffer")));
            }
            TidemarkConsumer consumer = builder.handleBatch((records, tx) -> {
                if (pause > 0) {
                    // Slow as a statement is slow: in the database.
                    tx.execute("select pg_sleep(?)", pause);
                }
                handled.addAndGet(records.size());
            });
            new Thread(consumer, "run").start();
            answer(consumer, handled);
            consumer.close();
        }
    }

    private static void answer(TidemarkConsumer consumer, AtomicLong handled) throws IOException {
        JsonMapper json = new JsonMapper();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        long number = 0;
        for (String line = lines.readLine(); line != null && !line.equals("end"); line = lines.readLine()) {
            if (line.equals("collect")) {
                System.gc();
            }
            Sample sample = new Sample(
                    ++number,
                    handled.get(),
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                    pollCpu(),
                    ProcessHandle.current()
                            .info()
                            .totalCpuDuration()
                            .orElseThrow()
                            .toNanos(),
                    ManyPartitionsClaimed.running(consumer.status()));
            System.out.println(ANSWER + json.writeValueAsString(sample));
        }
    }

    private static long pollCpu() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().endsWith("-poll"))
                .mapToLong(thread -> threads.getThreadCpuTime(thread.getThreadId()))
                .sum();
    }
}

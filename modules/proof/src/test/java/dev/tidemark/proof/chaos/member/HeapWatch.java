package dev.tidemark.proof.chaos.member;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryUsage;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Prints how much heap was in use after the last collection. */
public final class HeapWatch {
    /** How its lines begin. */
    static final String LINE = "HEAP ";

    private HeapWatch() {}

    /** Every ten seconds. */
    public static void start() {
        var unused = Executors.newSingleThreadScheduledExecutor(task -> {
                    Thread thread = new Thread(task, "heap-watch");
                    thread.setDaemon(true);
                    return thread;
                })
                .scheduleWithFixedDelay(HeapWatch::print, 10, 10, TimeUnit.SECONDS);
    }

    private static void print() {
        long used = 0;
        for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
            MemoryUsage usage = pool.getCollectionUsage();
            used += usage == null ? 0 : usage.getUsed();
        }
        System.out.println(LINE + used);
    }
}

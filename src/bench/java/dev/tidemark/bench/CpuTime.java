package dev.tidemark.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** What processes have used of the processors, from /proc; nothing where there is no such thing. */
final class CpuTime {
    /** proc(5): fields 14 to 17 are in clock ticks, a hundred a second on every Linux. */
    private static final long NANOS_A_TICK = TimeUnit.SECONDS.toNanos(1) / 100;

    private CpuTime() {}

    /** Nanoseconds of a process, of its children, and of children that have ended. */
    static long ofTree(long pid) {
        return ProcessHandle.of(pid)
                .map(root -> of(pid, true)
                        + root.descendants()
                                .mapToLong(child -> of(child.pid(), false))
                                .sum())
                .orElse(0L);
    }

    private static long of(long pid, boolean withEnded) {
        Path stat = Path.of("/proc", Long.toString(pid), "stat");
        try {
            String text = Files.readString(stat);
            String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ");
            long ticks = Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
            if (withEnded) {
                ticks += Long.parseLong(fields[13]) + Long.parseLong(fields[14]);
            }
            return ticks * NANOS_A_TICK;
        } catch (IOException e) {
            return 0;
        }
    }

    /** The process that a PostgreSQL server's connections are children of. */
    static OptionalLong postmaster(Path dataDirectory) {
        try {
            return OptionalLong.of(Long.parseLong(
                    Files.readAllLines(dataDirectory.resolve("postmaster.pid")).get(0)));
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}

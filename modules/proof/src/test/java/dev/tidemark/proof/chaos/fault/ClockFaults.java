package dev.tidemark.proof.chaos.fault;

import dev.tidemark.proof.chaos.Injection;
import dev.tidemark.proof.chaos.World;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;

/** What happens to clocks. */
final class ClockFaults {
    private ClockFaults() {}

    /** F19: the members' wall clock jumps by an hour, either way; needs Debian's package {@code faketime}. */
    static final class Jump extends Fault {
        private static final Path LIBRARY = Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1");

        private boolean away;

        Jump() {
            super("F19", "clock jump of an hour either way");
        }

        private static Path file(Path directory) {
            return directory.resolve("clock");
        }

        private static void set(Path directory, String offset) {
            try {
                Files.writeString(file(directory), offset + "\n");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public Map<String, String> memberEnvironment(Path directory) {
            if (!Files.exists(LIBRARY)) {
                throw new IllegalStateException("F19 needs " + LIBRARY);
            }
            set(directory, "+0");
            return Map.of(
                    "LD_PRELOAD", LIBRARY.toString(),
                    "FAKETIME_TIMESTAMP_FILE", file(directory).toAbsolutePath().toString(),
                    "FAKETIME_CACHE_DURATION", "1",
                    // A monotonic clock does not jump.
                    "DONT_FAKE_MONOTONIC", "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }

        @Override
        public Injection inject(World world) {
            String offset = away ? "+0" : world.random().nextBoolean() ? "+3600" : "-3600";
            away = !away;
            Instant begin = Instant.now();
            set(world.directory(), offset);
            return Injection.over("members' clock at " + offset + " s", begin, world.partitions());
        }
    }
}

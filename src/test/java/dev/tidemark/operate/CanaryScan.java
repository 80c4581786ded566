package dev.tidemark.operate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.Canary;
import dev.tidemark.testkit.process.ProcessLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * No log of this build holds a password, a key or a value. The build runs it by itself, after the tests against real servers;
 * hence a name that no pattern for tests matches.
 */
class CanaryScan {
    /** What servers log about themselves is not Tidemark's: a broker sees passwords and data by its nature. */
    private static final Set<String> OTHERS = Set.of("broker.log", "format.log");

    private final List<Path> scanned = new ArrayList<>();
    private final List<String> found = new ArrayList<>();
    private boolean planted;

    @Test
    void noLogHoldsDataOrPasswords() throws IOException {
        // Absent if this class is run manually: then whatever exists is scanned.
        Instant began = Instant.parse(System.getProperty("tidemark.build.began", "1970-01-01T00:00:00Z"));
        for (Path directory : List.of(ProcessLog.DIRECTORY, Path.of("target", "servers"))) {
            if (Files.isDirectory(directory)) {
                try (Stream<Path> files = Files.walk(directory, 2)) {
                    files.filter(CanaryScan::isOurs)
                            .filter(file -> !modified(file).isBefore(began))
                            .forEach(this::scan);
                }
            }
        }
        assertThat(scanned).as("logs of this build").isNotEmpty();
        assertThat(planted)
                .as("a canary was planted, and the log that says so was scanned")
                .isTrue();
        assertThat(found).as("lines of logs that hold a canary").isEmpty();
        System.out.println("no canary in " + scanned.size() + " logs");
    }

    @Test
    void aCanaryIsFoundAndNotShown(@TempDir Path directory) throws IOException {
        Path log = directory.resolve("some.log");
        Files.write(
                log,
                List.of(
                        "nothing here",
                        "Failing row contains (\\x76616c75652d65393464363361303562376634316332613800)",
                        "caf\u00e9 key-2b8ae6f1d03c4795e6"),
                StandardCharsets.ISO_8859_1);
        scan(log);
        assertThat(planted).isFalse();
        assertThat(found).containsExactly(log + ":2 VALUE", log + ":3 KEY");
    }

    private static boolean isOurs(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(".log") && !OTHERS.contains(name) && Files.isRegularFile(file);
    }

    private static Instant modified(Path file) {
        try {
            return Files.getLastModifiedTime(file).toInstant();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void scan(Path file) {
        scanned.add(file);
        // Latin-1 decodes anything, also what a killed process left half written.
        try (Stream<String> lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
            int number = 0;
            for (String line : (Iterable<String>) lines::iterator) {
                number++;
                planted |= line.contains(Canary.PLANTED);
                for (Canary canary : Canary.values()) {
                    if (canary.isIn(line)) {
                        found.add(file + ":" + number + " " + canary);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

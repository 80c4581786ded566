package dev.tidemark.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;

/** What was measured on, and what was measured. */
final class Machine {
    private Machine() {}

    /** In the order in which people ask. */
    static Map<String, String> describe(Rig rig, Options options) {
        Map<String, String> machine = new LinkedHashMap<>();
        machine.put("date", LocalDate.now(ZoneOffset.UTC).toString());
        machine.put("cpu", cpu());
        machine.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
        machine.put("memory", memory());
        // Measurements on a busy machine are unreliable: readers of the numbers should see that.
        machine.put(
                "load at the start",
                String.format(
                        Locale.ROOT,
                        "%.1f",
                        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()));
        machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        machine.put("jvm", System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"));
        try (Connection c = rig.postgres.connect("postgres")) {
            machine.put("postgresql", c.getMetaData().getDatabaseProductVersion());
            machine.put("pgjdbc", c.getMetaData().getDriverVersion());
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        machine.put("kafka", kafka());
        machine.put("tidemark", commit());
        machine.put("cells", options.cells());
        machine.put("repetitions", Integer.toString(options.repetitions()));
        return machine;
    }

    private static String cpu() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }

    private static String memory() {
        long bytes = ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getTotalMemorySize();
        return String.format(Locale.ROOT, "%.0f GiB", bytes / (double) (1 << 30));
    }

    /** From the file that Kafka's own class for it reads, which is not part of its interface. */
    private static String kafka() {
        Properties version = new Properties();
        try (InputStream in = Machine.class.getResourceAsStream("/kafka/kafka-version.properties")) {
            version.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return version.getProperty("version", "unknown");
    }

    /** Of the work tree, if there is one. */
    private static String commit() {
        try {
            Process git = new ProcessBuilder("git", "describe", "--always", "--dirty")
                    .redirectErrorStream(true)
                    .start();
            String text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return git.waitFor() == 0 ? text : "unknown";
        } catch (IOException e) {
            return "unknown";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        }
    }
}

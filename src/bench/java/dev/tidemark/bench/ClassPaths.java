package dev.tidemark.bench;

import dev.tidemark.testkit.process.ChildJvm;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A class path for each kind of contender. Those of other projects are built by Maven, each from a pom of its own. */
final class ClassPaths {
    private static final Path PROJECTS = Path.of("src", "bench", "contenders");

    /** What every contender logs with, reads JSON with, and reaches Kafka and PostgreSQL by. */
    private static final Set<String> CLIENTS = Set.of(
            "kafka-clients",
            "postgresql",
            "jackson-annotations",
            "jackson-core",
            "jackson-databind",
            "slf4j-api",
            "logback-classic",
            "logback-core",
            "lz4-java",
            "zstd-jni",
            "snappy-java");

    /** What Tidemark brings, and Flyway for its schema. */
    private static final Set<String> TIDEMARK = Set.of(
            "HikariCP",
            "jdbi3-core",
            "geantyref",
            "flyway-core",
            "flyway-database-postgresql",
            "jackson-dataformat-toml");

    private final Map<String, String> known = new HashMap<>();

    /** Builds what is not built yet; may download. */
    String of(Launch launch) {
        return known.computeIfAbsent(launch.project(), ClassPaths::build);
    }

    private static String build(String project) {
        return switch (project) {
            case "" -> own(false);
            case Launch.TIDEMARK -> own(true);
            default -> foreign(PROJECTS.resolve(project));
        };
    }

    private static String own(boolean tidemark) {
        return Arrays.stream(ChildJvm.classPath().split(File.pathSeparator))
                .filter(entry -> isNeeded(Path.of(entry), tidemark))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static boolean isNeeded(Path entry, boolean tidemark) {
        if (Files.isDirectory(entry)) {
            return tidemark || entry.endsWith("test-classes");
        }
        // In the repository a file lies in a folder named after its version, and that in one named after the artifact.
        String artifact = entry.getParent().getParent().getFileName().toString();
        return CLIENTS.contains(artifact) || (tidemark && TIDEMARK.contains(artifact));
    }

    private static String foreign(Path project) {
        Path pom = project.resolve("pom.xml");
        Path file = Path.of("target", "bench", "class-paths", project.getFileName() + ".txt")
                .toAbsolutePath();
        String mvn = System.getProperty("maven.home") == null
                ? "mvn"
                : Path.of(System.getProperty("maven.home"), "bin", "mvn").toString();
        List<String> command = List.of(
                mvn,
                "-q",
                "-B",
                "-f",
                pom.toString(),
                "compile",
                "dependency:build-classpath",
                "-Dmdep.outputFile=" + file,
                "-Dmdep.includeScope=runtime");
        try {
            Files.createDirectories(file.getParent());
            Path log = file.resolveSibling(project.getFileName() + ".log");
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            if (process.waitFor() != 0) {
                throw new IllegalStateException("cannot build " + pom + ", see " + log);
            }
            return classes(project)
                    + File.pathSeparator
                    + Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static Path classes(Path project) {
        return Path.of("target", "bench", "contenders", project.getFileName().toString(), "classes")
                .toAbsolutePath();
    }
}

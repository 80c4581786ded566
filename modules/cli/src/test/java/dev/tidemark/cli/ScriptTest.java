package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.process.ChildJvm;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code bin/tidemark}, with a java that prints its arguments, a line each. */
class ScriptTest {
    private static final Path SCRIPT = Path.of("bin/tidemark").toAbsolutePath();

    @TempDir
    private Path directory;

    private Path jar;

    @BeforeEach
    void printingJava() throws IOException {
        Path java = Files.createDirectories(directory.resolve("jdk/bin")).resolve("java");
        Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
        jar = Files.createFile(directory.resolve("cli.jar"));
    }

    private List<String> run(Path script, Map<String, String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder process = new ProcessBuilder(command).redirectErrorStream(true);
        process.environment().keySet().removeIf(name -> name.startsWith("TIDEMARK_") || name.equals("JAVA_OPTS"));
        process.environment().put("JAVA_HOME", directory.resolve("jdk").toString());
        process.environment().putAll(environment);
        return new String(process.start().getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    @Test
    void argumentsArriveAsTheyWere() throws IOException {
        assertThat(run(
                        SCRIPT,
                        Map.of("TIDEMARK_JAR", jar.toString(), "JAVA_OPTS", "-Xmx64m"),
                        "describe",
                        "my group",
                        "",
                        "*"))
                .endsWith("-cp", jar.toString(), "dev.tidemark.cli.TidemarkCli", "describe", "my group", "", "*")
                .contains("-Xmx64m", "-XX:TieredStopAtLevel=1");
        assertThat(run(SCRIPT, Map.of("TIDEMARK_JAR", jar.toString()), "run", "job.sql"))
                .doesNotContain("-XX:TieredStopAtLevel=1");
    }

    /** The JVM refuses two collectors, wherever they are named. */
    @ParameterizedTest
    @CsvSource({
        "JAVA_OPTS, -XX:+UseG1GC",
        "JAVA_OPTS, -Xmx64m -XX:+UseParallelGC -ea",
        "JDK_JAVA_OPTIONS, -XX:+UseZGC",
        "JAVA_TOOL_OPTIONS, -XX:+UseShenandoahGC"
    })
    void anotherCollectorIsUsed(String variable, String options) throws IOException {
        assertThat(run(SCRIPT, Map.of("TIDEMARK_JAR", jar.toString(), variable, options), "groups"))
                .contains("-XX:TieredStopAtLevel=1")
                .doesNotContain("-XX:+UseSerialGC");
        assertThat(run(
                        SCRIPT,
                        Map.of("TIDEMARK_JAR", jar.toString(), variable, "-XX:+UseStringDeduplication"),
                        "groups"))
                .contains("-XX:+UseSerialGC");
    }

    /** With a real JVM: the version is printed. */
    @ParameterizedTest
    @ValueSource(strings = {"", "-XX:+UseG1GC", "-XX:+UseSerialGC", "-XX:-UseSerialGC -XX:+UseParallelGC"})
    void aJvmStarts(String options) throws IOException {
        assertThat(run(
                        SCRIPT,
                        Map.of(
                                "TIDEMARK_JAR",
                                jar.toString(),
                                "TIDEMARK_CLASSPATH",
                                ChildJvm.classPath(),
                                "JAVA_HOME",
                                System.getProperty("java.home"),
                                "JAVA_OPTS",
                                options),
                        "--version"))
                .anyMatch(line -> line.startsWith("tidemark "))
                .noneMatch(line -> line.contains("Error"));
    }

    @Test
    void moreJars() throws IOException {
        assertThat(run(
                        SCRIPT,
                        Map.of("TIDEMARK_JAR", jar.toString(), "TIDEMARK_CLASSPATH", "/opt/iam/*:/opt/other.jar"),
                        "groups"))
                .contains(jar + ":/opt/iam/*:/opt/other.jar");
    }

    @Test
    void aLinkLeadsToItsJar() throws IOException {
        Path absolute = Files.createSymbolicLink(directory.resolve("tidemark"), SCRIPT);
        Path relative = Files.createSymbolicLink(
                Files.createDirectories(directory.resolve("bin dir")).resolve("tm"), Path.of("../tidemark"));
        String expected = SCRIPT.getParent() + "/../modules/cli/target/tidemark-cli.jar";
        for (Path link : List.of(SCRIPT, absolute, relative)) {
            assertThat(String.join("\n", run(link, Map.of(), "groups")))
                    .as(link.toString())
                    .contains(expected);
        }
    }
}

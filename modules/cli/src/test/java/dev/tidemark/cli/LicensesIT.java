package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.testkit.process.ChildJvm;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The command line's jar carries the licenses of all that it contains. */
class LicensesIT {
    private static final Path JAR = Path.of("modules", "cli", "target", "tidemark-cli.jar");
    private static final String LICENSES = "META-INF/licenses/";

    /** What holds the terms of a jar, wherever it is in it. */
    private static final Pattern TERMS = Pattern.compile(
            "(META-INF/)?([\\w-]*LICENSE|NOTICE|COPYRIGHT|license|notice)[^/]*" + "|META-INF/licenses/.*[^/]");

    /** By the text of the repository's own LICENSE, which the jar carries, too. */
    private static final String COVERED = "(Apache-2.0)";

    @Test
    void itCarriesThoseOfAllItContains() throws IOException {
        try (JarFile whole = new JarFile(JAR.toFile())) {
            assertThat(text(whole, "META-INF/LICENSE")).isEqualTo(Files.readAllBytes(Path.of("LICENSE")));
            List<String> index = new String(text(whole, LICENSES + "THIRD-PARTY.txt"), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            int contained = 0;
            for (Path path : others()) {
                try (JarFile part = new JarFile(path.toFile())) {
                    if (contains(whole, part)) {
                        contained++;
                        assertCarried(whole, part, path.getFileName().toString(), index);
                    }
                }
            }
            // Those that the index names, and no others.
            assertThat(index.stream().filter(line -> line.contains(" - http"))).hasSize(contained);
            assertThat(contained).isGreaterThan(25);
        }
    }

    private static void assertCarried(JarFile whole, JarFile part, String fileName, List<String> index)
            throws IOException {
        String artifact = fileName.replaceFirst("-\\d.*", "");
        List<String> lines = index.stream()
                .filter(line -> line.contains(":" + artifact + ":"))
                .toList();
        assertThat(lines).as("the line of %s in the index", fileName).hasSize(1);
        for (JarEntry terms : part.stream()
                .filter(e -> !e.isDirectory() && TERMS.matcher(e.getName()).matches())
                .toList()) {
            assertThat(text(whole, LICENSES + artifact + "/" + terms.getName()))
                    .as("%s of %s", terms.getName(), fileName)
                    .isEqualTo(part.getInputStream(terms).readAllBytes());
        }
        if (!lines.get(0).contains(COVERED)) {
            assertThat(whole.stream()
                            .filter(e -> !e.isDirectory() && e.getName().startsWith(LICENSES + artifact + "/")))
                    .as("a text for %s", lines.get(0))
                    .isNotEmpty();
        }
    }

    private static boolean contains(JarFile whole, JarFile part) {
        return part.stream()
                .map(JarEntry::getName)
                .filter(name -> name.endsWith(".class") && !name.endsWith("module-info.class"))
                .limit(1)
                .anyMatch(name -> whole.getEntry(name) != null);
    }

    /** The jars of others that this test runs with, among which are all that the command line's contains. */
    private static List<Path> others() {
        List<Path> jars = new ArrayList<>();
        for (String element : ChildJvm.classPath().split(Pattern.quote(File.pathSeparator))) {
            if (element.endsWith(".jar")
                    && !Path.of(element).getFileName().toString().startsWith("tidemark")) {
                jars.add(Path.of(element));
            }
        }
        return jars;
    }

    private static byte[] text(JarFile jar, String name) throws IOException {
        JarEntry entry = jar.getJarEntry(name);
        assertThat(entry).as(name).isNotNull();
        return jar.getInputStream(entry).readAllBytes();
    }
}

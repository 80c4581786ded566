package dev.tidemark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** No source file is so long, and no folder so full, that it wants to be two. */
class SourceSizesTest {
    private static final int LINES = 300;
    private static final int FILES = 30;

    private static List<Path> sources() throws IOException {
        List<Path> sources = new ArrayList<>();
        for (String root : List.of("src/main", "modules")) {
            try (Stream<Path> files = Files.walk(Path.of(root))) {
                files.filter(file -> file.toString().contains("src/main/") && Files.isRegularFile(file))
                        .forEach(sources::add);
            }
        }
        return sources;
    }

    private static long lines(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void noFileIsTooLong() throws IOException {
        List<Path> java = sources().stream()
                .filter(file -> file.toString().endsWith(".java"))
                .toList();
        assertThat(java).hasSizeGreaterThan(100);
        assertThat(java.stream().filter(file -> lines(file) > LINES)).isEmpty();
    }

    @Test
    void noFolderIsTooFull() throws IOException {
        Map<Path, Long> folders =
                sources().stream().collect(Collectors.groupingBy(Path::getParent, Collectors.counting()));
        assertThat(folders).isNotEmpty();
        assertThat(folders.entrySet().stream().filter(folder -> folder.getValue() > FILES))
                .isEmpty();
    }
}

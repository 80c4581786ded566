package dev.tidemark.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The verdicts that the docs give are those that {@code model/run} checks. */
class ModelPageTest {
    private static final Pattern ROW =
            Pattern.compile("^\\| `([a-z0-9-]+)` \\| [^|]+ \\| ([^|]+) \\| [^|]+ \\|$", Pattern.MULTILINE);

    @Test
    void verdicts() throws IOException {
        List<String> checked = Files.readAllLines(Path.of("model/variants.txt")).stream()
                .filter(line -> !line.isBlank() && !line.startsWith("#"))
                .map(line -> line.split(" +"))
                .map(words -> words[0] + " " + verdict(words[1], words[2]))
                .toList();
        List<String> told = ROW.matcher(DocPage.of("docs/model.md").text())
                .results()
                .map(row -> row.group(1) + " " + row.group(2))
                .toList();
        assertThat(told).isNotEmpty().isEqualTo(checked);
    }

    private static String verdict(String verdict, String what) {
        return switch (verdict) {
            case "fails" -> "fails: `" + what + "`";
            case "reaches" -> "reached";
            default -> verdict;
        };
    }
}

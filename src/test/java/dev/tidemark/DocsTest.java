package dev.tidemark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The code in the docs is code that compiles and runs here. */
class DocsTest {
    @ParameterizedTest
    @CsvSource({"README.md, ReadmeExamples, embed", "docs/own-loop.md, OwnLoop, own-loop"})
    void examplesAreCutFromCompiledCode(String page, String source, String name) throws IOException {
        String code = Files.readString(Path.of("src/test/java/dev/tidemark", source + ".java"));
        String begin = "// docs: " + name + "\n";
        String example = code.substring(code.indexOf(begin) + begin.length(), code.indexOf("// docs: end"));
        assertThat(squeezed(Files.readString(Path.of(page)))).contains(squeezed(example));
    }

    @Test
    void everyErrorCodeHasItsRow() throws IOException {
        String page = Files.readString(Path.of("docs/errors.md"));
        for (ErrorCode code : ErrorCode.values()) {
            assertThat(page).contains("| " + code.code() + " |");
        }
    }

    private static String squeezed(String text) {
        return text.replaceAll("\\s+", " ").strip();
    }
}

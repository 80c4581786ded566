package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** What bash offers once it has read the script of {@code tidemark completion}. */
class CompletionTest {
    private static final Path BASH = Path.of("/bin/bash");

    @TempDir
    private static Path directory;

    @BeforeAll
    static void script() throws IOException {
        StringWriter out = new StringWriter();
        assertThat(InProcess.run(Map.of(), out, new StringWriter(), "completion"))
                .isZero();
        Files.writeString(directory.resolve("completion"), out.toString());
        Files.createFile(directory.resolve("offsets.csv"));
    }

    /** For the last word, which may have begun. */
    private static List<String> offered(String line) throws IOException {
        assumeTrue(Files.isExecutable(BASH), "no bash");
        String[] words = line.split(" ", -1);
        String call = "source completion; COMP_LINE='" + line + "'; COMP_WORDS=("
                + String.join(
                        " ", Arrays.stream(words).map(word -> "'" + word + "'").toList()) + "); COMP_CWORD="
                + (words.length - 1) + "; _complete_tidemark; printf '%s\\n' \"${COMPREPLY[@]}\"";
        Process bash = new ProcessBuilder(BASH.toString(), "--norc", "--noprofile", "-c", call)
                .directory(directory.toFile())
                // There it says that no line is being edited.
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        return new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .map(word -> word.replace("\\", "").strip())
                .toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tidemark run job.sql --value | jsonb text bytea",
                "tidemark dead-letters redrive job.sql etl --key | jsonb text bytea",
                "tidemark run job.sql --on-gap | halt earliest",
                "tidemark run job.sql --start | earliest latest committed",
                "tidemark list -o | table json csv",
                "tidemark import-from-kafka etl --missing | earliest latest refuse"
            })
    void theWordsOfAnOption(String line, String words) throws IOException {
        assertThat(offered(line + " ")).containsExactlyInAnyOrder(words.split(" "));
    }

    @Test
    void thoseOfOnFailure() throws IOException {
        assertThat(offered("tidemark run job.sql --on-failure "))
                .contains("park", "park-key", "skip", "halt", "retry=3,park");
        assertThat(offered("tidemark run job.sql --on-failure park")).containsExactlyInAnyOrder("park", "park-key");
    }

    @ParameterizedTest
    @CsvSource({
        "tidemark des, describe",
        "tidemark li, list",
        "tidemark list --jd, --jdbc-url",
        "tidemark list --sch, --schema",
        "tidemark describe --all, --all-groups",
        "tidemark describe --mem, --members",
        "tidemark reset --group etl --dry, --dry-run",
        "tidemark reset --command, --command-config",
        "tidemark reset --bootstrap-server, --bootstrap-servers",
        "tidemark import etl --file off, offsets.csv",
        "tidemark reset etl --from-file off, offsets.csv",
        "tidemark reset etl --with-sql off, offsets.csv",
        "tidemark doctor --command-config off, offsets.csv"
    })
    void commandsOptionsAndFiles(String line, String expected) throws IOException {
        assertThat(offered(line)).contains(expected);
    }

    private static Stream<CommandLine> all(CommandLine command) {
        return Stream.concat(
                Stream.of(command), command.getSubcommands().values().stream().flatMap(CompletionTest::all));
    }

    /** Whatever option comes next: what is offered is in lower case, and is taken. */
    @Test
    void everyWordThatIsOfferedIsTaken() throws Exception {
        List<String> tried = new ArrayList<>();
        for (CommandLine command : all(TidemarkCli.commandLine()).distinct().toList()) {
            for (OptionSpec option : command.getCommandSpec().options()) {
                Iterable<String> candidates = option.completionCandidates();
                if (candidates == null) {
                    assertThat(option.typeInfo().isEnum())
                            .as(option.longestName())
                            .isFalse();
                    continue;
                }
                for (String word : candidates) {
                    assertThat(word).isEqualTo(word.toLowerCase(Locale.ROOT));
                    StringWriter err = new StringWriter();
                    int unused = InProcess.run(
                            Map.of(),
                            new StringWriter(),
                            err,
                            (command.getCommandSpec().qualifiedName().replaceFirst("^tidemark ", "") + " "
                                            + option.longestName() + " " + word + " --schema")
                                    .split(" "));
                    assertThat(err.toString())
                            .as(word)
                            .doesNotContain("'" + word + "'")
                            .contains("--schema");
                    tried.add(word);
                }
            }
        }
        assertThat(tried).contains("bytea", "retry=3,halt", "csv", "manual_move", "refuse");
    }
}

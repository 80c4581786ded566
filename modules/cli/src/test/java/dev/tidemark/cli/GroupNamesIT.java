package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.cli.output.ExitCode;
import dev.tidemark.cli.testkit.Cli;
import dev.tidemark.cli.testkit.Cli.Result;
import dev.tidemark.testkit.SqlJobs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kafka's client reads a group's name without blanks at its ends, and so does every command: there are no two that look alike. */
@Tag("exhaustive")
class GroupNamesIT {
    private final StoredGroups store = new StoredGroups().with("etl", "flights", 2);
    private final Cli cli = store.cli();

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(strings = {" etl", "etl ", "\t etl \n"})
    void blanksAtTheEndsDoNotCount(String name) throws IOException {
        long letter = store.park("etl", "flights", 4, "TM-502");
        Path offsets = Files.writeString(directory.resolve("offsets.csv"), "flights,0,7\netl ,flights,1,8\n");
        for (List<String> command : List.of(
                List.of("import", name, "--file", offsets.toString(), "--force", "--execute"),
                List.of("describe", name),
                List.of("describe", "--group", name),
                List.of("export", name),
                List.of("pause", name, "--execute"),
                List.of("resume", name, "--execute"),
                List.of("reset", name, "--all-topics", "--to-offset", "3", "--force", "--execute"),
                List.of("audit", name),
                List.of("dead-letters", "list", name),
                List.of("dead-letters", "show", name, Long.toString(letter)),
                List.of("dead-letters", "redrive", SqlJobs.file("flights.sql").toString(), name, "--all"),
                List.of("dead-letters", "drop", name, "--all", "--execute"),
                List.of("delete", name, "--execute"))) {
            Result result = cli.run(command.toArray(String[]::new));
            assertThat(result.exitCode()).as(command + result.err()).isZero();
            assertThat(store.database().query("select distinct group_id from tidemark.audit_log"))
                    .containsExactly("etl");
        }
        assertThat(store.database().number("select count(*) from tidemark.topic_binding"))
                .isZero();
    }

    @Test
    void blanksAloneAreNoName() {
        for (List<String> command : List.of(
                List.of("describe", " "),
                List.of("export", ""),
                List.of("audit", "\t"),
                List.of("dead-letters", "drop", " ", "--all"))) {
            Result result = cli.run(command.toArray(String[]::new));
            assertThat(result.exitCode()).as(command.toString()).isEqualTo(ExitCode.WRONG_INPUT);
            assertThat(result.err()).startsWith("TM-103: no group").hasLineCount(1);
        }
    }
}

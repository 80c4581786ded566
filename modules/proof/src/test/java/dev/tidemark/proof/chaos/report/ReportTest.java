package dev.tidemark.proof.chaos.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.proof.chaos.CellResult;
import dev.tidemark.proof.chaos.CellResult.Mark;
import dev.tidemark.proof.check.Advance;
import dev.tidemark.proof.check.Finding;
import dev.tidemark.proof.check.Finding.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    @TempDir
    Path directory;

    private static CellResult result(String cell, String check, Status status) {
        Instant at = Instant.ofEpochMilli(1_000);
        return new CellResult(
                cell,
                7,
                2,
                100,
                1.5,
                List.of(Duration.ofMillis(6_100), Duration.ofMillis(7_200)),
                List.of(),
                List.of(new Finding(check, "title", status, "a < b")),
                List.of(
                        new Advance(0, 1, 0, 40, "", 0, null, at),
                        new Advance(0, 1, 40, 10, null, 0, null, at.plusSeconds(5))),
                List.of(new Mark(3_000, "kill & restart")));
    }

    @Test
    void whatIsKeptIsReadAgain() {
        ResultFiles files = new ResultFiles(directory);
        CellResult kept = result("F1/eager/one", "C1", Status.OK);
        assertThat(files.read(kept.cell())).isEmpty();
        files.write(kept);
        assertThat(files.read(kept.cell())).contains(kept);
        assertThat(files.readAll()).containsExactly(kept);
    }

    @Test
    void eachCellHasItsVerdictAndItsPicture() throws IOException {
        Map<String, String> titles = new LinkedHashMap<>(Map.of("F1", "kill -9"));
        titles.put("F2", "SIGSTOP");
        new ReportWriter(directory, titles)
                .write(List.of(
                        result("F1/eager/one", "C1", Status.OK),
                        result("F1/eager/many", "C8", Status.VIOLATED),
                        result("F2/eager/one", "C1", Status.VIOLATED)));
        assertThat(Files.readString(directory.resolve("report.md")))
                .contains(
                        "| fault | eager/many | eager/one |",
                        "| F1 kill -9 | [2 · 100 · T 6.1/7.2 · exact, late](F1-eager-many.svg)"
                                + " | [2 · 100 · T 6.1/7.2 · exact](F1-eager-one.svg) |",
                        "| F2 SIGSTOP | | [2 · 100 · T 6.1/7.2 · violated [C1]](F2-eager-one.svg) |",
                        "3 cells, 6 injections, 300 records: 1 exact, 1 exact but late, 1 violated.");
        assertThat(Files.readString(directory.resolve("report.html")))
                .contains("class=\"violated\"", "a &lt; b", "src=\"F1-eager-one.svg\"");
        assertThat(Files.readString(directory.resolve("F1-eager-one.svg")))
                .contains("kill &amp; restart", "partition 0", "seed 7");
    }
}

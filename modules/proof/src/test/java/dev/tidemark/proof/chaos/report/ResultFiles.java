package dev.tidemark.proof.chaos.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tidemark.proof.chaos.CellResult;
import dev.tidemark.proof.chaos.CellResult.Mark;
import dev.tidemark.proof.check.Advance;
import dev.tidemark.proof.check.Finding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** One file for each cell that has run, so that a matrix that was interrupted goes on where it was. */
public final class ResultFiles {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path directory;

    public ResultFiles(Path directory) {
        this.directory = directory;
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path file(String cell) {
        return directory.resolve(cell.replace('/', '-') + ".json");
    }

    /** The result of a cell; empty if it has not run. */
    public Optional<CellResult> read(String cell) {
        return Files.exists(file(cell)) ? Optional.of(read(file(cell))) : Optional.empty();
    }

    /** All results. */
    public List<CellResult> readAll() {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .map(ResultFiles::read)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Keeps a result: all of it, or nothing if the process dies meanwhile. */
    public void write(CellResult result) {
        ObjectNode json = JSON.createObjectNode();
        json.put("cell", result.cell());
        json.put("seed", result.seed());
        json.put("injections", result.injections());
        json.put("records", result.records());
        json.put("load", result.load());
        ArrayNode takeovers = json.putArray("takeovers");
        result.takeovers().forEach(time -> takeovers.add(time.toMillis()));
        ArrayNode recoveries = json.putArray("recoveries");
        result.recoveries().forEach(time -> recoveries.add(time.toMillis()));
        ArrayNode findings = json.putArray("findings");
        result.findings()
                .forEach(f -> findings.addObject()
                        .put("check", f.check())
                        .put("title", f.title())
                        .put("status", f.status().name())
                        .put("text", f.text()));
        ArrayNode advances = json.putArray("advances");
        result.advances()
                .forEach(a -> advances.addArray()
                        .add(a.partition())
                        .add(a.previous())
                        .add(a.next())
                        .add(a.at().toEpochMilli())
                        .add(a.isMove()));
        ArrayNode marks = json.putArray("marks");
        result.marks().forEach(m -> marks.addObject().put("at", m.at()).put("label", m.label()));
        try {
            // Named after the cell: runs of different cells may share the directory.
            Path part = directory.resolve(file(result.cell()).getFileName() + ".part");
            JSON.writeValue(part.toFile(), json);
            Files.move(part, file(result.cell()), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static CellResult read(Path file) {
        try {
            JsonNode json = JSON.readTree(file.toFile());
            List<Finding> findings = new ArrayList<>();
            json.get("findings")
                    .forEach(f -> findings.add(new Finding(
                            f.get("check").asText(),
                            f.get("title").asText(),
                            Finding.Status.valueOf(f.get("status").asText()),
                            f.get("text").asText())));
            List<Advance> advances = new ArrayList<>();
            json.get("advances").forEach(a -> advances.add(advance(a)));
            List<Mark> marks = new ArrayList<>();
            json.get("marks")
                    .forEach(m -> marks.add(
                            new Mark(m.get("at").asLong(), m.get("label").asText())));
            return new CellResult(
                    json.get("cell").asText(),
                    json.get("seed").asLong(),
                    json.get("injections").asInt(),
                    json.get("records").asLong(),
                    json.path("load").asDouble(),
                    times(json.get("takeovers")),
                    times(json.get("recoveries")),
                    findings,
                    advances,
                    marks);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Only what the picture needs is kept. */
    private static Advance advance(JsonNode a) {
        return new Advance(
                a.get(0).asInt(),
                1,
                a.get(1).asLong(),
                a.get(2).asLong(),
                a.get(4).asBoolean() ? null : "",
                0,
                null,
                Instant.ofEpochMilli(a.get(3).asLong()));
    }

    private static List<Duration> times(JsonNode millis) {
        List<Duration> times = new ArrayList<>();
        millis.forEach(time -> times.add(Duration.ofMillis(time.asLong())));
        return times;
    }
}

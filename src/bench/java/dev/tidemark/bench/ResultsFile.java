package dev.tidemark.bench;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;

/** The results as files: results.json, figures.json, machine.json. Each is whole at any moment. */
final class ResultsFile {
    private static final JsonMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    final Path directory;

    ResultsFile(Path directory) {
        this.directory = directory;
    }

    Path rowsFile() {
        return directory.resolve("results.json");
    }

    private Path figuresFile() {
        return directory.resolve("figures.json");
    }

    private Path machineFile() {
        return directory.resolve("machine.json");
    }

    void write(Results results) {
        write(rowsFile(), results.rows());
        write(figuresFile(), results.figures());
        write(machineFile(), results.machine());
    }

    Results read() {
        if (!Files.exists(rowsFile())) {
            throw new IllegalStateException("there is no " + rowsFile() + ": measure something first");
        }
        return new Results(
                read(rowsFile(), new TypeReference<List<Row>>() {}),
                read(figuresFile(), new TypeReference<List<Figure>>() {}),
                read(machineFile(), new TypeReference<Map<String, String>>() {}));
    }

    private static <T> T read(Path file, TypeReference<T> type) {
        try {
            return JSON.readValue(file.toFile(), type);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void write(Path file, Object value) {
        try {
            Files.createDirectories(directory);
            Path next = file.resolveSibling(file.getFileName() + ".next");
            JSON.writerWithDefaultPrettyPrinter().writeValue(next.toFile(), value);
            Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

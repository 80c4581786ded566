package dev.tidemark.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Landed migrations are never edited, since databases that have run them would be refused by Flyway, or differ from new ones. The checksums have
 * the format of {@code sha256sum}.
 */
class MigrationChecksumsTest {
    private static final Path MIGRATIONS = Path.of("db/migrations/postgresql");
    private static final Path CHECKSUMS = Path.of("src/test/resources/migrations.sha256");

    @Test
    void noLandedMigrationWasEdited() throws IOException {
        Map<String, String> landed = new TreeMap<>();
        for (String line : Files.readAllLines(CHECKSUMS, StandardCharsets.UTF_8)) {
            landed.put(line.substring(66), line.substring(0, 64));
        }
        Map<String, String> present = new TreeMap<>();
        for (Path file : migrations()) {
            present.put(file.toString().replace('\\', '/'), sha256(file));
        }
        landed.forEach((file, checksum) -> assertThat(present.get(file))
                .as(
                        "SHA-256 of %s. A landed migration is never edited, renamed or deleted: restore it (git checkout origin/main -- %s)"
                                + " and put the change into a new migration, V%d__subject.sql",
                        file, file, landed.size() + 1)
                .isEqualTo(checksum));
        present.forEach((file, checksum) -> assertThat(landed)
                .as("a new migration lands with its checksum: add the line \"%s  %s\" to %s", checksum, file, CHECKSUMS)
                .containsKey(file));
    }

    private static List<Path> migrations() throws IOException {
        try (Stream<Path> files = Files.list(MIGRATIONS)) {
            return files.sorted().toList();
        }
    }

    private static String sha256(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}

package dev.tidemark.internal.store.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The script holds every migration, and nothing that only Flyway would replace. */
class MigrationScriptTest {
    private static final Path MIGRATIONS = Path.of("db/migrations/postgresql");

    @Test
    void everyMigrationIsInIt() throws IOException {
        List<String> files;
        try (Stream<Path> all = Files.list(MIGRATIONS)) {
            files = all.map(file -> file.getFileName().toString())
                    .sorted(Comparator.comparing(name -> Integer.valueOf(name.substring(1, name.indexOf("__")))))
                    .toList();
        }
        assertThat(MigrationScript.FILES).isEqualTo(files).hasSize(SchemaCheck.SCHEMA_VERSION);
    }

    /** A migration that did not would leave a schema that cannot say its version. */
    @Test
    void everyMigrationSetsItsVersionInItsLastStatement() throws IOException {
        for (int version = 2; version <= MigrationScript.FILES.size(); version++) {
            assertThat(Files.readString(MIGRATIONS.resolve(MigrationScript.FILES.get(version - 1))))
                    .endsWith("\nupdate ${schema}.store_info set schema_version = " + version + ";\n");
        }
    }

    @Test
    void onlyWhatComesAfterAVersionIsInIt() {
        String script = MigrationScript.of(new Schema("berlin"), 8, "history");
        assertThat(script)
                .contains("-- V9__", "berlin.grant_access", "from version 8")
                .doesNotContain("-- V8__");
        for (int from = 0; from <= SchemaCheck.SCHEMA_VERSION; from++) {
            assertThat(MigrationScript.of(new Schema("berlin"), from, "history"))
                    .doesNotContain(
                            "${", "{schema}", "{from}", "{to}", "{history}", "{version}", "{file}", "{checksum}")
                    .endsWith("\ncommit;\n");
        }
    }
}

package dev.tidemark.versions;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemark.TidemarkSchema;
import dev.tidemark.internal.store.schema.SchemaCheck;
import dev.tidemark.testkit.Servers;
import dev.tidemark.testkit.postgres.TestDatabase;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.ds.PGSimpleDataSource;

/** The migrations with the Flyway of a framework, and afterwards with a newer one. */
@Tag("database")
@Tag("exhaustive")
class OlderFlywayIT {
    private final TestDatabase database = Servers.postgres().createDatabase();

    private void migrateWith(String version) throws Exception {
        try (URLClassLoader loader = OlderLibraries.loader(version, artifacts(version))) {
            assertThat(loader.loadClass(Migration.class.getName())
                            .getDeclaredMethod("run", String.class)
                            .invoke(null, database.owner().jdbcUrl()))
                    .asString()
                    .startsWith(version + ".");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"11", "12"})
    void migrates(String version) throws Exception {
        migrateWith(version);
        List<String> history = history();
        assertThat(database.owner().query("select schema_version from tidemark.store_info"))
                .containsExactly(Integer.toString(SchemaCheck.SCHEMA_VERSION));
        try (HikariDataSource pool = database.owner().pool(2)) {
            TidemarkSchema.migrate(pool);
        }
        assertThat(history()).isEqualTo(history);
    }

    @ParameterizedTest
    @ValueSource(strings = {"11", "12"})
    void takesOverWhatAScriptHasMade(String version) throws Exception {
        database.owner().execute(TidemarkSchema.script());
        migrateWith(version);
        assertThat(database.owner().query("select version, type from tidemark.tidemark_schema_history"))
                .containsExactly(SchemaCheck.SCHEMA_VERSION + "|BASELINE");
        List<String> history = history();
        try (HikariDataSource pool = database.owner().pool(2)) {
            TidemarkSchema.migrate(pool);
        }
        assertThat(history()).isEqualTo(history);
    }

    /** 12 brings a Jackson that no other version needs. */
    private static String[] artifacts(String version) {
        List<String> all = new ArrayList<>(List.of("flyway-core", "flyway-database-postgresql"));
        if (version.equals("12")) {
            all.addAll(List.of("flyway-jackson-databind", "flyway-jackson-core"));
        }
        return all.toArray(String[]::new);
    }

    private List<String> history() {
        return database.owner().query("select h.* from tidemark.tidemark_schema_history h order by 1");
    }

    /** Loaded again, beside the older library. */
    public static final class Migration {
        private Migration() {}

        /** Returns the version of Flyway. */
        public static String run(String jdbcUrl) {
            PGSimpleDataSource source = new PGSimpleDataSource();
            source.setUrl(jdbcUrl);
            DataSource database = source;
            TidemarkSchema.migrate(database);
            return org.flywaydb.core.internal.license.VersionPrinter.getVersion();
        }
    }
}

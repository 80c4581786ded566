package dev.tidemark.docs;

import dev.tidemark.TidemarkBuilder;
import dev.tidemark.TidemarkSchema;
import java.util.Map;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;

/** The code that docs/install.md shows; run by {@link InstallIT}. */
final class InstallExamples {
    private InstallExamples() {}

    static void migrate(DataSource dataSource) {
        // docs: migrate
        TidemarkSchema.migrate(dataSource);
        // docs: end
    }

    static void ownFlyway(DataSource dataSource) {
        // docs: own-flyway
        Flyway.configure()
                .dataSource(dataSource)
                .locations("classpath:dev/tidemark/migrations/postgresql")
                .schemas("tidemark")
                .defaultSchema("tidemark")
                .table("tidemark_schema_history") // separate from the history of your own migrations
                .placeholders(Map.of("schema", "tidemark"))
                .load()
                .migrate();
        // docs: end
    }

    static void several(DataSource dataSource, TidemarkBuilder<String, String> builder) {
        // docs: several
        TidemarkSchema.migrate(dataSource, "berlin_offsets");
        builder.schema("berlin_offsets");
        // docs: end
    }
}

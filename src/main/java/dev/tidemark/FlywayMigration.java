package dev.tidemark;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.configuration.FluentConfiguration;

/** All that touches Flyway, which is optional: the class that calls this can be loaded without it. */
final class FlywayMigration {
    private static final String FLYWAY = "org.flywaydb.core.Flyway";

    /** The part of Flyway that knows PostgreSQL; without it Flyway says only that the database is unsupported. */
    private static final String POSTGRESQL = "org.flywaydb.database.postgresql.PostgreSQLDatabaseType";

    /** Flyway failed; has no class of Flyway in its signature. */
    static final class FailedException extends Exception {
        private static final long serialVersionUID = 1L;

        private FailedException(FlywayException failure) {
            super(failure);
        }

        /** What Flyway threw. */
        Exception failure() {
            return getCause() instanceof Exception e ? e : this;
        }
    }

    private FlywayMigration() {}

    /**
     * Does nothing if Flyway is there.
     *
     * @throws NoClassDefFoundError if a part of it is not on the class path
     */
    static void require() {
        ClassLoader loader = FlywayMigration.class.getClassLoader();
        for (String part : List.of(FLYWAY, POSTGRESQL)) {
            try {
                Class<?> unused = Class.forName(part, false, loader);
            } catch (ClassNotFoundException e) {
                throw new NoClassDefFoundError(part);
            }
        }
    }

    /**
     * Upgrades a schema that exists.
     *
     * @param location where the migrations are
     * @param history the table in which Flyway records them
     * @param withoutHistory the version of a schema that a script made; empty for one that is empty or has a history
     */
    static void run(DataSource dataSource, String schema, String location, String history, OptionalInt withoutHistory)
            throws FailedException {
        FluentConfiguration configuration = Flyway.configure(FlywayMigration.class.getClassLoader())
                .dataSource(dataSource)
                .locations(location)
                .failOnMissingLocations(true)
                .schemas(schema)
                .defaultSchema(schema)
                .createSchemas(false)
                .table(history)
                .placeholders(Map.of("schema", schema));
        withoutHistory.ifPresent(
                version -> configuration.baselineOnMigrate(true).baselineVersion(Integer.toString(version)));
        try {
            configuration.load().migrate();
        } catch (FlywayException e) {
            throw new FailedException(e);
        }
    }
}

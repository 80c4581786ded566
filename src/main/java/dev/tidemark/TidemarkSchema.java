package dev.tidemark;

import dev.tidemark.internal.store.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;

/**
 * Makes and upgrades the tables of the offset store. Needs {@code flyway-core} and {@code flyway-database-postgresql}, which are
 * optional dependencies. A team with its own Flyway runs the same migrations from {@link #LOCATION}.
 */
public final class TidemarkSchema {
    /** Where the migrations lie on the class path; they want the placeholder {@code schema}. */
    public static final String LOCATION = "classpath:dev/tidemark/migrations";

    /** Flyway's history of this schema; not the name that Flyway gives an application's own. */
    public static final String HISTORY_TABLE = "tidemark_schema_history";

    private TidemarkSchema() {}

    /** Migrates the schema {@code tidemark}. */
    public static void migrate(DataSource dataSource) {
        migrate(dataSource, Schema.DEFAULT);
    }

    /**
     * Brings the schema to this library's version, making it if need be. Any number of processes may do so at once; all return
     * when it is done. Needs two connections, and a role that may create the schema if it is not there.
     *
     * @param schema a plain lower-case identifier
     * @throws OffsetStoreException if the database refuses
     * @throws InvalidConfigurationException if the schema holds somebody else's tables
     */
    public static void migrate(DataSource dataSource, String schema) {
        String name = new Schema(schema).name();
        try {
            create(dataSource, name);
        } catch (SQLException e) {
            throw new OffsetStoreException(
                    ErrorCode.SCHEMA_MISSING,
                    "schema " + name
                            + " could not be created: create it as a role that may, or grant create on the database",
                    e);
        }
        Flyway flyway = Flyway.configure(TidemarkSchema.class.getClassLoader())
                .dataSource(dataSource)
                .locations(LOCATION)
                .failOnMissingLocations(true)
                .schemas(name)
                .defaultSchema(name)
                .createSchemas(false)
                .table(HISTORY_TABLE)
                .placeholders(Map.of("schema", name))
                .load();
        try {
            flyway.migrate();
        } catch (FlywayException e) {
            throw new OffsetStoreException(
                    ErrorCode.UNEXPECTED, "the migration of schema " + name + " failed, and changed nothing", e);
        }
    }

    /** Flyway locks its history, which it keeps in the schema, so the schema itself is made under a lock of our own. */
    private static void create(DataSource dataSource, String name) throws SQLException {
        try (Connection c = dataSource.getConnection()) {
            c.setAutoCommit(false);
            try {
                try (PreparedStatement lock = c.prepareStatement(
                        "select pg_advisory_xact_lock(hashtextextended('tidemark schema ' || ?, 0))")) {
                    lock.setString(1, name);
                    lock.execute();
                }
                boolean exists;
                try (PreparedStatement look = c.prepareStatement("select 1 from pg_namespace where nspname = ?")) {
                    look.setString(1, name);
                    try (ResultSet r = look.executeQuery()) {
                        exists = r.next();
                    }
                }
                if (exists) {
                    refuseForeign(c, name);
                } else {
                    try (PreparedStatement make = c.prepareStatement("create schema " + name)) {
                        make.execute();
                    }
                }
                c.commit();
            } catch (SQLException | RuntimeException e) {
                c.rollback();
                throw e;
            } finally {
                c.setAutoCommit(true);
            }
        }
    }

    /** Flyway would baseline such a schema, but not safely for several processes at once. */
    private static void refuseForeign(Connection c, String name) throws SQLException {
        try (PreparedStatement look = c.prepareStatement(
                "select count(*), count(*) filter (where tablename = ?) from pg_tables where schemaname = ?")) {
            look.setString(1, HISTORY_TABLE);
            look.setString(2, name);
            try (ResultSet r = look.executeQuery()) {
                if (r.next() && r.getInt(1) > 0 && r.getInt(2) == 0) {
                    throw new InvalidConfigurationException(
                            ErrorCode.INVALID_SETTING,
                            "schema " + name + " already holds other tables: give the offset store a schema of its own",
                            null);
                }
            }
        }
    }
}

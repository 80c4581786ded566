package dev.tidemark;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.store.connection.PooledConnections;
import dev.tidemark.internal.store.connection.PoolerMode;
import dev.tidemark.internal.store.failure.FailureWords;
import dev.tidemark.internal.store.failure.NotConnectedException;
import dev.tidemark.internal.store.failure.SqlFailures;
import dev.tidemark.internal.store.failure.StoreErrors;
import dev.tidemark.internal.store.schema.MigrationScript;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.schema.SchemaCheck;
import dev.tidemark.internal.store.schema.SchemaHistory;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalInt;
import javax.sql.DataSource;

/**
 * Creates and upgrades the tables of the offset store. Needs {@code flyway-core} and {@code flyway-database-postgresql}, which are
 * optional dependencies. A team with its own Flyway runs the same migrations from {@link #LOCATION}; one without
 * Flyway runs the {@link #script() script}.
 */
public final class TidemarkSchema {
    /** The location of the migrations on the class path; they need the placeholder {@code schema}. */
    public static final String LOCATION = "classpath:dev/tidemark/migrations/postgresql";

    /** Flyway's history of this schema; different from the default name that an application's own history has. */
    public static final String HISTORY_TABLE = "tidemark_schema_history";

    /** The version of the schema that this release needs and {@link #migrate(DataSource) migrates} to. */
    public static final int VERSION = SchemaCheck.SCHEMA_VERSION;

    private TidemarkSchema() {}

    /** Migrates the schema {@code tidemark}. */
    public static void migrate(DataSource dataSource) {
        migrate(dataSource, Schema.DEFAULT);
    }

    /**
     * Upgrades the schema to this library's version, creating it if necessary. Any number of processes may do so at once; all return
     * when it is done. Needs two connections, and a role that may create the schema if it does not exist. A schema that was made by
     * {@link #script(String, int)} is continued from the version that it has.
     *
     * @param schema a plain lower-case identifier
     * @throws OffsetStoreException if the database refuses
     * @throws InvalidConfigurationException if the schema contains objects of others, or Flyway is not on the class path, or the pool holds one connection
     */
    public static void migrate(DataSource dataSource, String schema) {
        String name = new Schema(schema).name();
        OptionalInt pooled = PooledConnections.of(dataSource);
        if (pooled.isPresent() && pooled.getAsInt() < 2) {
            throw new InvalidConfigurationException(
                    ErrorCode.CONFLICTING_LIMITS,
                    "the pool holds 1 connection, and a migration needs 2: raise maximumPoolSize",
                    null);
        }
        try {
            FlywayMigration.require();
            OptionalInt withoutHistory = create(dataSource, name);
            FlywayMigration.run(dataSource, name, LOCATION, HISTORY_TABLE, withoutHistory);
        } catch (SQLException e) {
            throw refused(dataSource, name, e);
        } catch (FlywayMigration.FailedException e) {
            throw refused(dataSource, name, e.failure());
        } catch (NoClassDefFoundError e) {
            throw new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    "class " + String.valueOf(e.getMessage()).replace('/', '.')
                            + " is not on the class path: add org.flywaydb:flyway-core and"
                            + " org.flywaydb:flyway-database-postgresql, or run the migrations with a Flyway of your"
                            + " own",
                    e);
        }
    }

    /**
     * The SQL that creates the offset store in an empty schema, or in a new one; for {@code tidemark} and version 0, see
     * {@link #script(String, int)}.
     */
    public static String script() {
        return script(Schema.DEFAULT, 0);
    }

    /**
     * The SQL that creates or upgrades the offset store, for those who run it with a tool of their own; it makes the schema that
     * {@link #migrate(DataSource, String)} makes. It begins and commits a transaction, and refuses a schema of another version than
     * {@code from}. If the schema has {@link #HISTORY_TABLE}, an upgrade adds its rows. Needs neither a database nor Flyway.
     *
     * @param schema a plain lower-case identifier
     * @param from the version that the schema has, as {@code store_info.schema_version} says; 0 if there is no offset store yet
     * @throws InvalidConfigurationException if the name is invalid, or this library knows no such version (TM-103)
     */
    public static String script(String schema, int from) {
        return MigrationScript.of(new Schema(schema), from, HISTORY_TABLE);
    }

    private static TidemarkException refused(DataSource dataSource, String name, Exception failure) {
        SqlFacts facts = SqlFailures.facts(failure);
        if (PoolerMode.isSuspect(failure) && PoolerMode.refusesTransactions(dataSource)) {
            return StoreErrors.poolerByStatement(failure);
        }
        if (StoreErrors.isRefusedLogin(failure) || facts.is("25006")) {
            return StoreErrors.translate(new Schema(name), "of this migration", failure);
        }
        if (facts.is("42501")) {
            return new OffsetStoreException(
                    ErrorCode.SCHEMA_MISSING,
                    "schema " + name
                            + " could not be created or changed, because the role lacks a right: migrate as a role"
                            + " that owns it, or may create it (grant create on the database)",
                    failure);
        }
        if (facts.isTimeLimit() || facts.is("55P03", "40P01", "40001")) {
            return new OffsetStoreException(
                    facts.is("40P01", "40001") ? ErrorCode.CONTENTION : ErrorCode.CHANGE_REFUSED,
                    "the migration of schema " + name + " was ended by a time limit, a cancel, or a lock of another"
                            + " transaction (" + FailureWords.describe(failure)
                            + "): migrate again, which continues where this ended, with a higher statement_timeout or"
                            + " lock_timeout of the role if that happens again",
                    failure);
        }
        if (facts.fromDatabase() && FailureKind.ofControl(facts) != FailureKind.HANDLER) {
            return new OffsetStoreException(
                    ErrorCode.DATABASE_UNAVAILABLE,
                    "the database is unreachable, or cannot serve for now, and schema " + name + " is not migrated ("
                            + FailureWords.describe(failure)
                            + "): check the JDBC URL, and whether the server runs there; then migrate again",
                    failure);
        }
        if (!facts.fromDatabase()) {
            // Flyway's own: the history is not that of these migrations. Its message holds versions, names and
            // checksums.
            return new OffsetStoreException(
                    ErrorCode.SCHEMA_MISSING,
                    "Flyway does not accept the history of schema " + name + ", table " + HISTORY_TABLE
                            + ", which changed nothing: the cause says what differs from the migrations of this library;"
                            + " restore the rows of the history from a backup",
                    failure);
        }
        return new OffsetStoreException(
                ErrorCode.UNEXPECTED,
                "the migration of schema " + name + " failed, and changed nothing (" + FailureWords.describe(failure)
                        + ")",
                failure);
    }

    /**
     * Flyway locks its history, which is inside the schema, so the schema itself is created under Tidemark's own lock. Returns the version
     * of a schema that has no history, because a script made it.
     */
    private static OptionalInt create(DataSource dataSource, String name) throws SQLException {
        try (Connection c = NotConnectedException.open(dataSource)) {
            boolean autoCommit = c.getAutoCommit();
            c.setAutoCommit(false);
            try {
                try (PreparedStatement lock = c.prepareStatement(
                        "select pg_advisory_xact_lock(hashtextextended('tidemark schema ' || ?, 0))")) {
                    lock.setString(1, name);
                    lock.execute();
                }
                boolean exists;
                OptionalInt withoutHistory = OptionalInt.empty();
                try (PreparedStatement look = c.prepareStatement("select 1 from pg_namespace where nspname = ?")) {
                    look.setString(1, name);
                    try (ResultSet r = look.executeQuery()) {
                        exists = r.next();
                    }
                }
                if (exists) {
                    withoutHistory = SchemaHistory.versionWithout(c, name, HISTORY_TABLE);
                } else {
                    try (PreparedStatement make = c.prepareStatement("create schema " + name)) {
                        make.execute();
                    }
                }
                c.commit();
                c.setAutoCommit(autoCommit);
                return withoutHistory;
            } catch (SQLException | RuntimeException e) {
                giveBack(c, autoCommit, e);
                throw e;
            }
        }
    }

    private static void giveBack(Connection c, boolean autoCommit, Exception failure) {
        try {
            c.rollback();
            c.setAutoCommit(autoCommit);
        } catch (SQLException alsoBroken) {
            failure.addSuppressed(alsoBroken);
        }
    }
}

package dev.tidemark.internal.store.schema;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalInt;

/** Whether a schema that exists may be migrated, and from where. */
public final class SchemaHistory {
    /** The tables of the first migration: a schema that holds them all is an offset store. */
    private static final String[] TABLES = {
        "store_info", "topic_binding", "stored_offset", "log_end", "dead_letter", "partition_state", "consumer_pause"
    };

    private SchemaHistory() {}

    /**
     * The version of an offset store without a history of Flyway, which {@link MigrationScript} has made; empty if the schema is empty, or
     * has a history.
     *
     * @param history the table in which Flyway records what it has run
     * @throws InvalidConfigurationException if the schema holds objects of others (TM-103)
     */
    public static OptionalInt versionWithout(Connection c, String schema, String history) throws SQLException {
        try (PreparedStatement look = c.prepareStatement("""
            select exists (select from pg_class where relnamespace = n.oid and relname = ?),
                   exists (select from pg_class where relnamespace = n.oid)
                   or exists (select from pg_proc where pronamespace = n.oid)
                   or exists (select from pg_type where typnamespace = n.oid),
                   (select count(*) from pg_class where relnamespace = n.oid and relkind = 'r' and relname = any (?))
              from pg_namespace n where n.nspname = ?
            """)) {
            look.setString(1, history);
            look.setArray(2, c.createArrayOf("text", TABLES));
            look.setString(3, schema);
            try (ResultSet r = look.executeQuery()) {
                if (!r.next() || r.getBoolean(1) || !r.getBoolean(2)) {
                    return OptionalInt.empty();
                }
                if (r.getInt(3) == TABLES.length) {
                    return version(c, schema);
                }
            }
        }
        throw new InvalidConfigurationException(
                ErrorCode.INVALID_SETTING,
                "schema " + schema
                        + " already contains tables, views, functions or types of others: give the offset store its"
                        + " own schema",
                null);
    }

    /** Each migration sets it in its last statement, and so in the transaction of all others. */
    private static OptionalInt version(Connection c, String schema) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("select schema_version from " + schema + ".store_info");
                ResultSet r = s.executeQuery()) {
            if (r.next()) {
                return OptionalInt.of(r.getInt(1));
            }
        }
        throw new InvalidConfigurationException(
                ErrorCode.INVALID_SETTING,
                "schema " + schema + " has no history of migrations, and table store_info has no row that says its"
                        + " version: restore the row",
                null);
    }
}

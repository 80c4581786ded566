package dev.tidemark.internal.store.schema;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.errors.OffsetStoreException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Whether a schema that exists may be migrated, and from where. */
public final class SchemaHistory {
    /** The tables of the first migration: a schema that holds them all is an offset store. */
    private static final List<String> TABLES = List.of(
            "store_info",
            "topic_binding",
            "stored_offset",
            "log_end",
            "dead_letter",
            "partition_state",
            "consumer_pause");

    /** Half a second apart. */
    private static final int LOOKS = 10;

    private SchemaHistory() {}

    /**
     * The version of an offset store without a history of Flyway, which {@link MigrationScript} has made; empty if the schema is empty, or
     * has a history.
     *
     * @param history the table in which Flyway records what it has run
     * @throws InvalidConfigurationException if the schema holds objects of others (TM-103)
     * @throws OffsetStoreException if the history and the tables do not fit together, which no migration repairs (TM-201)
     */
    public static OptionalInt versionWithout(Connection c, String schema, String history) throws SQLException {
        Found found = look(c, schema, history);
        if (found.history()) {
            requireWhole(c, schema, history);
            return OptionalInt.empty();
        }
        if (!found.anything()) {
            return OptionalInt.empty();
        }
        if (found.missing().isEmpty()) {
            return OptionalInt.of(version(c, schema));
        }
        // Others may have one table of the same name.
        if (found.missing().size() < TABLES.size() - 1) {
            throw incomplete(schema, found.missing());
        }
        throw new InvalidConfigurationException(
                ErrorCode.INVALID_SETTING,
                "schema " + schema
                        + " already contains tables, views, functions or types of others: give the offset store its"
                        + " own schema",
                null);
    }

    /**
     * What is in the schema.
     *
     * @param history whether Flyway's history is
     * @param anything whether anything is
     * @param missing which of the store's tables are not
     */
    private record Found(boolean history, boolean anything, List<String> missing) {}

    private static Found look(Connection c, String schema, String history) throws SQLException {
        try (PreparedStatement look = c.prepareStatement("""
            select exists (select from pg_class where relnamespace = n.oid and relname = ?),
                   exists (select from pg_class where relnamespace = n.oid)
                   or exists (select from pg_proc where pronamespace = n.oid)
                   or exists (select from pg_type where typnamespace = n.oid),
                   array(select relname::text from pg_class where relnamespace = n.oid and relkind = 'r')
              from pg_namespace n where n.nspname = ?
            """)) {
            look.setString(1, history);
            look.setString(2, schema);
            try (ResultSet r = look.executeQuery()) {
                if (!r.next()) {
                    return new Found(false, false, TABLES);
                }
                return new Found(r.getBoolean(1), r.getBoolean(2), missing(r.getArray(3)));
            }
        }
    }

    private static List<String> missing(Array tables) throws SQLException {
        List<String> missing = new ArrayList<>(TABLES);
        missing.removeAll(List.of((String[]) tables.getArray()));
        return missing;
    }

    /**
     * Another process may be about to write a migration's row in the history, which was seen to come after the migration itself:
     * only what stays apart was set apart by other hands.
     */
    private static void requireWhole(Connection c, String schema, String history) throws SQLException {
        Optional<OffsetStoreException> damage = damage(c, schema, history);
        for (int look = 1; damage.isPresent() && look < LOOKS; look++) {
            try (PreparedStatement pause = c.prepareStatement("select pg_sleep(0.5)")) {
                pause.execute();
            }
            damage = damage(c, schema, history);
        }
        if (damage.isPresent()) {
            throw damage.get();
        }
    }

    private static Optional<OffsetStoreException> damage(Connection c, String schema, String history)
            throws SQLException {
        String table = schema + "." + history;
        // One statement, as another process may migrate now.
        try (PreparedStatement s =
                        c.prepareStatement("select count(*), string_agg(version, ', ' order by installed_rank)"
                                + " filter (where not success), array(select relname::text from pg_class"
                                + " where relnamespace = '" + schema + "'::regnamespace and relkind = 'r') from "
                                + table);
                ResultSet r = s.executeQuery()) {
            r.next();
            boolean empty = r.getLong(1) == 0;
            String failed = r.getString(2);
            List<String> missing = missing(r.getArray(3));
            if (failed != null) {
                return Optional.of(damaged("table " + table + " says that a migration failed (version " + failed
                        + "), and PostgreSQL undoes all of one that fails: delete from " + table
                        + " where not success, then migrate again"));
            }
            if (empty && missing.size() == TABLES.size()) {
                return Optional.empty();
            }
            if (!missing.isEmpty()) {
                return Optional.of(incomplete(schema, missing));
            }
            int version = version(c, schema);
            return empty
                    ? Optional.of(damaged("table " + table + " is empty, although the offset store has version "
                            + version + ": drop table " + table
                            + ", then migrate again, which continues from that version"))
                    : Optional.empty();
        }
    }

    private static OffsetStoreException incomplete(String schema, List<String> missing) {
        return damaged("the offset store in schema " + schema + " has lost its table "
                + String.join(", ", missing)
                + ", which a migration does not create again: restore it from a backup. If none of the store's offsets are"
                + " needed, drop schema " + schema + " cascade, then migrate");
    }

    private static OffsetStoreException damaged(String words) {
        return new OffsetStoreException(ErrorCode.SCHEMA_MISSING, words, null);
    }

    /** Each migration sets it in its last statement, and so in the transaction of all others. */
    private static int version(Connection c, String schema) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("select schema_version from " + schema + ".store_info");
                ResultSet r = s.executeQuery()) {
            if (r.next()) {
                return r.getInt(1);
            }
        }
        throw damaged("table " + schema
                + ".store_info has no row, which says the store's version and id: restore it from a backup, or insert"
                + " the version of the newest migration that was run, as in insert into " + schema
                + ".store_info (schema_version, min_protocol) values (" + SchemaCheck.SCHEMA_VERSION + ", "
                + SchemaCheck.PROTOCOL + ")");
    }
}

package dev.tidemark.internal.store.schema;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.internal.command.PastedCommand;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.AutoSave;

/** Checks once, before anything is read, whether this database can serve as the offset store. It changes nothing. */
public final class SchemaCheck {
    /** The protocol with which this library writes; see {@code store_info.min_protocol}. */
    public static final int PROTOCOL = 1;

    /** The newest migration that this library needs; see {@code store_info.schema_version}. */
    public static final int SCHEMA_VERSION = 10;

    private static final int OLDEST_SERVER = 140_000;

    private SchemaCheck() {}

    /**
     * Returns if nothing is wrong, throws otherwise.
     *
     * @throws OffsetStoreException TM-201 to TM-210, TM-213
     * @throws InvalidConfigurationException TM-104
     * @throws SQLException if the database is unreachable
     */
    public static void check(Connection c, Schema schema) throws SQLException {
        if (c.isWrapperFor(PGConnection.class) && c.unwrap(PGConnection.class).getAutosave() == AutoSave.ALWAYS) {
            throw new InvalidConfigurationException(
                    ErrorCode.CONFLICTING_JDBC_SETTING,
                    "autosave=always hides failed statements from the transaction: use autosave=never or conservative",
                    null);
        }
        int server = number(c, "select current_setting('server_version_num')::int", 0);
        if (server < OLDEST_SERVER) {
            throw new OffsetStoreException(
                    ErrorCode.SERVER_TOO_OLD,
                    "the server is PostgreSQL " + server / 10_000 + ", and Tidemark needs 14 or newer",
                    null);
        }
        if (number(c, "select pg_is_in_recovery()::int + (current_setting('transaction_read_only') = 'on')::int", 0)
                > 0) {
            throw new SQLException("the server is read-only", "25006");
        }
        RowSecurity.check(c, schema);
        int minProtocol = number(c, schema.sql("select min_protocol from {schema}.store_info"), 0);
        int version = number(c, schema.sql("select schema_version from {schema}.store_info"), 0);
        if (minProtocol > PROTOCOL) {
            throw new OffsetStoreException(
                    ErrorCode.SCHEMA_TOO_NEW,
                    "schema " + schema.name() + " requires protocol " + minProtocol
                            + " or newer, and this library writes protocol " + PROTOCOL + ": upgrade the library",
                    null);
        }
        if (version < SCHEMA_VERSION) {
            throw new OffsetStoreException(
                    ErrorCode.SCHEMA_TOO_OLD,
                    "schema " + schema.name() + " has version " + version + ", and this library needs " + SCHEMA_VERSION
                            + ": run " + PastedCommand.migrate(schema.name())
                            + ", or TidemarkSchema.migrate(dataSource)",
                    null);
        }
        if (number(
                        c,
                        schema.sql("select count(*)::int from pg_class where oid = '{schema}.stored_offset'::regclass"
                                + " and relpersistence <> 'p'"),
                        0)
                > 0) {
            throw new OffsetStoreException(
                    ErrorCode.TABLE_UNLOGGED,
                    "table " + schema.name()
                            + ".stored_offset is UNLOGGED and would be emptied by a crash: alter table " + schema.name()
                            + ".stored_offset set logged",
                    null);
        }
    }

    private static int number(Connection c, String sql, int otherwise) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, sql);
                ResultSet r = s.executeQuery()) {
            return r.next() ? r.getInt(1) : otherwise;
        }
    }
}

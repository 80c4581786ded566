package dev.tidemark.internal.store.schema;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Row level security on the tables of the offset store. It makes rows disappear without an error: a pause is not seen, and an offset
 * counts as missing. The catalogs show it to every role.
 */
public final class RowSecurity {
    private static final String[] TABLES = {
        "audit_log",
        "consumer_pause",
        "dead_letter",
        "log_end",
        "partition_state",
        "store_info",
        "stored_offset",
        "topic_binding"
    };

    // The functions and triggers of the store run as its owner, who is exempt unless that is forced.
    /** A query for the tables that may hide rows; {@link #bind} sets its parameters. */
    public static final String ACTIVE = """
            select c.relname, case when row_security_active(c.oid) then current_user else o.rolname end
              from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles o on o.oid = c.relowner
             where n.nspname = ? and c.relname = any (?) and c.relrowsecurity
               and (row_security_active(c.oid) or (c.relforcerowsecurity and not o.rolsuper and not o.rolbypassrls))
             order by c.relname
            """;

    /** How many parameters {@link #ACTIVE} has. */
    public static final int PARAMETERS = 2;

    private RowSecurity() {}

    /**
     * A table that may hide rows.
     *
     * @param table with its schema
     * @param role from whom: the connected one, or the owner of the store
     */
    public record Hidden(String table, String role) {
        /** The statement of the table's owner that ends it. */
        public String fix() {
            return "alter table " + table + " disable row level security";
        }
    }

    /** The tables whose rows may be hidden; none if the schema does not exist. */
    public static List<Hidden> find(Connection c, Schema schema) throws SQLException {
        List<Hidden> hidden = new ArrayList<>();
        try (PreparedStatement s = Schema.prepare(c, ACTIVE)) {
            bind(s, c, schema);
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    hidden.add(new Hidden(schema.name() + "." + r.getString(1), r.getString(2)));
                }
            }
        }
        return hidden;
    }

    /** Sets the parameters of {@link #ACTIVE}, as the first ones of a statement. */
    public static void bind(PreparedStatement s, Connection c, Schema schema) throws SQLException {
        s.setString(1, schema.name());
        s.setArray(2, c.createArrayOf("text", TABLES));
    }

    /** Refuses a store in which rows may be hidden (TM-213). */
    public static void check(Connection c, Schema schema) throws SQLException {
        List<Hidden> hidden = find(c, schema);
        if (hidden.isEmpty()) {
            return;
        }
        throw new OffsetStoreException(
                ErrorCode.ROWS_HIDDEN,
                "row level security may hide rows of the offset store from role "
                        + hidden.get(0).role() + ": as the owner, "
                        + hidden.stream().map(Hidden::fix).collect(Collectors.joining("; "))
                        + "; or give the role BYPASSRLS",
                null);
    }
}

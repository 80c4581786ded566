package dev.tidemark.internal.store.schema;

import java.sql.SQLException;

/** An INSERT of the offset store succeeded and stored nothing: a trigger or a rule on the table suppressed the row. */
public final class SuppressedRowException extends SQLException {
    private static final long serialVersionUID = 1L;

    /** PostgreSQL's triggered_action_exception. */
    private static final String SQLSTATE = "09000";

    private final String table;

    /**
     * @param table without its schema
     */
    public SuppressedRowException(String table) {
        super("no row was stored in " + table, SQLSTATE);
        this.table = table;
    }

    /** The table, without its schema. */
    public String table() {
        return table;
    }
}

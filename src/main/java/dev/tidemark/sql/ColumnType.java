package dev.tidemark.sql;

import java.util.Locale;

/** The type of a record's bytes in a job. Bytes that do not fit the type fail the statement that uses the column, and so their record. */
public enum ColumnType {
    /** JSON text in UTF-8; PostgreSQL refuses {@code \u0000} in it. */
    JSONB("pg_catalog.convert_from(%s, 'UTF8')::jsonb"),
    /** Text in UTF-8, without zero characters, which PostgreSQL's text cannot hold. */
    TEXT("pg_catalog.convert_from(%s, 'UTF8')"),
    /** The bytes as they are. */
    BYTEA("%s");

    private final String conversion;

    ColumnType(String conversion) {
        this.conversion = conversion;
    }

    /** The SQL that converts an expression of type bytea. */
    String of(String bytes) {
        return String.format(Locale.ROOT, conversion, bytes);
    }
}

package dev.tidemark.sql;

/**
 * How a job sees its records.
 *
 * @param key the type of column {@code key}; default text
 * @param value the type of column {@code value}; default jsonb
 */
public record SqlJobOptions(ColumnType key, ColumnType value) {
    /** Text keys and JSON values. */
    public static SqlJobOptions defaults() {
        return new SqlJobOptions(ColumnType.TEXT, ColumnType.JSONB);
    }

    /** The same with another type of key. */
    public SqlJobOptions withKey(ColumnType type) {
        return new SqlJobOptions(type, value);
    }

    /** The same with another type of value. */
    public SqlJobOptions withValue(ColumnType type) {
        return new SqlJobOptions(key, type);
    }
}

package dev.tidemark.sql;

/**
 * How a job sees its records.
 *
 * @param key the type of column {@code key}; default text
 * @param value the type of column {@code value}; default jsonb
 * @param mayIgnoreRecords whether a job that reads {@code records} nowhere is let through; default false
 */
public record SqlJobOptions(ColumnType key, ColumnType value, boolean mayIgnoreRecords) {
    /** These types, for a job that reads {@code records}. */
    public SqlJobOptions(ColumnType key, ColumnType value) {
        this(key, value, false);
    }

    /** Text keys and JSON values. */
    public static SqlJobOptions defaults() {
        return new SqlJobOptions(ColumnType.TEXT, ColumnType.JSONB);
    }

    /** The same with another type of key. */
    public SqlJobOptions withKey(ColumnType type) {
        return new SqlJobOptions(type, value, mayIgnoreRecords);
    }

    /** The same with another type of value. */
    public SqlJobOptions withValue(ColumnType type) {
        return new SqlJobOptions(key, type, mayIgnoreRecords);
    }

    /**
     * The same for a job that reads {@code records} nowhere: its statements run once for each unit of work, whatever the unit holds,
     * and no record has an effect of its own.
     */
    public SqlJobOptions withoutRecords() {
        return new SqlJobOptions(key, value, true);
    }
}

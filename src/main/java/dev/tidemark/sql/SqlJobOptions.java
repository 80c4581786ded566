package dev.tidemark.sql;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The options of a SQL job. Immutable. */
public final class SqlJobOptions {
    private static final SqlJobOptions DEFAULTS = new SqlJobOptions(ColumnType.TEXT, ColumnType.JSONB, false);

    private final ColumnType key;
    private final ColumnType value;
    private final boolean mayIgnoreRecords;

    private SqlJobOptions(ColumnType key, ColumnType value, boolean mayIgnoreRecords) {
        this.key = key;
        this.value = value;
        this.mayIgnoreRecords = mayIgnoreRecords;
    }

    /** Text keys and JSON values, for a job that reads {@code records}. */
    public static SqlJobOptions defaults() {
        return DEFAULTS;
    }

    /** The same with another type of column {@code key}. */
    public SqlJobOptions withKey(ColumnType type) {
        return new SqlJobOptions(type, value, mayIgnoreRecords);
    }

    /** The same with another type of column {@code value}. */
    public SqlJobOptions withValue(ColumnType type) {
        return new SqlJobOptions(key, type, mayIgnoreRecords);
    }

    /**
     * The same for a job that does not read {@code records}: its statements run once for each unit of work, whatever the unit contains,
     * and no record has an effect of its own. Without this, such a job is refused.
     */
    public SqlJobOptions withoutRecords() {
        return new SqlJobOptions(key, value, true);
    }

    /** The type of column {@code key}. */
    public ColumnType key() {
        return key;
    }

    /** The type of column {@code value}. */
    public ColumnType value() {
        return value;
    }

    /** Whether a job need not read {@code records}. */
    public boolean mayIgnoreRecords() {
        return mayIgnoreRecords;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SqlJobOptions that
                && key == that.key
                && value == that.value
                && mayIgnoreRecords == that.mayIgnoreRecords;
    }

    @Override
    public int hashCode() {
        return Objects.hash(key, value, mayIgnoreRecords);
    }

    @Override
    public String toString() {
        return "SqlJobOptions[key=" + key + ", value=" + value + ", mayIgnoreRecords=" + mayIgnoreRecords + "]";
    }
}

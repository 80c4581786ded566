package dev.tidemark.internal.store.table;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The column {@code error_class} of a dead letter: the exception's class and, of a failure in the database, the SQLSTATE and what it
 * means, such as {@code a.B sqlstate=23505 (unique violation: constraint c, table t)}. Without that, all failures of a SQL job would look
 * alike to a reader, who sees no messages. Rows of earlier versions hold the class alone. Pure.
 *
 * @param type the class; empty if the record only followed a parked one
 * @param sqlState empty if the failure was not the database's
 * @param text the SQLSTATE in words; empty as that
 */
public record ErrorClass(Optional<String> type, Optional<String> sqlState, Optional<String> text) {
    private static final Pattern COLUMN = Pattern.compile("(.*?)(?: sqlstate=([0-9A-Za-z]{5})(?: \\((.*)\\))?)?");

    /** From the column. */
    public static ErrorClass of(@Nullable String column) {
        if (column == null) {
            return new ErrorClass(Optional.empty(), Optional.empty(), Optional.empty());
        }
        Matcher m = COLUMN.matcher(column);
        return m.matches()
                ? new ErrorClass(
                        Optional.of(m.group(1)), Optional.ofNullable(m.group(2)), Optional.ofNullable(m.group(3)))
                : new ErrorClass(Optional.of(column), Optional.empty(), Optional.empty());
    }

    /** As the column holds it. */
    static String column(String type, String databaseError) {
        return databaseError.isEmpty() ? type : type + " " + databaseError;
    }
}

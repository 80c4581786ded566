package dev.tidemark.internal.store.table;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The unit that an advance belongs to, and the parts of its SQL that are the same for one offset and for many.
 *
 * @param transactionId of the transaction that it must be in
 * @param patience how long it may wait for rows that another transaction holds; 55P03 follows
 * @param kept whether the server may keep its statement prepared
 */
public record AdvanceTerms(String transactionId, Duration patience, boolean kept) {
    /**
     * In a WHERE clause it is evaluated before the row is locked, and so limits that wait. No statement but COMMIT follows in the
     * transaction.
     */
    static final String PATIENCE = "set_config('lock_timeout', coalesce(?, current_setting('lock_timeout')), true)";

    /**
     * The time of an advance to this offset, as SQL. Computing it sets the mark by which the trigger recognizes the advance: it
     * names the claim and the step, row by row, and ends with the transaction.
     */
    static String markedTime(String next) {
        return "case when set_config('tidemark.advance', concat_ws(' ', o.owner_token, o.next_offset, " + next
                + "), true) <> '' then clock_timestamp() end";
    }

    /** Whether the server may keep the statement of an advance prepared. */
    static boolean isKept(@Nullable AdvanceTerms unit) {
        return unit != null && unit.kept();
    }

    /** Milliseconds for {@link #PATIENCE}; null leaves the setting as it is. */
    static @Nullable String patienceMillis(@Nullable AdvanceTerms unit) {
        return unit == null ? null : Long.toString(unit.patience().toMillis());
    }
}

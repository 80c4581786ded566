package dev.tidemark.internal.store.transaction;

import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * Makes a wait for a lock end with an SQLSTATE of its own, unless the handler sets limits itself. A time limit ends a statement that
 * works for long and one that waits for a lock with the same SQLSTATE, 57014, and only the former can be the record's fault; 55P03
 * never is.
 */
final class LockTimeout {
    /** A quarter of the limits leaves a statement time for its work in addition to one wait. */
    private static final String BELOW_TIME_LIMITS = """
            select set_config('lock_timeout', greatest(1, least(500, min(
                       case name when 'lock_timeout' then setting::bigint else setting::bigint / 4 end)))::pg_catalog.text, true)
              from pg_catalog.pg_settings
             where name in ('lock_timeout', 'statement_timeout', 'transaction_timeout') and setting::bigint > 0
            """;

    private LockTimeout() {}

    /** Sets it for the rest of this transaction to half a second, or less where statements may take less than two seconds. */
    static void belowTimeLimits(Connection c) throws SQLException {
        Schema.execute(c, BELOW_TIME_LIMITS);
    }
}

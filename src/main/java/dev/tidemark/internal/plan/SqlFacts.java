package dev.tidemark.internal.plan;

import org.jspecify.annotations.Nullable;

/**
 * What an exception says about the database, as far as decisions need it.
 *
 * @param sqlState the first SQLSTATE among the causes; null where none was given
 * @param fromDatabase whether an SQL exception is among the causes at all
 * @param transientByType whether the driver or the pool says by the exception's type that a retry may help
 * @param connectionLost whether any of the causes says that the connection is gone
 * @param errorSeverity whether the server itself replied with severity ERROR, so that it is alive and has rolled back
 */
public record SqlFacts(
        @Nullable String sqlState,
        boolean fromDatabase,
        boolean transientByType,
        boolean connectionLost,
        boolean errorSeverity) {
    /** An exception that has nothing to do with the database. */
    public static SqlFacts none() {
        return new SqlFacts(null, false, false, false, false);
    }

    /**
     * Whether it says that the statement or the database is at fault and not the data: syntax and missing objects or rights (42),
     * unsupported features (0A), the state of the transaction (25), internal errors and corruption (XX).
     */
    boolean isNotTheRecords() {
        return inClass("42") || inClass("0A") || inClass("25") || inClass("XX");
    }

    boolean inClass(String sqlStateClass) {
        return sqlState != null && sqlState.startsWith(sqlStateClass);
    }

    /** Whether the SQLSTATE is one of these. */
    public boolean is(String... states) {
        for (String state : states) {
            if (state.equals(sqlState)) {
                return true;
            }
        }
        return false;
    }
}

package dev.tidemark.internal.plan;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a failure shows, as far as decisions need it. It contains no translated text.
 *
 * @param sqlState the first SQLSTATE among the causes; null if none was given
 * @param fromDatabase whether an SQL exception is among the causes at all
 * @param transientByType whether the type of the driver's or pool's exception says that a retry may help
 * @param connectionLost whether any of the causes says that the connection is gone
 * @param serverReplied whether the server itself sent the error, rather than the driver or the pool
 * @param passing whether any of the causes says that what it depends on is unavailable for now: an SQLSTATE of the classes 08, 53,
 *     57 and 58 wherever it comes from, Kafka's {@code RetriableException}, a network failure or a timeout; in a deserializer
 *     also a schema registry that refuses to answer, or cannot
 * @param linkage whether a class or method is missing from the class path
 * @param stalePlan whether the server refused a prepared statement because DDL has changed what it returns
 * @param ofSchema whether the server says that no table or sequence takes what a record needs, although classes 22 and 23 are
 *     mostly about its content: there is no partition for it, or the sequence has no more numbers
 * @param ofStatement whether the server says that the statement itself cannot run, although its SQLSTATE is mostly about others: its own
 *     transaction uses the table, or it needs more temporary files than a session may have, or it names a file or a database that does
 *     not exist
 * @param unsure whether it may pass as well as be the record's: a deserializer's failure that may be a network's, or what
 *     {@link #mayPass} is about
 * @param kind what makes two failures alike: the SQLSTATE, or else the exceptions' classes; contains no data
 */
public record SqlFacts(
        @Nullable String sqlState,
        boolean fromDatabase,
        boolean transientByType,
        boolean connectionLost,
        boolean serverReplied,
        boolean passing,
        boolean linkage,
        boolean stalePlan,
        boolean ofSchema,
        boolean ofStatement,
        boolean unsure,
        String kind) {
    /** A failure that shows nothing about its cause. */
    public static SqlFacts none() {
        return new SqlFacts(null, false, false, false, false, false, false, false, false, false, false, "");
    }

    /** The same, where what it depends on is unavailable for now. */
    public SqlFacts thatPass() {
        return new SqlFacts(
                sqlState,
                fromDatabase,
                transientByType,
                connectionLost,
                serverReplied,
                true,
                linkage,
                stalePlan,
                ofSchema,
                ofStatement,
                unsure,
                kind);
    }

    /** The same, where it may be a network's failure as well as the record's. */
    public SqlFacts thatIsUnsure() {
        return new SqlFacts(
                sqlState,
                fromDatabase,
                transientByType,
                connectionLost,
                serverReplied,
                passing,
                linkage,
                stalePlan,
                ofSchema,
                ofStatement,
                true,
                kind);
    }

    /** Whether a time limit ended a statement, or the transaction: {@code statement_timeout}, a cancel, or an idle or long transaction. */
    public boolean isTimeLimit() {
        return is("57014", "25P03", "25P04");
    }

    /** Whether a statement was cancelled, which may have been waiting for a lock at that moment. */
    public boolean isCancelled() {
        return is("57014", "25P04");
    }

    /**
     * Whether the handler interfered with the transaction: it ended, began or made it read-only (2D, 0B, 25), or named a savepoint
     * that does not exist (3B).
     */
    public boolean isTransactionBroken() {
        return inClass("2D") || inClass("0B") || inClass("3B") || (inClass("25") && !isTimeLimit() && !is("25006"));
    }

    /** Whether it is the job's fault, whichever record it occurs on. */
    public boolean isTheJobs() {
        return linkage || isTransactionBroken() || is("25006");
    }

    /**
     * Whether the failure is known to come from the record's own content: data exceptions (22) and violated constraints (23), unless
     * they are about what the schema has room for.
     */
    public boolean isOfTheData() {
        return !ofSchema && (inClass("22") || inClass("23"));
    }

    /** Whether something may be missing on the server for a while, as well as what the record alone asks for. */
    public boolean mayPass() {
        return ofStatement && unsure;
    }

    /** Whether what an old session has cached explains it: types and plans that DDL has replaced ("cache lookup failed", "wrong type"). */
    public boolean mayBeOfOldSession() {
        return stalePlan || is("XX000", "42804");
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

    /**
     * Whether an SQLSTATE says that a server, this one or one that it depends on, is unavailable for now.
     *
     * @param serverReplied whether the server sent it. 08P01 then concerns input that it could not parse, such as a malformed
     *     binary COPY
     */
    public static boolean isPassing(String state, boolean serverReplied) {
        String upper = state.toUpperCase(Locale.ROOT);
        if (upper.startsWith("08")) {
            return !(serverReplied && upper.equals("08P01"));
        }
        return upper.startsWith("53")
                || upper.startsWith("58")
                || (upper.startsWith("57") && !upper.equals("57014"))
                // The foreign-data wrappers' own code for a server that cannot be reached.
                || upper.equals("HV00N");
    }
}

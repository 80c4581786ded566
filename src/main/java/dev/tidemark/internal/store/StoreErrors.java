package dev.tidemark.internal.store;

import dev.tidemark.ErrorCode;
import dev.tidemark.OffsetStoreException;
import dev.tidemark.TidemarkException;
import dev.tidemark.internal.plan.SqlFacts;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.postgresql.util.PSQLException;

/** Turns a failure of one of our own statements into the error that tells the way out. */
public final class StoreErrors {
    // The server names the object but not the right; the text is the untranslated one of lc_messages C and English.
    private static final Pattern DENIED = Pattern.compile("permission denied for (\\w+) (\\w+)");

    /** Functions that consumers call; the others are the operators'. */
    private static final Set<String> OF_WRITERS = Set.of("change_id", "held_offset", "advance_offset");

    private StoreErrors() {}

    /** The error for a failure that waiting does not mend. */
    public static TidemarkException translate(Schema schema, String groupId, Throwable failure) {
        if (SqlFailures.isStatementClash(failure)) {
            return new OffsetStoreException(
                    ErrorCode.PREPARED_STATEMENT_CLASH,
                    "group " + groupId + ": a pooler such as PgBouncer handed out a connection that does not know the"
                            + " driver's prepared statements: add prepareThreshold=0 to the JDBC URL",
                    failure);
        }
        SqlFacts facts = SqlFailures.facts(failure);
        String state = facts.sqlState() == null ? "" : facts.sqlState();
        return switch (state) {
            case "42501" -> new OffsetStoreException(ErrorCode.RIGHT_MISSING, denied(schema, failure), failure);
            case "42P01", "3F000", "42703" ->
                new OffsetStoreException(
                        ErrorCode.SCHEMA_MISSING,
                        "schema " + schema.name()
                                + " holds no complete offset store: run tidemark migrate, or TidemarkSchema.migrate(dataSource),"
                                + " once, before the consumers start",
                        failure);
            case "25006" ->
                new OffsetStoreException(
                        ErrorCode.SERVER_READ_ONLY,
                        "the server is read-only: name all servers in the JDBC URL and add targetServerType=primary",
                        failure);
            case "28P01", "28000", "3D000" ->
                new OffsetStoreException(
                        ErrorCode.LOGIN_REFUSED,
                        "the database refuses the login (" + SqlFailures.describe(failure)
                                + "): check user, password, database and pg_hba.conf",
                        failure);
            default ->
                new TidemarkException(
                        ErrorCode.UNEXPECTED,
                        "group " + groupId + ": a statement of the offset store failed ("
                                + SqlFailures.describe(failure) + ")",
                        failure);
        };
    }

    private static String denied(Schema schema, Throwable failure) {
        String object = "the offset store";
        String kind = "'writer'); where it only looks, 'reader' is enough";
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof PSQLException p && p.getServerErrorMessage() != null) {
                Matcher m =
                        DENIED.matcher(String.valueOf(p.getServerErrorMessage().getMessage()));
                if (m.find()) {
                    object = m.group(1) + " " + m.group(2);
                    kind = m.group(1).equals("function") && !OF_WRITERS.contains(m.group(2)) ? "'operator')" : kind;
                    break;
                }
            }
        }
        return "the role lacks a right on " + object + ": as the owner of the offset store, select " + schema.name()
                + ".grant_access('<role>', " + kind;
    }
}

package dev.tidemark.internal.store.failure;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.errors.TidemarkException;
import dev.tidemark.internal.command.PastedCommand;
import dev.tidemark.internal.plan.FailureKind;
import dev.tidemark.internal.plan.SqlFacts;
import dev.tidemark.internal.store.connection.PoolerMode;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.internal.store.schema.SuppressedRowException;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Turns a failure of one of our own statements into the error that says how to resolve it. */
public final class StoreErrors {
    /**
     * PgBouncer uses one SQLSTATE for all its errors, 08P01, whether the server is unreachable for a moment or the login will never
     * succeed. Its messages are never translated.
     */
    private static final Pattern POOLER_REFUSES =
            Pattern.compile("unsupported startup parameter.*|invalid server parameter|no such (database|user).*"
                    + "|database .* does not exist|.*authentication failed.*");

    private static final Set<String> TABLES = Set.of(
            "store_info",
            "topic_binding",
            "stored_offset",
            "dead_letter",
            "partition_state",
            "log_end",
            "audit_log",
            "consumer_pause");

    private static final Set<String> VIEWS = Set.of("consumer_lag", "consumer_group", "dead_letter_summary");

    /** Functions that consumers call. */
    private static final Set<String> OF_WRITERS = Set.of("change_id", "held_offset", "advance_offset");

    private static final Set<String> OF_OPERATORS = Set.of(
            "reset_offset",
            "undo_reset",
            "rebind_topic",
            "bind_topic",
            "pause",
            "resume",
            "drop_dead_letter",
            "delete_group");

    private static final String POOL_CLOSED = "the connection pool is closed: close what uses it before the pool";

    private static final String CORRECT_VALUE = "correct it in the JDBC URL, or in the DataSource";

    private static final String SHARED =
            "the DataSource hands out a connection that is in use, as one with a single connection does, so"
                    + " that a commit of one thread would end the transaction of another: use a pool";

    private StoreErrors() {}

    /** Whether a failure that occurred before anything was read is not transient. */
    public static boolean isRefusedAtStart(Throwable failure) {
        SqlFacts facts = SqlFailures.facts(failure);
        // While running, Tidemark waits for a missing database; one that never existed is a mistyped name.
        return facts.is("25006", "3D000")
                || isRefusedByPooler(failure)
                || DriverWords.isBufferExceeded(failure)
                || NotConnectedException.in(failure)
                        .map(NotConnectedException::isRefusal)
                        .orElse(FailureKind.ofControl(facts) == FailureKind.HANDLER);
    }

    /** The error for a failure that is not transient. */
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
        Optional<NotConnectedException> notConnected = NotConnectedException.in(failure);
        if (notConnected.filter(NotConnectedException::isPoolClosed).isPresent()) {
            return new OffsetStoreException(ErrorCode.LOGIN_REFUSED, POOL_CLOSED, failure);
        }
        Optional<String> exceeded = DriverWords.bufferExceeded(failure);
        if (exceeded.isPresent()) {
            return new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    "a result is larger than maxResultBuffer of the JDBC URL or the DataSource allows ("
                            + exceeded.get() + "): raise it, or leave it out",
                    failure);
        }
        if (notConnected.filter(NotConnectedException::isOfSettings).isPresent()) {
            return new InvalidConfigurationException(
                    ErrorCode.INVALID_SETTING,
                    "the JDBC driver cannot use a setting of the connection (" + FailureWords.describe(failure) + "): "
                            + CORRECT_VALUE,
                    failure);
        }
        if (notConnected.isPresent() || isRefusedByPooler(failure)) {
            return new OffsetStoreException(
                    ErrorCode.LOGIN_REFUSED,
                    "the database refuses the connection (" + FailureWords.describe(failure) + "): " + wayIn(failure),
                    failure);
        }
        if (FailureChain.of(failure).stream().anyMatch(SharedConnectionException.class::isInstance)) {
            return new InvalidConfigurationException(ErrorCode.CONFLICTING_LIMITS, SHARED, failure);
        }
        Optional<SuppressedRowException> suppressed = FailureChain.of(failure).stream()
                .filter(SuppressedRowException.class::isInstance)
                .map(SuppressedRowException.class::cast)
                .findFirst();
        if (suppressed.isPresent()) {
            return new OffsetStoreException(
                    ErrorCode.UNEXPECTED,
                    "group " + groupId + ": a trigger or a rule on " + schema.name() + "."
                            + suppressed.get().table()
                            + " suppressed a row, without which a record would be lost: remove it",
                    failure);
        }
        return switch (state) {
            case "42501" -> new OffsetStoreException(ErrorCode.RIGHT_MISSING, denied(schema, failure), failure);
            case "22021", "22P05" ->
                new InvalidConfigurationException(
                        ErrorCode.INVALID_SETTING,
                        "a name or a text has a character that cannot be stored in this database ("
                                + FailureWords.describe(failure)
                                + "): leave it out, or use a database with encoding UTF8",
                        failure);
            case "42P01", "3F000", "42703", "42883" ->
                new OffsetStoreException(
                        ErrorCode.SCHEMA_MISSING,
                        "schema " + schema.name()
                                + " does not contain a complete offset store: run "
                                + PastedCommand.migrate(schema.name())
                                + ", or TidemarkSchema.migrate(dataSource), once, before the consumers start; if that changes nothing,"
                                + " something was dropped that tidemark migrate --print shows",
                        failure);
            case "25006" ->
                new OffsetStoreException(
                        ErrorCode.SERVER_READ_ONLY,
                        "the database takes no writes: if the server is a standby, name all servers in the JDBC URL and add"
                                + " targetServerType=primary; otherwise remove readOnly from the DataSource or the URL, and"
                                + " default_transaction_read_only from the role, the database or the server",
                        failure);
            default ->
                new TidemarkException(
                        ErrorCode.UNEXPECTED,
                        "group " + groupId + ": a statement of the offset store failed ("
                                + FailureWords.describe(failure) + ")",
                        failure);
        };
    }

    /** The error for a pooler without transactions, as detected by {@link PoolerMode}. */
    public static TidemarkException poolerByStatement(Throwable failure) {
        return new OffsetStoreException(
                ErrorCode.POOLER_BY_STATEMENT,
                "a pooler such as PgBouncer hands out connections per statement, so that there are no transactions: set"
                        + " pool_mode = transaction, or bypass it",
                failure);
    }

    /** Whether a connection was refused, or closed by the driver, for a reason that is not transient. */
    public static boolean isRefusedLogin(Throwable failure) {
        return isRefusedByPooler(failure)
                || DriverWords.isBufferExceeded(failure)
                || NotConnectedException.in(failure)
                        .filter(NotConnectedException::isRefusal)
                        .isPresent();
    }

    /** What to do about a connection that the database refuses. */
    public static String wayIn(Throwable failure) {
        if (NotConnectedException.in(failure)
                .filter(NotConnectedException::isOfSettings)
                .isPresent()) {
            return CORRECT_VALUE;
        }
        String state = SqlFailures.facts(failure).sqlState();
        return switch (state == null ? "" : state) {
            case "28P01", "28000", "08004" ->
                "check user and password (in the JDBC URL, PGUSER and PGPASSWORD, ~/.pgpass), sslmode and pg_hba.conf";
            case "3D000" -> "check the database's name in the JDBC URL";
            case "42501" ->
                "grant connect on the database to the role, and membership in the role that options= in the JDBC URL sets, if"
                        + " it sets one";
            case "55000" -> "let the database accept connections: alter database ... allow_connections true";
            case "22023", "42704" ->
                "correct that setting; it comes from the JDBC URL (options=), from the pool, or from the JVM, whose time zone"
                        + " is sent with each login (-Duser.timezone)";
            case "08P01" ->
                "check user, database and time zone (-Duser.timezone), and which parameters the pooler has to ignore"
                        + " (ignore_startup_parameters); see docs/pgbouncer.md";
            default -> "check the JDBC URL, and the server's message";
        };
    }

    private static String denied(Schema schema, Throwable failure) {
        String object = "the offset store";
        String kind = "'writer'); for read-only use, 'reader' is enough";
        for (String word : FailureChain.serverWords(failure)) {
            if (TABLES.contains(word)) {
                object = "table " + word;
                if (word.equals("dead_letter")) {
                    kind = "'writer'), or 'operator' to see what dead letters hold; 'reader' sees where they come from";
                }
            } else if (VIEWS.contains(word)) {
                object = "view " + word;
            } else if (OF_WRITERS.contains(word)) {
                object = "function " + word;
            } else if (OF_OPERATORS.contains(word)) {
                object = "function " + word;
                kind = "'operator')";
            } else if (word.equals(schema.name())) {
                object = "schema " + word;
            }
        }
        return "the role lacks a right on " + object + ": as the owner of the offset store, select " + schema.name()
                + ".grant_access('<role>', " + kind;
    }

    /** Whether a pooler refuses a login, or a setting sent with it. */
    private static boolean isRefusedByPooler(Throwable failure) {
        return SqlFailures.facts(failure).is("08P01")
                && SqlFailures.isFromPooler(failure)
                && FailureWords.said(failure)
                        .filter(said -> POOLER_REFUSES.matcher(said).matches())
                        .isPresent();
    }
}

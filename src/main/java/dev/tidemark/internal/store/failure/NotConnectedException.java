package dev.tidemark.internal.store.failure;

import dev.tidemark.internal.plan.SqlFacts;
import java.io.FileNotFoundException;
import java.nio.file.NoSuchFileException;
import java.security.GeneralSecurityException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.util.PSQLException;

/**
 * A connection could not be opened. The server's message is then about the login and its settings, never about a record, so it may
 * be shown. The cause is what the driver or the pool threw.
 */
public final class NotConnectedException extends SQLException {
    private static final long serialVersionUID = 1L;

    /** What the driver says of a value that it cannot use, where its SQLSTATE is that of a server that cannot be reached. */
    private static final List<String> UNUSABLE = Stream.concat(
                    Arrays.stream(PGProperty.values()).map(property -> "Invalid " + property.getName() + " value: {0}"),
                    Stream.of("A connection could not be made using the requested protocol {0}."))
            .toList();

    /** As {@code PSQLState} numbers them: invalid parameter value, syntax error. */
    private static final List<String> STATES_OF_VALUES = List.of("22023", "42601");

    private final boolean poolClosed;

    private NotConnectedException(SQLException cause, boolean poolClosed) {
        super("no connection to the database", SqlFailures.facts(cause).sqlState(), cause);
        this.poolClosed = poolClosed;
    }

    /** Opens a connection. */
    public static Connection open(DataSource dataSource) throws SQLException {
        try {
            return dataSource.getConnection();
        } catch (SQLException e) {
            throw new NotConnectedException(e, isClosed(dataSource));
        }
    }

    /** Whether it is a pool that says so. There is no interface for that; HikariCP, DBCP and others have the same method. */
    private static boolean isClosed(DataSource dataSource) {
        try {
            Object pool =
                    dataSource.isWrapperFor(AutoCloseable.class) ? dataSource.unwrap(AutoCloseable.class) : dataSource;
            return Boolean.TRUE.equals(pool.getClass().getMethod("isClosed").invoke(pool));
        } catch (ReflectiveOperationException | SQLException | RuntimeException e) {
            return false;
        }
    }

    /** Whether the pool was closed, and opens no more. */
    boolean isPoolClosed() {
        return poolClosed;
    }

    /** The failure among these causes that kept a connection from being opened; empty if none did. */
    public static Optional<NotConnectedException> in(Throwable failure) {
        return FailureChain.of(failure).stream()
                .filter(NotConnectedException.class::isInstance)
                .map(NotConnectedException.class::cast)
                .findFirst();
    }

    /**
     * Whether each attempt fails in the same way, until a setting, the role or the database is changed. A server that is starting,
     * has no connection left, or is unreachable, is transient; a database that does not exist may come back while a consumer runs.
     */
    boolean isRefusal() {
        SqlFacts facts = SqlFailures.facts(this);
        // The driver's own: no password, or no TLS where it is required.
        boolean byDriver = facts.is("08004");
        boolean notTrusted = FailureChain.of(this).stream()
                .anyMatch(t -> t instanceof GeneralSecurityException
                        || t instanceof SSLPeerUnverifiedException
                        || t instanceof FileNotFoundException
                        || t instanceof NoSuchFileException);
        String state = facts.sqlState() == null ? "" : facts.sqlState();
        boolean passes = state.isEmpty() || state.startsWith("08") || state.startsWith("53") || state.startsWith("57");
        return poolClosed || byDriver || notTrusted || !passes || isOfSettings();
    }

    /**
     * Whether the driver cannot use a value of the URL, or of another property of the DataSource: something that is no number or none of
     * the words that it takes, or a class that is not there.
     */
    boolean isOfSettings() {
        return drivers()
                .anyMatch(driver -> STATES_OF_VALUES.contains(String.valueOf(driver.getSQLState()))
                        || isBadValue(driver.getCause())
                        || UNUSABLE.stream().anyMatch(words -> DriverWords.says(driver, words)));
    }

    /** The driver's parsers throw it as it comes, and the driver wraps it. */
    private static boolean isBadValue(@Nullable Throwable cause) {
        return cause instanceof IllegalArgumentException
                || cause instanceof ReflectiveOperationException
                || cause instanceof ClassCastException;
    }

    /** What the driver threw without a message of the server. */
    private Stream<PSQLException> drivers() {
        return FailureChain.of(this).stream()
                .filter(t -> t instanceof PSQLException driver && driver.getServerErrorMessage() == null)
                .map(PSQLException.class::cast);
    }

    /** The driver's message if no server replied: it is about the URL, its parameters or the network; empty otherwise. */
    Optional<String> wordsOfDriver() {
        return drivers()
                // It says only that something unusual has occurred.
                .<Throwable>map(driver ->
                        driver.getCause() instanceof IllegalArgumentException cause && cause.getMessage() != null
                                ? cause
                                : driver)
                .filter(t -> t.getMessage() != null)
                .map(Throwable::getMessage)
                .findFirst();
    }
}

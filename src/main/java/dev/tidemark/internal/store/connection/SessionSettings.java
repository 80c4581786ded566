package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.postgresql.PGConnection;

/**
 * Session settings that units depend on.
 *
 * @param serializable whether its transactions are SERIALIZABLE
 * @param statementTimeout how long a statement may take, by {@code statement_timeout}; zero if there is no limit
 * @param keepsStatements whether the driver may have the server keep statements prepared: it talks to the server itself, and {@code
 *     prepareThreshold} is not 0. A pooler's handshake names another process than the server's
 */
public record SessionSettings(boolean serializable, Duration statementTimeout, boolean keepsStatements) {
    /** Before the first connection. */
    static final SessionSettings UNKNOWN = new SessionSettings(false, Duration.ZERO, false);

    private static final String QUERY = """
            select current_setting('transaction_isolation'),
                   (extract(epoch from current_setting('statement_timeout')::interval) * 1000)::bigint,
                   pg_backend_pid()
            """;

    /** The settings in force now. */
    static SessionSettings of(Connection c) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, QUERY);
                ResultSet r = s.executeQuery()) {
            return r.next()
                    ? new SessionSettings(
                            r.getString(1).equals("serializable"),
                            Duration.ofMillis(r.getLong(2)),
                            keepsStatements(c, r.getInt(3)))
                    : UNKNOWN;
        }
    }

    private static boolean keepsStatements(Connection c, int process) throws SQLException {
        if (!c.isWrapperFor(PGConnection.class)) {
            return false;
        }
        PGConnection driver = c.unwrap(PGConnection.class);
        return driver.getPrepareThreshold() != 0 && driver.getBackendPID() == process;
    }
}

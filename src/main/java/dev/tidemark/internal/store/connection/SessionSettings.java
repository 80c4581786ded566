package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;

/**
 * Session settings that units depend on.
 *
 * @param serializable whether its transactions are SERIALIZABLE
 * @param statementTimeout how long a statement may take, by {@code statement_timeout}; zero if there is no limit
 */
public record SessionSettings(boolean serializable, Duration statementTimeout) {
    /** Before the first connection. */
    static final SessionSettings UNKNOWN = new SessionSettings(false, Duration.ZERO);

    private static final String QUERY = """
            select current_setting('transaction_isolation'),
                   (extract(epoch from current_setting('statement_timeout')::interval) * 1000)::bigint
            """;

    /** The settings in force now. */
    static SessionSettings of(Connection c) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, QUERY);
                ResultSet r = s.executeQuery()) {
            return r.next()
                    ? new SessionSettings(r.getString(1).equals("serializable"), Duration.ofMillis(r.getLong(2)))
                    : UNKNOWN;
        }
    }
}

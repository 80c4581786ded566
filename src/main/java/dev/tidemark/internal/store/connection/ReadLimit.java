package dev.tidemark.internal.store.connection;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long a read from the server may last on a borrowed connection before the driver closes it. A shorter limit set by the user
 * stays in force, and {@link #restore} brings it back. Used by the thread that uses the connection.
 */
final class ReadLimit {
    private static final Logger LOG = LoggerFactory.getLogger(ReadLimit.class);

    private final Connection connection;

    /** In milliseconds, 0 for none; null if the connection does not support such limits. */
    private final @Nullable Integer own;

    private int current;

    private ReadLimit(Connection connection, @Nullable Integer own) {
        this.connection = connection;
        this.own = own;
        this.current = own == null ? 0 : own;
    }

    static ReadLimit of(Connection connection) {
        try {
            return new ReadLimit(connection, connection.getNetworkTimeout());
        } catch (SQLException | UnsupportedOperationException | AbstractMethodError e) {
            LOG.debug(
                    "this connection has no network timeout cause={}",
                    e.getClass().getSimpleName());
            return new ReadLimit(connection, null);
        }
    }

    void set(Duration most) throws SQLException {
        int millis = (int) Math.min(Math.max(1, most.toMillis()), Integer.MAX_VALUE);
        if (own != null) {
            apply(own == 0 ? millis : Math.min(own, millis));
        }
    }

    void restore() throws SQLException {
        if (own != null) {
            apply(own);
        }
    }

    private void apply(int millis) throws SQLException {
        if (millis != current) {
            connection.setNetworkTimeout(Runnable::run, millis);
            current = millis;
        }
    }
}

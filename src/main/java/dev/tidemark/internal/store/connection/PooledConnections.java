package dev.tidemark.internal.store.connection;

import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.OptionalInt;
import javax.sql.DataSource;

/** The maximum number of connections of a pool. HikariCP is optional, so this is the only class that refers to it. */
public final class PooledConnections {
    private PooledConnections() {}

    /** Empty if the DataSource is not recognizable as a HikariCP pool. */
    public static OptionalInt of(DataSource dataSource) {
        try {
            return dataSource.isWrapperFor(HikariDataSource.class)
                    ? OptionalInt.of(dataSource.unwrap(HikariDataSource.class).getMaximumPoolSize())
                    : OptionalInt.empty();
        } catch (NoClassDefFoundError | SQLException e) {
            return OptionalInt.empty();
        }
    }

    /**
     * The connection below HikariCP's, which closes itself in the middle of a transaction on some SQLSTATEs, whether they are about this
     * server or not and whether the handler goes on or not: another server that a foreign table is on, a feature that is not supported.
     * Other connections as they are.
     */
    static Connection withoutVerdicts(Connection c) throws SQLException {
        return isHikaris(c) ? c.unwrap(Connection.class) : c;
    }

    private static boolean isHikaris(Connection c) {
        return c.getClass().getName().startsWith("com.zaxxer.hikari.");
    }

    /**
     * Takes a connection out of its HikariCP pool, which would otherwise try to reset what was aborted and warn; returns whether it
     * has. It is closed, and must not be used any more.
     */
    static boolean evict(DataSource dataSource, Connection c) {
        try {
            if (!isHikaris(c) || !dataSource.isWrapperFor(HikariDataSource.class)) {
                return false;
            }
            dataSource.unwrap(HikariDataSource.class).evictConnection(c);
            return true;
        } catch (NoClassDefFoundError | SQLException e) {
            return false;
        }
    }

    /** The size of a HikariCP pool all of whose connections are in use now; empty otherwise. */
    static OptionalInt exhausted(DataSource dataSource) {
        try {
            HikariDataSource pool =
                    dataSource.isWrapperFor(HikariDataSource.class) ? dataSource.unwrap(HikariDataSource.class) : null;
            HikariPoolMXBean state = pool == null ? null : pool.getHikariPoolMXBean();
            return pool != null && state != null && state.getActiveConnections() >= pool.getMaximumPoolSize()
                    ? OptionalInt.of(pool.getMaximumPoolSize())
                    : OptionalInt.empty();
        } catch (NoClassDefFoundError | SQLException e) {
            return OptionalInt.empty();
        }
    }
}

package dev.tidemark.internal.store.connection;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.util.OptionalInt;
import javax.sql.DataSource;

/** How many connections a pool hands out at most. HikariCP is optional, so this is the only place that knows it. */
public final class PooledConnections {
    private PooledConnections() {}

    /** Empty if the DataSource is no HikariCP pool, or none that can be recognized. */
    public static OptionalInt of(DataSource dataSource) {
        try {
            return dataSource.isWrapperFor(HikariDataSource.class)
                    ? OptionalInt.of(dataSource.unwrap(HikariDataSource.class).getMaximumPoolSize())
                    : OptionalInt.empty();
        } catch (NoClassDefFoundError | SQLException e) {
            return OptionalInt.empty();
        }
    }
}

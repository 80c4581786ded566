package dev.tidemark.cli.running;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import javax.sql.DataSource;

/** Connections for consumers. */
public final class Pools {
    /** Until a worker gets an error instead of a connection, and the consumer reports that the database is unavailable. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private Pools() {}

    /** A pool that starts without a reachable database. The caller closes it. */
    public static HikariDataSource of(DataSource database, int size) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("tidemark");
        config.setDataSource(database);
        config.setMaximumPoolSize(size);
        // The others are opened when they are needed: whether the server has that many is checked before.
        config.setMinimumIdle(Math.min(size, 2));
        config.setConnectionTimeout(PATIENCE.toMillis());
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }
}

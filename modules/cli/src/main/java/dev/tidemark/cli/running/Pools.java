package dev.tidemark.cli.running;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.time.Duration;
import javax.sql.DataSource;

/** Connections for consumers. */
public final class Pools {
    /** Until a worker hears that there is no connection, and the consumer says that the database is away. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private Pools() {}

    /** A pool that does not mind a database that is away at the start. The caller's to close. */
    public static HikariDataSource of(DataSource database, int size) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("tidemark");
        config.setDataSource(database);
        config.setMaximumPoolSize(size);
        config.setConnectionTimeout(PATIENCE.toMillis());
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }
}

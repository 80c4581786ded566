package dev.tidemark.proof.chaos.member;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;

/** Takes every connection of a pool, as a leak elsewhere in the process would, until it gives them back. */
final class PoolHog {
    private final DataSource pool;
    private final int size;
    private final List<Connection> taken = new ArrayList<>();
    private volatile boolean wanting;

    PoolHog(DataSource pool, int size) {
        this.pool = pool;
        this.size = size;
    }

    void take() {
        wanting = true;
        Thread thread = new Thread(this::takeAll, "pool-hog");
        thread.setDaemon(true);
        thread.start();
    }

    private void takeAll() {
        while (wanting) {
            synchronized (taken) {
                try {
                    if (taken.size() < size) {
                        taken.add(pool.getConnection());
                    }
                } catch (SQLException e) {
                    // All are in use: again.
                }
            }
            LockSupport.parkNanos(50_000_000);
        }
        synchronized (taken) {
            taken.forEach(PoolHog::close);
            taken.clear();
        }
    }

    private static void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            // The pool replaces it.
        }
    }

    void give() {
        wanting = false;
    }
}

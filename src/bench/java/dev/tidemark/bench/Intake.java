package dev.tidemark.bench;

import dev.tidemark.testkit.postgres.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Looks into the database to see how far a contender has come, at next to no cost. */
final class Intake implements AutoCloseable {
    // Counting the rows each second would take time from those who are measured.
    private static final String ROUGHLY = "select n_tup_ins from pg_stat_user_tables where relname = 'flight'";
    private static final String ANY = "select case when exists (select from flight) then 1 else 0 end";
    private static final String ALL = "select count(*) from flight";

    private final SteadyProducer producer;
    private final Connection connection;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private volatile boolean behind;
    private long firstNanos;
    private long firstCount;

    Intake(TestDatabase database, SteadyProducer producer) {
        this.producer = producer;
        try {
            this.connection = database.superuser().connect();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    boolean awaitFirst(Duration patience) {
        return await(ANY, 1, patience, Duration.ofMillis(20));
    }

    /** Waits until the database holds as many rows as records were sent; returns whether it did. */
    boolean awaitAll(Duration patience) {
        return await(ALL, producer.sent(), patience, Duration.ofMillis(250));
    }

    /** From now on looks each second whether more than so many records wait. */
    void watch(long bound) {
        firstNanos = System.nanoTime();
        firstCount = number(ALL);
        // The statistics come late when sessions are idle: what they suspect is counted once.
        var unused = clock.scheduleAtFixedRate(
                () -> behind |= waiting(ROUGHLY) > bound && waiting(ALL) > bound, 1, 1, TimeUnit.SECONDS);
    }

    private long waiting(String count) {
        return producer.sent() - number(count);
    }

    boolean isBehind() {
        return behind;
    }

    /** Records a second from the beginning of the watch until now. */
    double speed() {
        return (number(ALL) - firstCount) * 1e9 / (System.nanoTime() - firstNanos);
    }

    private boolean await(String sql, long count, Duration patience, Duration pause) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (number(sql) < count) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            LockSupport.parkNanos(pause.toNanos());
        }
        return true;
    }

    private synchronized long number(String sql) {
        try (Statement s = connection.createStatement();
                ResultSet r = s.executeQuery(sql)) {
            return r.next() ? r.getLong(1) : 0;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
        try {
            connection.close();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}

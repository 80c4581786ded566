package dev.tidemark.testkit.postgres;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.postgresql.PGProperty;

/**
 * Connections for the questions that tests ask one after the other: a new one for each costs more than all else that a waiting test
 * does. Each is reset after its use, as if it were new, and is closed when nobody has used it for a second.
 */
final class KeptConnections {
    private static final long KEPT_NANOS = 1_000_000_000;
    private static final long SWEEP_NANOS = 200_000_000;
    private static final int ALIVE_SECONDS = 60;

    /** The driver then names the session when it logs in, not by a SET that a reset would undo. */
    private static final Properties NAMED_AT_LOGIN = new Properties();

    private record Idle(Connection connection, long since) {}

    private static final Map<String, Deque<Idle>> IDLE = new HashMap<>();

    static {
        NAMED_AT_LOGIN.setProperty(PGProperty.ASSUME_MIN_SERVER_VERSION.getName(), "9.4");
        Thread sweeper = new Thread(KeptConnections::sweep, "kept-connections");
        sweeper.setDaemon(true);
        sweeper.start();
    }

    private KeptConnections() {}

    /** What is done with a connection. */
    interface Question<T> {
        T ask(Connection connection) throws SQLException;
    }

    /** Asks on a connection that was kept, or on a new one. */
    static <T> T ask(String jdbcUrl, Question<T> question) throws SQLException {
        Connection connection = take(jdbcUrl);
        boolean reset = false;
        try {
            T answer = question.ask(connection);
            reset = reset(connection);
            return answer;
        } finally {
            if (reset) {
                keep(jdbcUrl, connection);
            } else {
                close(connection);
            }
        }
    }

    /** Closes all of this database that nobody uses: for what counts sessions, copies the database or changes what a login gets. */
    static void closeIdle(String jdbcUrl) {
        String database = database(jdbcUrl);
        closeIdle(0, url -> database(url).equals(database));
    }

    private static String database(String jdbcUrl) {
        return jdbcUrl.substring(0, jdbcUrl.indexOf('?'));
    }

    private static Connection take(String jdbcUrl) throws SQLException {
        for (Idle idle = next(jdbcUrl); idle != null; idle = next(jdbcUrl)) {
            // A test may have ended this session, or its server.
            if (idle.connection().isValid(ALIVE_SECONDS)) {
                return idle.connection();
            }
            close(idle.connection());
        }
        return DriverManager.getConnection(jdbcUrl, NAMED_AT_LOGIN);
    }

    private static Idle next(String jdbcUrl) {
        synchronized (IDLE) {
            Deque<Idle> idle = IDLE.get(jdbcUrl);
            return idle == null ? null : idle.pollLast();
        }
    }

    private static void keep(String jdbcUrl, Connection connection) {
        synchronized (IDLE) {
            IDLE.computeIfAbsent(jdbcUrl, absent -> new ArrayDeque<>())
                    .addLast(new Idle(connection, System.nanoTime()));
        }
    }

    /** False if it cannot be reset, as within a transaction that was left open. */
    private static boolean reset(Connection connection) {
        try (Statement s = connection.createStatement()) {
            s.execute("discard all");
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    private static void closeIdle(long idleNanos, Predicate<String> which) {
        List<Connection> old = new ArrayList<>();
        long now = System.nanoTime();
        synchronized (IDLE) {
            IDLE.forEach((jdbcUrl, idle) -> {
                while (which.test(jdbcUrl)
                        && !idle.isEmpty()
                        && now - idle.peekFirst().since() >= idleNanos) {
                    old.add(idle.removeFirst().connection());
                }
            });
            IDLE.values().removeIf(Deque::isEmpty);
        }
        old.forEach(KeptConnections::close);
    }

    private static void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            // It is gone, which is all that is wanted.
        }
    }

    private static void sweep() {
        while (true) {
            closeIdle(KEPT_NANOS, any -> true);
            LockSupport.parkNanos(SWEEP_NANOS);
        }
    }
}

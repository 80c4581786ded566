package dev.tidemark.testkit.postgres;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Connections of threads that ask a database many questions: a new one for each would cost more than all else that a waiting
 * test does. Awaitility's threads keep theirs until they end, other threads within {@link #keep}.
 */
public final class KeptConnections {
    /** What Awaitility calls the threads that it makes, one for each wait. */
    private static final String POLLING = "awaitility-thread";

    private static final long SWEEP_NANOS = 100_000_000;

    private record Key(Thread thread, String jdbcUrl) {}

    private static final Map<Key, Connection> OPEN = new ConcurrentHashMap<>();
    private static final Set<Thread> KEEPING = ConcurrentHashMap.newKeySet();

    static {
        Thread sweeper = new Thread(KeptConnections::sweep, "kept-connections");
        sweeper.setDaemon(true);
        sweeper.start();
    }

    private KeptConnections() {}

    /** What is done with a connection. */
    interface Question<T> {
        T ask(Connection connection) throws SQLException;
    }

    /** Does this on one connection for each login, all of them closed afterwards. */
    public static void keep(Runnable questions) {
        Thread thread = Thread.currentThread();
        if (thread.getName().equals(POLLING) || !KEEPING.add(thread)) {
            questions.run();
            return;
        }
        try {
            questions.run();
        } finally {
            KEEPING.remove(thread);
            OPEN.keySet().stream().filter(key -> key.thread() == thread).forEach(KeptConnections::close);
        }
    }

    /** Asks on the connection that this thread keeps, if it keeps one, or on a new one. */
    static <T> T ask(String jdbcUrl, Question<T> question) throws SQLException {
        Thread thread = Thread.currentThread();
        if (!thread.getName().equals(POLLING) && !KEEPING.contains(thread)) {
            try (Connection fresh = DriverManager.getConnection(jdbcUrl)) {
                return question.ask(fresh);
            }
        }
        Key key = new Key(thread, jdbcUrl);
        Connection known = OPEN.get(key);
        if (known != null) {
            try {
                return question.ask(known);
            } catch (SQLException e) {
                // A test may have ended this session, which a new one would not notice.
                close(key);
            }
        }
        Connection fresh = DriverManager.getConnection(jdbcUrl);
        OPEN.put(key, fresh);
        return question.ask(fresh);
    }

    private static void close(Key key) {
        Connection connection = OPEN.remove(key);
        if (connection != null) {
            try {
                connection.close();
            } catch (SQLException e) {
                // It is gone, which is all that is wanted.
            }
        }
    }

    private static void sweep() {
        while (true) {
            OPEN.keySet().stream().filter(key -> !key.thread().isAlive()).forEach(KeptConnections::close);
            LockSupport.parkNanos(SWEEP_NANOS);
        }
    }
}

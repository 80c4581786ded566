package dev.tidemark.internal.store.connection;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import org.postgresql.PGConnection;

/**
 * The database sessions of this process in which a handler has run, so that what it left there may still exist: a temporary table,
 * a setting, a prepared statement or an advisory lock, the latter two even after a rollback. They are identified by the driver's
 * connection, which a pool reuses. Thread-safe.
 */
final class UsedSessions {
    private static final Map<Object, Boolean> USED = Collections.synchronizedMap(new WeakHashMap<>());

    private UsedSessions() {}

    static void add(Connection c) throws SQLException {
        USED.put(driverOf(c), true);
    }

    static boolean contains(Connection c) throws SQLException {
        return USED.containsKey(driverOf(c));
    }

    /** What identifies the session of a connection, however many objects wrap it. */
    static Object driverOf(Connection c) throws SQLException {
        return c.isWrapperFor(PGConnection.class) ? c.unwrap(PGConnection.class) : c;
    }
}

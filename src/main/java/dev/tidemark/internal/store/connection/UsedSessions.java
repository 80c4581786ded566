package dev.tidemark.internal.store.connection;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import org.postgresql.PGConnection;

/**
 * The database sessions of this process that handlers have used. Temporary tables, settings, prepared statements or locks of the
 * session may be left there, and a rollback removes only some of them. They are identified by the driver's connection, which a pool
 * reuses. Thread-safe.
 */
final class UsedSessions {
    private static final Set<Object> USED = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    private UsedSessions() {}

    static void add(Connection c) throws SQLException {
        USED.add(driverOf(c));
    }

    static boolean contains(Connection c) throws SQLException {
        return USED.contains(driverOf(c));
    }

    /** What identifies the session of a connection, however many objects wrap it. */
    static Object driverOf(Connection c) throws SQLException {
        return c.isWrapperFor(PGConnection.class) ? c.unwrap(PGConnection.class) : c;
    }
}

package dev.tidemark.internal.store.connection;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collections;
import java.util.Map;
import java.util.WeakHashMap;
import org.postgresql.PGConnection;

/**
 * The database sessions of this process that handlers have used, and what they may have left there. They are identified by the
 * driver's connection, which a pool reuses. Thread-safe.
 */
final class UsedSessions {
    private static final Map<Object, SessionTraces> USED = Collections.synchronizedMap(new WeakHashMap<>());

    private UsedSessions() {}

    static void add(Connection c, SessionTraces traces) throws SQLException {
        USED.merge(driverOf(c), traces, (a, b) -> a.compareTo(b) < 0 ? b : a);
    }

    static SessionTraces of(Connection c) throws SQLException {
        return USED.getOrDefault(driverOf(c), SessionTraces.NONE);
    }

    /** What identifies the session of a connection, however many objects wrap it. */
    static Object driverOf(Connection c) throws SQLException {
        return c.isWrapperFor(PGConnection.class) ? c.unwrap(PGConnection.class) : c;
    }
}

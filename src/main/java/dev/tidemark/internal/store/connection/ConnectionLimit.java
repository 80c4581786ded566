package dev.tidemark.internal.store.connection;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.InvalidConfigurationException;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** How many connections the server gives to the connected role, whatever else is connected. */
public final class ConnectionLimit {
    // Superusers have the reserved ones too, and the limits of role and database are not for them.
    private static final String LIMITS = """
            select current_setting('max_connections')::int, r.rolname,
                   case when r.rolsuper then 0 else current_setting('superuser_reserved_connections')::int end
                   + case when r.rolsuper or (select pg_has_role(r.oid, p.oid, 'USAGE') from pg_roles p
                                               where p.rolname = 'pg_use_reserved_connections')
                          then 0 else coalesce(current_setting('reserved_connections', true)::int, 0) end,
                   case when r.rolsuper then -1 else r.rolconnlimit end,
                   case when r.rolsuper then -1 else d.datconnlimit end
              from pg_roles r, pg_database d
             where r.rolname = session_user and d.datname = current_database()
            """;

    private ConnectionLimit() {}

    /** Refuses more workers than can have a connection at once, with one more for claims (TM-102). */
    public static void check(Connection c, int workers) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, LIMITS);
                ResultSet r = s.executeQuery()) {
            if (!r.next()) {
                return;
            }
            int reserved = r.getInt(3);
            require(workers, r.getInt(1) - reserved, "max_connections (less " + reserved + " reserved)");
            if (r.getInt(4) >= 0) {
                require(workers, r.getInt(4), "the connection limit of role " + r.getString(2));
            }
            if (r.getInt(5) >= 0) {
                require(workers, r.getInt(5), "the connection limit of the database");
            }
        }
    }

    private static void require(int workers, int most, String limit) {
        if (workers + 1 > most) {
            throw new InvalidConfigurationException(
                    ErrorCode.CONFLICTING_LIMITS,
                    workers + (workers == 1 ? " worker needs " : " workers need ") + (workers + 1)
                            + " connections, and " + limit + " allows " + most
                            + ": lower workers (--workers), or raise the limit",
                    null);
        }
    }
}

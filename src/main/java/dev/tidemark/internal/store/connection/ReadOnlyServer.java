package dev.tidemark.internal.store.connection;

import dev.tidemark.internal.store.schema.Schema;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/** Tells a server that takes no writes from a handler that has made its own transaction read-only. */
public final class ReadOnlyServer {
    private static final String READ_ONLY =
            "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean";

    private ReadOnlyServer() {}

    /** Whether the server is read-only now: a standby, or set to read-only. Rolls back what is open. */
    public static boolean is(WorkerConnection connection) {
        try {
            Schema.rollback(connection.get());
            try (PreparedStatement s = Schema.prepare(connection.get(), READ_ONLY);
                    ResultSet r = s.executeQuery()) {
                return r.next() && r.getBoolean(1);
            }
        } catch (SQLException e) {
            // It cannot reply: what follows will fail in the same way.
            return true;
        }
    }
}

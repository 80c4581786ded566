package dev.tidemark.internal.store.lock;

import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the backends of single transactions are doing, as the server shows it. */
public final class UnitLooks {
    // By the transaction: a handler may change the application's name, and behind a pooler the client does not know the
    // backend. pg_blocking_pids would stop the whole lock manager each time.
    private static final String LOOK = """
            select a.backend_xid::text as xid, a.state = 'active' as active, a.query_start::text as statement,
                   coalesce(a.wait_event_type = 'Lock', false) as on_lock,
                   extract(epoch from clock_timestamp() - case a.state when 'active' then a.query_start else a.state_change end)
                       as age
              from pg_stat_activity a
             where a.datname = current_database() and a.backend_xid = any (?::text[]::xid[])
            """;

    private static final double NANOS = 1e9;

    private UnitLooks() {}

    /**
     * What one of them is doing.
     *
     * @param statement which statement it is running; null if it waits for the handler to send one
     * @param onLock whether that waits for a lock
     * @param age since when it does this
     */
    public record UnitLook(@Nullable String statement, boolean onLock, Duration age) {}

    /** Looks at these transactions, by their ids; those that have ended are left out. */
    public static Map<String, UnitLook> look(Connection c, Collection<String> transactionIds) throws SQLException {
        Map<String, String> ids = new HashMap<>();
        transactionIds.forEach(id -> ids.put(withoutEpoch(id), id));
        Map<String, UnitLook> looks = new HashMap<>();
        try (PreparedStatement s = Schema.prepare(c, LOOK)) {
            s.setArray(1, Schema.texts(c, ids.keySet(), id -> id));
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    looks.put(Objects.requireNonNull(ids.get(r.getString("xid"))), look(r));
                }
            }
        }
        return looks;
    }

    private static UnitLook look(ResultSet r) throws SQLException {
        boolean active = r.getBoolean("active");
        return new UnitLook(
                active ? r.getString("statement") : null, active && r.getBoolean("on_lock"), Duration.ofNanos((long)
                        (Math.max(0, r.getDouble("age")) * NANOS)));
    }

    /** As sessions show it. */
    private static String withoutEpoch(String transactionId) {
        return Long.toString(Long.parseLong(transactionId) & 0xFFFF_FFFFL);
    }
}

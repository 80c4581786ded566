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
    // backend. pg_blocking_pids would stop the whole lock manager each time. An extension waits for what is outside of
    // this server, such as the server of a foreign table. Where track_activities is off, only waits are shown.
    private static final String LOOK = """
            select a.backend_xid::text as xid, w.waiting, a.state in ('active', 'fastpath function call') or w.waiting as active,
                   coalesce(a.query_start::text, '') as statement,
                   coalesce(extract(epoch from clock_timestamp()
                       - case when a.state like 'idle%' then a.state_change else a.query_start end), 0) as age
              from pg_stat_activity a
             cross join lateral (select coalesce(a.wait_event_type in ('Lock', 'Extension'), false) as waiting) w
             where a.datname = current_database() and a.backend_xid = any (?::text[]::xid[])
            """;

    private static final String AS_SESSION = "set local session authorization default; set local role none";

    private static final double NANOS = 1e9;

    private UnitLooks() {}

    /**
     * What one of them is doing.
     *
     * @param statement which statement it is running; null if it waits for the handler to send one
     * @param waiting whether that waits for a lock, or for another server, which may wait for one
     * @param age since when it does this
     */
    public record UnitLook(@Nullable String statement, boolean waiting, Duration age) {}

    /**
     * Looks at these transactions, by their ids; those that have ended are left out, and those that it may not see.
     *
     * @param asSession whether with the rights of the role that logged in, to which sessions belong whatever role they have taken
     */
    public static Map<String, UnitLook> look(Connection c, Collection<String> transactionIds, boolean asSession)
            throws SQLException {
        if (asSession) {
            Schema.execute(c, AS_SESSION);
        }
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
                active ? r.getString("statement") : null, active && r.getBoolean("waiting"), Duration.ofNanos((long)
                        (Math.max(0, r.getDouble("age")) * NANOS)));
    }

    /** As sessions show it. */
    private static String withoutEpoch(String transactionId) {
        return Long.toString(Long.parseLong(transactionId) & 0xFFFF_FFFFL);
    }
}

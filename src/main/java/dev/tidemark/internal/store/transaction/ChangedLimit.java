package dev.tidemark.internal.store.transaction;

import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.offsets.Claim;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Whether handlers change the time limit under which the store's statements run after them. It is looked at only where such a
 * statement has been cancelled: asking costs two statements a unit, and afterwards the rollback has undone the change. Used by one
 * worker.
 */
final class ChangedLimit {
    private static final String CURRENT = "select current_setting('statement_timeout')";
    private static final String SET = "select set_config('statement_timeout', ?, true)";

    private final Set<TopicPartition> suspects = new HashSet<>();
    private @Nullable String before;
    private @Nullable String changed;

    /** A unit has begun. */
    void begun(Connection c, Collection<Claim> claims) throws SQLException {
        before = null;
        changed = null;
        boolean suspect = claims.stream().anyMatch(claim -> suspects.contains(claim.partition()));
        before = suspect ? current(c) : null;
    }

    /** Its handler has returned. */
    void handled(Connection c) throws SQLException {
        if (before != null) {
            String now = current(c);
            changed = now.equals(before) ? null : now;
        }
    }

    /** A statement after the handler was cancelled: the next units of these are looked at. */
    void cancelled(Collection<Claim> claims) {
        claims.forEach(claim -> suspects.add(claim.partition()));
    }

    /** These have moved. */
    void committed(Collection<Claim> claims) {
        if (!suspects.isEmpty()) {
            claims.forEach(claim -> suspects.remove(claim.partition()));
        }
    }

    /** What the handler of this unit has set; empty if it left the limit as it was, or was not looked at. */
    Optional<String> changed() {
        return Optional.ofNullable(changed);
    }

    /** Sets it for the rest of a transaction. */
    static void set(Connection c, String limit) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, SET)) {
            s.setString(1, limit);
            s.execute();
        }
    }

    private static String current(Connection c) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, CURRENT);
                ResultSet r = s.executeQuery()) {
            return r.next() ? r.getString(1) : "";
        }
    }
}

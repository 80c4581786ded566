package dev.tidemark.internal.store.transaction;

import dev.tidemark.errors.ErrorCode;
import dev.tidemark.errors.OffsetStoreException;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;

/** Finds out whether a unit has written to a table that a crash would empty, while the stored offsets survive. */
final class UnloggedEffects {
    // A transaction that writes to a table holds this lock until it ends. Temporary tables are 't', and their loss is
    // intended.
    private static final String WRITTEN = """
            select c.oid::pg_catalog.regclass::pg_catalog.text
              from pg_catalog.pg_locks l join pg_catalog.pg_class c on c.oid = l.relation
             where l.pid = pg_backend_pid() and l.locktype = 'relation' and l.mode = 'RowExclusiveLock'
               and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
               and c.relkind = 'r' and c.relpersistence = 'u'
             order by 1 limit 1
            """;

    private UnloggedEffects() {}

    /** The error that names such a table; empty if the open transaction has written to none. */
    static Optional<OffsetStoreException> find(Connection c, String groupId) throws SQLException {
        try (PreparedStatement s = Schema.prepare(c, WRITTEN);
                ResultSet r = s.executeQuery()) {
            if (!r.next()) {
                return Optional.empty();
            }
            String table = r.getString(1);
            return Optional.of(new OffsetStoreException(
                    ErrorCode.TABLE_UNLOGGED,
                    "group " + groupId + ": the handler writes to table " + table
                            + ", which is UNLOGGED and would be emptied by a crash while the offsets survive: alter table "
                            + table + " set logged, or stage in a temporary table",
                    null));
        }
    }
}

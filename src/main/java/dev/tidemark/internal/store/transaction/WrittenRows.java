package dev.tidemark.internal.store.transaction;

import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalLong;

/**
 * What a session has written in its transaction, as far as the server counts it.
 *
 * @param rows empty if the server does not count them
 * @param tables how many tables it has locked in order to write to them
 * @param foreign how many of them are foreign
 */
record WrittenRows(OptionalLong rows, long tables, long foreign) {
    static final WrittenRows NOTHING = new WrittenRows(OptionalLong.empty(), 0, 0);

    // Counts what this session wrote since it last reported its statistics, which it does between transactions only.
    // Writes to a foreign table are not counted, but lock it; so does a statement that finds nothing to write.
    private static final String QUERY = """
            select case when current_setting('track_counts')::boolean
                        then (select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint from pg_stat_xact_user_tables)
                           + count(*) filter (where c.relkind = 'f')
                   end,
                   count(*), count(*) filter (where c.relkind = 'f')
              from pg_locks l join pg_class c on c.oid = l.relation
             where l.pid = pg_backend_pid() and l.mode = 'RowExclusiveLock' and c.relkind in ('r', 'p', 'f')
               and l.database = (select oid from pg_database where datname = current_database())
            """;

    /** What it has written by now. */
    static WrittenRows of(Connection connection) throws SQLException {
        try (PreparedStatement s = Schema.prepare(connection, QUERY);
                ResultSet r = s.executeQuery()) {
            if (!r.next()) {
                return NOTHING;
            }
            long rows = r.getLong(1);
            return new WrittenRows(
                    r.wasNull() ? OptionalLong.empty() : OptionalLong.of(rows), r.getLong(2), r.getLong(3));
        }
    }
}

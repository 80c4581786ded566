package dev.tidemark.internal.store.transaction;

import dev.tidemark.internal.store.schema.Schema;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What a session has written, as far as the server shows it. Temporary tables and the store's own are left out: what is in them is no
 * effect of a record.
 *
 * @param tables those that this transaction has locked in order to write to them, and those with rows that are still counted, by oid
 */
record WrittenRows(Map<Long, Table> tables) {
    static final WrittenRows NOTHING = new WrittenRows(Map.of());

    private static final Table UNTOUCHED = new Table(false, false, OptionalLong.empty());

    /**
     * One table.
     *
     * @param locked whether this transaction has locked it in order to write to it
     * @param foreign whether it is a foreign table
     * @param rows how many rows this session wrote to it; empty if the server does not count them
     */
    record Table(boolean locked, boolean foreign, OptionalLong rows) {
        /** Writes to a foreign table are never counted. */
        private boolean hasMoreRowsThan(Table before) {
            return foreign || rows.isEmpty() || rows.getAsLong() > before.rows.orElse(0);
        }
    }

    // The counts are of everything since this session last reported its statistics, which it does between transactions,
    // and contain what was rolled back to a savepoint. The lock is of this transaction, and a rollback to a savepoint
    // releases it; but a statement that finds nothing to write takes it too. Large objects are the only system table
    // that handlers write to.
    private static final String QUERY = """
            with t as (
                select c.oid, c.relkind = 'f' as distant, l.relation is not null as locked,
                       pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid)
                           + pg_stat_get_xact_tuples_deleted(c.oid) as written
                  from pg_catalog.pg_class c
                  left join (select distinct relation from pg_catalog.pg_locks
                              where pid = pg_backend_pid() and locktype = 'relation' and mode = 'RowExclusiveLock'
                                and database = (select oid from pg_catalog.pg_database where datname = current_database())) l
                    on l.relation = c.oid
                 where c.relkind in ('r', 'p', 'f') and c.relpersistence <> 't'
                   and (c.oid >= 16384 or c.oid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass)
                   and c.relnamespace <> (select oid from pg_catalog.pg_namespace where nspname = '{schema}'))
            select oid, locked, distant, case when current_setting('track_counts')::boolean then written end
              from t where locked or written > 0
            """;

    /** Reads them; returns true, or fails. */
    static boolean canBeRead(Connection connection, Schema schema) throws SQLException {
        WrittenRows unused = of(connection, schema);
        return true;
    }

    /** What it has written by now. */
    static WrittenRows of(Connection connection, Schema schema) throws SQLException {
        Map<Long, Table> tables = new HashMap<>();
        try (PreparedStatement s = Schema.prepare(connection, schema.sql(QUERY));
                ResultSet r = s.executeQuery()) {
            while (r.next()) {
                long written = r.getLong(4);
                OptionalLong rows = r.wasNull() ? OptionalLong.empty() : OptionalLong.of(written);
                tables.put(r.getLong(1), new Table(r.getBoolean(2), r.getBoolean(3), rows));
            }
        }
        return new WrittenRows(tables);
    }

    /** Whether it has locked another table in order to write to it since then. */
    boolean hasReached(WrittenRows before) {
        return tables.keySet().stream().anyMatch(table -> isReached(table, before));
    }

    /** Whether it has written rows since then; where rows are not counted, whether it has got as far as writing. */
    boolean hasMoreThan(WrittenRows before) {
        return tables.entrySet().stream()
                .anyMatch(table -> isReached(table.getKey(), before)
                        && table.getValue().hasMoreRowsThan(before.table(table.getKey())));
    }

    /** Whether it has got as far as writing to a foreign table since then. */
    boolean hasReachedForeign(WrittenRows before) {
        return tables.keySet().stream().anyMatch(table -> table(table).foreign() && isReached(table, before));
    }

    private boolean isReached(long table, WrittenRows before) {
        return table(table).locked() && !before.table(table).locked();
    }

    private Table table(long oid) {
        return tables.getOrDefault(oid, UNTOUCHED);
    }
}

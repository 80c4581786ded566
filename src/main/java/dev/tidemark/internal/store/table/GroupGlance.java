package dev.tidemark.internal.store.table;

import static dev.tidemark.internal.store.schema.Schema.longs;

import dev.tidemark.internal.store.schema.RowSecurity;
import dev.tidemark.internal.store.schema.Schema;
import dev.tidemark.offsets.Claim;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One statement that shows whether anything has changed for a consumer that is at rest. */
public final class GroupGlance {
    private static final String SELECT = """
            select (select store_id from {schema}.store_info) as store_id,
                   exists ({hidden}) as hidden,
                   (select count(*)
                      from unnest(?::pg_catalog.text[], ?::int[], ?::pg_catalog.uuid[], ?::bigint[]) as w(topic, partition, token, prev)
                      join {schema}.stored_offset o using (topic, partition)
                     where o.group_id = ? and o.owner_token = w.token and o.next_offset >= w.prev) as held,
                   (select string_agg(format('%L/%s', topic, partition), ',' order by topic, partition)
                      from {schema}.consumer_pause where group_id = ?) as pauses
            """;

    /**
     * What it shows.
     *
     * @param storeId null if there is none
     * @param rowsHidden whether row level security may hide rows
     * @param held how many of the claims are in force, at their offsets or beyond
     * @param pauses the group's pauses, for comparison only; null if there are none
     */
    public record Seen(
            @Nullable UUID storeId,
            boolean rowsHidden,
            long held,
            @Nullable String pauses) {
        /** Whether so many claims are in force, which are all, and everything else is as it was. */
        public boolean shows(int claims, Seen before) {
            return held == claims
                    && !rowsHidden
                    && Objects.equals(storeId, before.storeId)
                    && Objects.equals(pauses, before.pauses);
        }
    }

    private final String select;
    private final Schema schema;
    private final String groupId;

    public GroupGlance(Schema schema, String groupId) {
        this.select = schema.sql(SELECT.replace("{hidden}", RowSecurity.ACTIVE));
        this.schema = schema;
        this.groupId = groupId;
    }

    /** The query. */
    public String query() {
        return select;
    }

    /** Sets its parameters. */
    public void bind(PreparedStatement s, Connection c, Collection<Claim> claims) throws SQLException {
        RowSecurity.bind(s, c, schema);
        int next = RowSecurity.PARAMETERS + 1;
        StoredOffsetTable.bindClaims(s, c, claims, next);
        s.setArray(next + 3, longs(c, claims, claim -> claim.position().nextOffset()));
        s.setString(next + 4, groupId);
        s.setString(next + 5, groupId);
    }

    /** Reads its row. */
    public static Seen read(ResultSet r) throws SQLException {
        boolean any = r.next();
        return new Seen(
                any ? r.getObject("store_id", UUID.class) : null,
                any && r.getBoolean("hidden"),
                any ? r.getLong("held") : 0,
                any ? r.getString("pauses") : null);
    }
}

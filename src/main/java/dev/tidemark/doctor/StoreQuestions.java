package dev.tidemark.doctor;

import dev.tidemark.doctor.GroupFacts.Binding;
import dev.tidemark.doctor.GroupFacts.Letters;
import dev.tidemark.doctor.GroupFacts.Pause;
import dev.tidemark.doctor.GroupFacts.Place;
import dev.tidemark.internal.store.schema.RowSecurity;
import dev.tidemark.internal.store.schema.Schema;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;
import org.apache.kafka.common.TopicPartition;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.Query;
import org.jspecify.annotations.Nullable;

/** Queries about the offset store and its groups. */
final class StoreQuestions {
    // By object ids, because only roles that may use the schema can look up names.
    private static final String HELD = """
            select w.nth - 1 as index
              from unnest(:kinds, :privileges, :objects, :columns) with ordinality as w(kind, privilege, object, columns, nth)
              join pg_namespace n on n.nspname = :schema
              left join pg_class c on c.relnamespace = n.oid and c.relname = w.object
             where case when w.object = '' then has_schema_privilege(n.oid, w.privilege)
                        when w.privilege = 'EXECUTE'
                        then (select bool_and(has_function_privilege(p.oid, w.privilege))
                                from pg_proc p where p.pronamespace = n.oid and p.proname = w.object)
                        when w.columns = '' then has_table_privilege(c.oid, w.privilege)
                        else (select bool_and(has_column_privilege(c.oid, name, w.privilege))
                                from unnest(string_to_array(w.columns, ',')) as name) end
            """;

    private final Handle handle;
    private final String schema;

    StoreQuestions(Handle handle, String schema) {
        this.handle = handle;
        this.schema = schema;
    }

    private Query query(String sql) {
        return handle.createQuery(sql.replace("{schema}", schema));
    }

    List<RowSecurity.Hidden> hidden() throws SQLException {
        return RowSecurity.find(handle.getConnection(), new Schema(schema));
    }

    SchemaChecks.Facts schema() {
        List<String> unlogged =
                query("""
                        select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                         where n.nspname = :schema and c.relkind = 'r' and c.relpersistence = 'u' order by 1
                        """).bind("schema", schema).mapTo(String.class).list();
        return query("select schema_version, min_protocol, store_id::text as id from {schema}.store_info")
                .map((row, context) -> new SchemaChecks.Facts(
                        row.getInt("schema_version"), row.getInt("min_protocol"), row.getString("id"), unlogged))
                .one();
    }

    RightsChecks.Facts rights() {
        List<Privilege> all = Privilege.all();
        List<Privilege> held = query(HELD)
                .bindArray(
                        "kinds", String.class, column(all, right -> right.kind().name()))
                .bindArray("privileges", String.class, column(all, Privilege::action))
                .bindArray("objects", String.class, column(all, Privilege::object))
                .bindArray("columns", String.class, column(all, right -> String.join(",", right.columns())))
                .bind("schema", schema)
                .map((row, context) -> all.get(row.getInt("index")))
                .list();
        return query("select current_user as role, pg_get_userbyid(nspowner) as owner from pg_namespace"
                        + " where nspname = :schema")
                .bind("schema", schema)
                .map((row, context) -> new RightsChecks.Facts(row.getString("role"), row.getString("owner"), held))
                .one();
    }

    private static Object[] column(List<Privilege> rights, Function<Privilege, String> column) {
        return rights.stream().map(column).toArray();
    }

    List<String> groups() {
        return query("select distinct group_id from {schema}.topic_binding order by group_id")
                .mapTo(String.class)
                .list();
    }

    GroupFacts group(String group) {
        Instant now = query("select clock_timestamp()")
                .map((row, context) -> row.getTimestamp(1).toInstant())
                .one();
        List<Binding> bindings = query("select topic, cluster_id, topic_id, partitions from {schema}.topic_binding"
                        + " where group_id = :group order by topic")
                .bind("group", group)
                .map((row, context) -> new Binding(
                        row.getString("topic"),
                        row.getString("cluster_id"),
                        row.getString("topic_id"),
                        row.getInt("partitions")))
                .list();
        List<Place> places = query(
                        "select * from {schema}.consumer_lag where group_id = :group order by topic, partition")
                .bind("group", group)
                .map((row, context) -> place(row))
                .list();
        List<Pause> pauses = query("select * from {schema}.consumer_pause where group_id = :group"
                        + " order by topic nulls first, partition nulls first")
                .bind("group", group)
                .map((row, context) -> new Pause(
                        row.getString("topic"),
                        row.getObject("partition", Integer.class),
                        row.getString("paused_by"),
                        row.getTimestamp("paused_at").toInstant(),
                        row.getString("reason")))
                .list();
        List<Letters> letters = query("select topic, error_code, sum(dead_letters)::bigint as dead_letters"
                        + " from {schema}.dead_letter_summary where group_id = :group group by 1, 2 order by 1, 2")
                .bind("group", group)
                .map((row, context) ->
                        new Letters(row.getString("topic"), row.getString("error_code"), row.getLong("dead_letters")))
                .list();
        return new GroupFacts(group, now, bindings, places, pauses, letters);
    }

    private static Place place(ResultSet row) throws SQLException {
        return new Place(
                new TopicPartition(row.getString("topic"), row.getInt("partition")),
                row.getLong("stored_offset"),
                row.getObject("log_start_offset", Long.class),
                row.getString("owner"),
                row.getString("state"),
                row.getString("error_code"),
                row.getString("error_text"),
                instant(row.getTimestamp("waiting_since")),
                instant(row.getTimestamp("sampled_at")));
    }

    private static @Nullable Instant instant(@Nullable Timestamp at) {
        return at == null ? null : at.toInstant();
    }
}

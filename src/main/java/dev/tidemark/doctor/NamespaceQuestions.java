package dev.tidemark.doctor;

import dev.tidemark.doctor.NamespaceChecks.Stranger;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Queries about the schema of the offset store. The catalogs show them to every role. */
final class NamespaceQuestions {
    /** Roles that log in with the schema's name, may use it, and have kept {@code "$user"} in their search path. */
    private static final String NAMESAKES = """
            select quote_ident(r.rolname)
              from pg_roles r join pg_namespace n on n.nspname = r.rolname
             where r.rolname = :schema and r.rolname <> current_user and r.rolcanlogin
               and has_schema_privilege(r.oid, n.oid, 'USAGE')
               and coalesce((select setting from pg_db_role_setting s, unnest(s.setconfig) setting
                              where setting like 'search_path=%' and s.setrole in (r.oid, 0)
                                and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
                              order by s.setrole = 0, s.setdatabase = 0 limit 1), '$user') like '%$user%'
            """;

    /** What belongs to an extension, or to the column of a table, goes with that. */
    private static final String STRANGERS = """
            select kind, name from pg_namespace n, lateral (
                select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
                                      when 'S' then 'sequence' else 'table' end as kind,
                       quote_ident(c.relname) as name, c.oid, 'pg_class'::regclass as catalog
                  from pg_class c
                 where c.relnamespace = n.oid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
                   and c.relname <> all (:relations)
                union all
                select case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end,
                       format('%I(%s)', p.proname, oidvectortypes(p.proargtypes)), p.oid, 'pg_proc'::regclass
                  from pg_proc p
                 where p.pronamespace = n.oid and p.proname || '(' || oidvectortypes(p.proargtypes) || ')' <> all (:functions)
                union all
                select case t.typtype when 'd' then 'domain' else 'type' end, quote_ident(t.typname), t.oid, 'pg_type'::regclass
                  from pg_type t
                 where t.typnamespace = n.oid
                   and (t.typtype in ('d', 'e', 'r')
                        or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
                union all
                select 'extension', quote_ident(e.extname), e.oid, 'pg_extension'::regclass
                  from pg_extension e where e.extnamespace = n.oid) object
             where n.nspname = :schema
               and not exists (select from pg_depend d
                                where d.classid = object.catalog and d.objid = object.oid and d.deptype in ('e', 'i', 'a'))
             order by kind, name
            """;

    private final Handle handle;
    private final String schema;

    NamespaceQuestions(Handle handle, String schema) {
        this.handle = handle;
        this.schema = schema;
    }

    NamespaceChecks.Facts facts() {
        List<String> namesakes = handle.createQuery(NAMESAKES)
                .bind("schema", schema)
                .mapTo(String.class)
                .list();
        List<Stranger> strangers = handle.createQuery(STRANGERS)
                .bind("schema", schema)
                .bindArray("relations", String.class, NamespaceChecks.RELATIONS.toArray())
                .bindArray("functions", String.class, NamespaceChecks.FUNCTIONS.toArray())
                .map((row, context) ->
                        new Stranger(row.getString("kind"), qualified(row.getString("kind"), row.getString("name"))))
                .list();
        return handle.createQuery(
                        "select quote_ident(current_user) as role, current_schema() is not distinct from :schema as creates")
                .bind("schema", schema)
                .map((row, context) -> new NamespaceChecks.Facts(
                        row.getString("role"), row.getBoolean("creates"), namesakes, strangers))
                .one();
    }

    /** Extensions have no schema in their names. */
    private String qualified(String kind, String name) {
        return kind.equals("extension") ? name : schema + "." + name;
    }
}

package dev.tidemark.proof.read;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** A trigger that records every change of a stored offset, so that C5 can follow them. Costs one insert for each; not for production. */
public final class AdvanceAudit {
    static final String TABLE = "public.proof_advance";

    private static final String INSTALL = """
            create table {table} (
                id bigint generated always as identity primary key,
                at timestamptz not null default clock_timestamp(),
                group_id text not null, topic text not null, partition int not null, incarnation int not null,
                previous bigint not null, next bigint not null, token uuid, epoch bigint not null, owner text);
            create function public.proof_record_advance() returns trigger
                language plpgsql security definer set search_path = pg_catalog, pg_temp
            as $body$
            begin
                insert into {table} (group_id, topic, partition, incarnation, previous, next, token, epoch, owner)
                values (new.group_id, new.topic, new.partition,
                        coalesce((select b.incarnation from {schema}.topic_binding b
                                   where b.group_id = new.group_id and b.topic = new.topic), 1),
                        old.next_offset, new.next_offset, new.owner_token, new.owner_epoch,
                        case when new.owner_token is not null
                             then new.owner_name || ' ' || split_part(current_setting('application_name'), '/', 1) end);
                return null;
            end
            $body$;
            create trigger proof_record_advance after update of next_offset on {schema}.stored_offset
                for each row execute function public.proof_record_advance();
            """;

    private static final String REMOVE = """
            drop trigger if exists proof_record_advance on {schema}.stored_offset;
            drop function if exists public.proof_record_advance();
            drop table if exists {table};
            """;

    private AdvanceAudit() {}

    /** Creates table and trigger; as the owner of the offset store. */
    public static void install(Connection c, String schema) throws SQLException {
        run(c, schema, INSTALL);
    }

    /** Drops both. */
    public static void remove(Connection c, String schema) throws SQLException {
        run(c, schema, REMOVE);
    }

    private static void run(Connection c, String schema, String script) throws SQLException {
        try (Statement s = c.createStatement()) {
            s.execute(script.replace("{schema}", schema).replace("{table}", TABLE));
        }
    }

    static boolean isInstalled(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet r = s.executeQuery("select to_regclass('" + TABLE + "') is not null")) {
            r.next();
            return r.getBoolean(1);
        }
    }
}

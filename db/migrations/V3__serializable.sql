-- A unit's two statements for one partition, for transactions that are SERIALIZABLE. There a reader leaves predicate locks behind, and
-- the planner reads a table this small from end to end, which sets every unit against every other. The settings stand at the
-- functions, so that they end with them: set locally, they would change the plans of the handler's own statements.

create function ${schema}.held_offset(a_group text, a_topic text, a_partition integer, a_token uuid, a_previous bigint)
    returns table (topic text, partition integer)
    language sql stable
    set enable_seqscan = off set enable_bitmapscan = off set search_path = pg_catalog, pg_temp
as $body$
    select o.topic, o.partition from ${schema}.stored_offset o
     where o.group_id = a_group and o.topic = a_topic and o.partition = a_partition
       and o.owner_token = a_token and o.next_offset = a_previous
$body$;
comment on function ${schema}.held_offset(text, text, integer, uuid, bigint) is 'The partition, if a claim on it still holds at that offset; found by its key, whatever the planner thinks of small tables.';

create function ${schema}.advance_offset(a_group text, a_topic text, a_partition integer, a_token uuid, a_previous bigint,
                                         a_next bigint, a_leader_epoch integer, a_transaction xid8)
    returns table (topic text, partition integer)
    language sql volatile
    set enable_seqscan = off set enable_bitmapscan = off set search_path = pg_catalog, pg_temp
as $body$
    update ${schema}.stored_offset o
       set next_offset = a_next, leader_epoch = a_leader_epoch, progress_epoch = o.owner_epoch, updated_at = clock_timestamp()
     where o.group_id = a_group and o.topic = a_topic and o.partition = a_partition
       and o.owner_token = a_token and o.next_offset = a_previous and a_next >= a_previous
       and pg_current_xact_id() = a_transaction
    returning o.topic, o.partition
$body$;
comment on function ${schema}.advance_offset(text, text, integer, uuid, bigint, bigint, integer, xid8) is 'Moves one claimed partition inside that transaction, as its last statement; no row if the claim no longer holds. Runs with the rights of the caller.';

update ${schema}.store_info set schema_version = 3;

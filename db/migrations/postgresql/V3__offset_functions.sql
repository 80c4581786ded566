-- Moving and binding offsets, for operators. These functions lock binding rows first, then offset rows in key order, as claims do.

create function ${schema}.reset_offset(a_group text, a_topic text, a_partition integer, a_offset bigint, a_reason text default null)
    returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    previous bigint;
begin
    if a_offset is null or a_offset < 0 then
        raise exception 'invalid offset %: offsets start at 0', coalesce(a_offset::text, 'null') using errcode = '22023';
    end if;
    perform from ${schema}.topic_binding b where b.group_id = a_group and b.topic = a_topic for share;
    select o.next_offset into previous from ${schema}.stored_offset o
     where o.group_id = a_group and o.topic = a_topic and o.partition = a_partition
       for no key update;
    if not found then
        raise exception 'group % has no stored offset for topic % partition %', a_group, a_topic, a_partition
              using errcode = 'P0002';
    end if;
    perform ${schema}.set_cause('reset'::text, a_reason, null::jsonb);
    update ${schema}.stored_offset o set next_offset = a_offset
     where o.group_id = a_group and o.topic = a_topic and o.partition = a_partition;
    perform ${schema}.set_cause(''::text, ''::text, null::jsonb);
    return previous;
end
$body$;
comment on function ${schema}.reset_offset(text, text, integer, bigint, text) is 'Moves the stored offset of a group in a partition, and returns the previous one. Works while consumers run: the owner is fenced and follows within seconds. Moving an offset to its current value restarts a halted partition. Removing the effects of records that are read again is up to you, in the same transaction.';

create function ${schema}.undo_reset(a_change bigint, a_reason text default null)
    returns table (topic text, partition integer, from_offset bigint, to_offset bigint)
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
#variable_conflict use_column
declare
    moved  record;
    known  boolean;
    stands bigint;
    undone bigint;
begin
    if not exists (select from ${schema}.audit_log a where a.change_id = a_change) then
        raise exception 'change % does not exist', a_change using errcode = 'P0002';
    end if;
    perform from ${schema}.topic_binding b
      where exists (select from ${schema}.audit_log a
                     where a.change_id = a_change and a.action in ('reset', 'undo', 'manual_move')
                       and a.group_id = b.group_id and a.topic = b.topic)
      order by b.group_id, b.topic for share;
    perform from ${schema}.stored_offset o
      where exists (select from ${schema}.audit_log a
                     where a.change_id = a_change and a.action in ('reset', 'undo', 'manual_move')
                       and a.group_id = o.group_id and a.topic = o.topic and a.partition = o.partition)
      order by o.group_id, o.topic, o.partition for no key update;
    -- Checked under the locks: two sessions that undo the same change at once must not both succeed.
    select a.change_id into undone from ${schema}.audit_log a
     where a.action = 'undo' and a.details ->> 'undoes' = a_change::text limit 1;
    if found then
        raise exception 'change % was already undone, by change %', a_change, undone using errcode = '55000';
    end if;
    perform ${schema}.set_cause('undo'::text, a_reason, jsonb_build_object('undoes', a_change));
    known := false;
    -- A partition that one change moved several times goes back to its first offset.
    for moved in
        select distinct on (a.group_id, a.topic, a.partition)
               a.id, a.group_id, a.topic, a.partition, a.from_offset, a.incarnation, b.incarnation as bound
          from ${schema}.audit_log a
          left join ${schema}.topic_binding b on b.group_id = a.group_id and b.topic = a.topic
         where a.change_id = a_change and a.action in ('reset', 'undo', 'manual_move') and a.from_offset is not null
         order by a.group_id, a.topic, a.partition, a.id
    loop
        known := true;
        if moved.bound is distinct from moved.incarnation or exists (
                select from ${schema}.audit_log d
                 where d.group_id = moved.group_id and d.action = 'delete' and d.id > moved.id) then
            raise exception 'topic % of group % was deleted or rebound since change %: its offsets refer to something else now',
                  moved.topic, moved.group_id, a_change using errcode = '55000';
        end if;
        select o.next_offset into stands from ${schema}.stored_offset o
         where o.group_id = moved.group_id and o.topic = moved.topic and o.partition = moved.partition;
        if not found then
            raise exception 'group % no longer has a stored offset for topic % partition %',
                  moved.group_id, moved.topic, moved.partition using errcode = '55000';
        end if;
        update ${schema}.stored_offset o set next_offset = moved.from_offset
         where o.group_id = moved.group_id and o.topic = moved.topic and o.partition = moved.partition;
        topic := moved.topic;
        partition := moved.partition;
        from_offset := stands;
        to_offset := moved.from_offset;
        return next;
    end loop;
    if not known then
        raise exception 'change % moved no offset that can be moved back', a_change using errcode = '55000';
    end if;
    perform ${schema}.set_cause(''::text, ''::text, null::jsonb);
end
$body$;
comment on function ${schema}.undo_reset(bigint, text) is 'Moves back every offset that a change moved, by reset_offset(), undo_reset() or plain SQL; undoing an undo is a redo. Returns what was moved, from where and to where. Refuses a change that was already undone, and offsets that refer to another topic now. Correcting the effects is up to you, in the same transaction.';

create function ${schema}.check_binding(a_cluster_id text, a_offsets bigint[]) returns void
    language plpgsql immutable set search_path = pg_catalog, pg_temp
as $body$
begin
    if coalesce(a_cluster_id, '') = '' then
        raise exception 'the cluster id is missing' using errcode = '22023';
    end if;
    if a_offsets is null or array_ndims(a_offsets) is distinct from 1 then
        raise exception 'offsets are missing: give the next offset of each partition, in partition order' using errcode = '22023';
    end if;
    if exists (select from unnest(a_offsets) as s(next_offset) where s.next_offset is null or s.next_offset < 0) then
        raise exception 'an offset is missing or below 0: give the next offset of each partition, in partition order'
              using errcode = '22023';
    end if;
end
$body$;
comment on function ${schema}.check_binding(text, bigint[]) is 'Refuses arguments that are not a valid binding. For the operator functions.';

create function ${schema}.bind_topic(a_group text, a_topic text, a_cluster_id text, a_topic_id text, a_offsets bigint[],
                                     a_reason text default null)
    returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    now_bound constant integer := cardinality(a_offsets);
begin
    if coalesce(a_group, '') = '' or coalesce(a_topic, '') = '' then
        raise exception 'the group or the topic is missing' using errcode = '22023';
    end if;
    perform ${schema}.check_binding(a_cluster_id, a_offsets);
    insert into ${schema}.topic_binding (group_id, topic, cluster_id, topic_id, partitions)
    values (a_group, a_topic, a_cluster_id, a_topic_id, now_bound) on conflict do nothing;
    if not found then
        raise exception 'group % already has a binding for topic %', a_group, a_topic using errcode = '55000';
    end if;
    insert into ${schema}.audit_log (action, group_id, topic, incarnation, reason, details)
    values ('bind', a_group, a_topic, 1, a_reason, jsonb_build_object(
        'to', jsonb_build_object('cluster_id', a_cluster_id, 'topic_id', a_topic_id,
                                 'incarnation', 1, 'partitions', now_bound)));
    perform ${schema}.set_cause('bind'::text, a_reason, null::jsonb);
    with made as (
        insert into ${schema}.stored_offset (group_id, topic, partition, next_offset)
        select a_group, a_topic, (s.nth - 1)::integer, s.next_offset
          from unnest(a_offsets) with ordinality as s(next_offset, nth) order by s.nth
        returning partition, next_offset)
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, to_offset, reason)
    select 'bind', a_group, a_topic, m.partition, 1, m.next_offset, a_reason from made m order by m.partition;
    perform ${schema}.set_cause(''::text, ''::text, null::jsonb);
    return now_bound;
end
$body$;
comment on function ${schema}.bind_topic(text, text, text, text, bigint[], text) is 'Gives a group its first offsets for a topic, as an import does: the next offset of each partition, in partition order. Returns how many. Refuses if the group already has a binding for the topic.';

create function ${schema}.rebind_topic(a_group text, a_topic text, a_cluster_id text, a_topic_id text, a_offsets bigint[],
                                       a_reason text default null)
    returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    bound ${schema}.topic_binding;
    now_bound constant integer := cardinality(a_offsets);
    found_incarnation integer;
    rebound record;
    place record;
begin
    perform ${schema}.check_binding(a_cluster_id, a_offsets);
    select b.incarnation into found_incarnation from ${schema}.topic_binding b
     where b.group_id = a_group and b.topic = a_topic;
    select b.* into bound from ${schema}.topic_binding b
     where b.group_id = a_group and b.topic = a_topic for no key update;
    if not found then
        raise exception 'group % has no binding for topic %', a_group, a_topic using errcode = 'P0002';
    end if;
    -- Checked under the lock: what was read since the first of two rebinds must not be moved back by the second.
    if bound.incarnation is distinct from found_incarnation
            or bound.incarnation > 1 and a_topic_id is not null
               and (bound.cluster_id, bound.topic_id) = (a_cluster_id, a_topic_id) then
        select a.change_id, a.by_role into rebound from ${schema}.audit_log a
         where a.group_id = a_group and a.topic = a_topic and a.action = 'rebind' and a.partition is null
           and a.incarnation = bound.incarnation
         order by a.id desc limit 1;
        raise exception 'topic % of group % was already rebound%, to id % of cluster %: nothing was moved', a_topic, a_group,
              case when rebound.change_id is not null
                   then format(', by %s in change %s', rebound.by_role, rebound.change_id) else '' end,
              coalesce(bound.topic_id, '(none)'), bound.cluster_id
              using errcode = '55000', hint = 'Its consumers may have read further since then. To move its offsets anyway, reset them.';
    end if;
    perform from ${schema}.stored_offset o
      where o.group_id = a_group and o.topic = a_topic order by o.partition for update;
    update ${schema}.topic_binding b
       set cluster_id = a_cluster_id, topic_id = a_topic_id, incarnation = bound.incarnation + 1, partitions = now_bound
     where b.group_id = a_group and b.topic = a_topic;
    insert into ${schema}.audit_log (action, group_id, topic, incarnation, reason, details)
    values ('rebind', a_group, a_topic, bound.incarnation + 1, a_reason, jsonb_build_object(
        'from', jsonb_build_object('cluster_id', bound.cluster_id, 'topic_id', bound.topic_id,
                                   'incarnation', bound.incarnation, 'partitions', bound.partitions),
        'to', jsonb_build_object('cluster_id', a_cluster_id, 'topic_id', a_topic_id,
                                 'incarnation', bound.incarnation + 1, 'partitions', now_bound)));
    perform ${schema}.set_cause('rebind'::text, a_reason, null::jsonb);
    for place in
        select (s.nth - 1)::integer as partition, s.next_offset
          from unnest(a_offsets) with ordinality as s(next_offset, nth) order by s.nth
    loop
        update ${schema}.stored_offset o set next_offset = place.next_offset
         where o.group_id = a_group and o.topic = a_topic and o.partition = place.partition;
        if not found then
            insert into ${schema}.stored_offset (group_id, topic, partition, next_offset)
            values (a_group, a_topic, place.partition, place.next_offset);
            insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, to_offset, reason)
            values ('rebind', a_group, a_topic, place.partition, bound.incarnation + 1, place.next_offset, a_reason);
        end if;
    end loop;
    with gone as (
        delete from ${schema}.stored_offset o
         where o.group_id = a_group and o.topic = a_topic and o.partition >= now_bound
        returning o.partition, o.next_offset)
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset, reason)
    select 'rebind', a_group, a_topic, g.partition, bound.incarnation + 1, g.next_offset, a_reason
      from gone g order by g.partition;
    perform ${schema}.set_cause(''::text, ''::text, null::jsonb);
    -- These rows describe the topic that was bound before.
    delete from ${schema}.log_end e where e.group_id = a_group and e.topic = a_topic;
    delete from ${schema}.partition_state s where s.group_id = a_group and s.topic = a_topic;
    return bound.incarnation + 1;
end
$body$;
comment on function ${schema}.rebind_topic(text, text, text, text, bigint[], text) is 'Sets what a group''s offsets for a topic refer to from now on, after it was created again or moved to another cluster: the cluster, the topic, and the next offset of each partition, in partition order. Returns the new incarnation. Works while consumers run: all owners are fenced and follow. Dead letters of the previous topic stay. Refuses if another rebind came first, or already bound the same topic.';

update ${schema}.store_info set schema_version = 3;

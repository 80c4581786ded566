-- Pausing, resuming and deleting groups, and dropping dead letters, for operators.

create function ${schema}.pause(a_group text, a_topic text default null, a_partition integer default null, a_reason text default null)
    returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
begin
    if a_partition is not null and a_topic is null then
        raise exception 'partition % needs a topic', a_partition using errcode = '22023';
    end if;
    -- Without the lock, a pause could outlive a group that is being deleted.
    perform from ${schema}.topic_binding b where b.group_id = a_group order by b.topic for share;
    if not exists (select from ${schema}.stored_offset o
                    where o.group_id = a_group and o.topic = coalesce(a_topic, o.topic)
                      and o.partition = coalesce(a_partition, o.partition)) then
        raise exception 'group % has no stored offset for %', a_group,
              coalesce('topic ' || a_topic || coalesce(' partition ' || a_partition, ''), 'any topic') using errcode = 'P0002';
    end if;
    insert into ${schema}.consumer_pause (group_id, topic, partition, reason)
    values (a_group, a_topic, a_partition, a_reason) on conflict do nothing;
    if not found then
        return false;
    end if;
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, reason)
    values ('pause', a_group, a_topic, a_partition,
            (select b.incarnation from ${schema}.topic_binding b where b.group_id = a_group and b.topic = a_topic), a_reason);
    return true;
end
$body$;
comment on function ${schema}.pause(text, text, integer, text) is 'Pauses a group, a topic or a partition until resume(); returns false if it was already paused. Running consumers follow within seconds, finish open transactions and keep their assignment.';

create function ${schema}.resume(a_group text, a_topic text default null, a_partition integer default null, a_reason text default null)
    returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    ended integer;
begin
    if a_partition is not null and a_topic is null then
        raise exception 'partition % needs a topic', a_partition using errcode = '22023';
    end if;
    with gone as (
        delete from ${schema}.consumer_pause p
         where p.group_id = a_group
           and (a_topic is null or p.topic = a_topic) and (a_partition is null or p.partition = a_partition)
        returning p.topic, p.partition)
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, reason)
    select 'resume', a_group, g.topic, g.partition,
           (select b.incarnation from ${schema}.topic_binding b where b.group_id = a_group and b.topic = g.topic), a_reason
      from gone g order by g.topic nulls first, g.partition nulls first;
    get diagnostics ended = row_count;
    if ended = 0 and not exists (select from ${schema}.stored_offset o
                                  where o.group_id = a_group and o.topic = coalesce(a_topic, o.topic)
                                    and o.partition = coalesce(a_partition, o.partition)) then
        raise exception 'group % has no stored offset for %', a_group,
              coalesce('topic ' || a_topic || coalesce(' partition ' || a_partition, ''), 'any topic') using errcode = 'P0002';
    end if;
    return ended;
end
$body$;
comment on function ${schema}.resume(text, text, integer, text) is 'Ends the pause of a group, a topic or a partition, and all pauses within it; returns how many ended. A wider pause remains: a partition of a paused topic stays paused. Running consumers follow within seconds.';

create function ${schema}.drop_dead_letter(a_group text, a_id bigint, a_reason text default null) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    letter record;
begin
    select d.topic, d.partition, d.incarnation, d.record_offset into letter from ${schema}.dead_letter d
     where d.group_id = a_group and d.id = a_id for update skip locked;
    if not found then
        return false;
    end if;
    delete from ${schema}.dead_letter d where d.group_id = a_group and d.id = a_id;
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset, to_offset, reason)
    values ('drop', a_group, letter.topic, letter.partition, letter.incarnation, letter.record_offset, letter.record_offset + 1,
            a_reason);
    return true;
end
$body$;
comment on function ${schema}.drop_dead_letter(text, bigint, text) is 'Discards a dead letter: its record never takes effect. Returns false if the group has none with that id, or it is being redriven.';

create function ${schema}.delete_group(a_group text, a_reason text default null, a_force boolean default false) returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    owned   record;
    letters bigint;
    removed integer;
begin
    perform from ${schema}.topic_binding b where b.group_id = a_group order by b.topic for update;
    if not found then
        raise exception 'group % has no stored offsets', a_group using errcode = 'P0002';
    end if;
    perform from ${schema}.stored_offset o where o.group_id = a_group order by o.topic, o.partition for update;
    select count(*) into letters from ${schema}.dead_letter d where d.group_id = a_group and d.superseded_at is null;
    if not coalesce(a_force, false) then
        select o.topic, o.partition, o.owner_name into owned from ${schema}.stored_offset o
         where o.group_id = a_group and o.owner_token is not null order by o.topic, o.partition limit 1;
        if found then
            raise exception 'group % is active: % owns topic % partition %', a_group, owned.owner_name, owned.topic,
                  owned.partition using errcode = '55000', hint = 'Stop its consumers first; one that was killed stays the owner until another claims.';
        end if;
        if letters > 0 then
            raise exception 'group % has % dead letters, which would be deleted too', a_group, letters
                  using errcode = '55000', hint = 'Redrive or drop them first.';
        end if;
    end if;
    select count(*) into removed from ${schema}.stored_offset o where o.group_id = a_group;
    insert into ${schema}.audit_log (action, group_id, reason, details)
    values ('delete', a_group, a_reason, jsonb_build_object('partitions', removed, 'dead_letters', letters,
                                                            'forced', coalesce(a_force, false)));
    perform ${schema}.set_cause('delete'::text, a_reason, null::jsonb);
    with gone as (
        delete from ${schema}.stored_offset o where o.group_id = a_group returning o.topic, o.partition, o.next_offset)
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset, reason)
    select 'delete', a_group, g.topic, g.partition, b.incarnation, g.next_offset, a_reason
      from gone g join ${schema}.topic_binding b on b.group_id = a_group and b.topic = g.topic
     order by g.topic, g.partition;
    perform ${schema}.set_cause(''::text, ''::text, null::jsonb);
    delete from ${schema}.dead_letter d where d.group_id = a_group;
    delete from ${schema}.partition_state s where s.group_id = a_group;
    delete from ${schema}.log_end e where e.group_id = a_group;
    delete from ${schema}.consumer_pause p where p.group_id = a_group;
    delete from ${schema}.topic_binding b where b.group_id = a_group;
    return removed;
end
$body$;
comment on function ${schema}.delete_group(text, text, boolean) is 'Deletes a group except for its audit rows, which keep its offsets; returns how many partitions were deleted. Refuses while a partition is owned or dead letters remain, unless forced. A consumer that still runs after a forced delete starts over at its start position.';

update ${schema}.store_info set schema_version = 4;

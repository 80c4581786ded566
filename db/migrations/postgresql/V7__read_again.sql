-- A record that was read again after its dead letter was superseded has taken effect, or was parked anew. Without a note of that, the
-- next move of the offset below it and back would make the dead letter redrivable, and the record would take effect twice.

alter table ${schema}.dead_letter add column read_again_at timestamptz;
comment on column ${schema}.dead_letter.read_again_at is 'Of a superseded one: when a manual move found that the record had been read again since, so that the dead letter is only a trace; null otherwise, and without meaning while superseded_at is null.';

create function ${schema}.note_read_again(a_group text, a_topic text, a_partition integer, a_next_offset bigint, a_cause text)
    returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $body$
begin
    -- A rebind has already counted the incarnation; the offset is still the one in the previous topic.
    update ${schema}.dead_letter d set read_again_at = clock_timestamp()
      from ${schema}.topic_binding b
     where b.group_id = a_group and b.topic = a_topic
       and d.incarnation = b.incarnation - case when a_cause = 'rebind' then 1 else 0 end
       and d.group_id = a_group and d.topic = a_topic and d.partition = a_partition
       and d.record_offset < a_next_offset and d.superseded_at is not null and d.read_again_at is null;
    if a_cause = 'rebind' then
        -- The rest of the previous topic will not be read again.
        update ${schema}.dead_letter d set superseded_at = null
          from ${schema}.topic_binding b
         where b.group_id = a_group and b.topic = a_topic and d.incarnation = b.incarnation - 1
           and d.group_id = a_group and d.topic = a_topic and d.partition = a_partition
           and d.superseded_at is not null and d.read_again_at is null;
    end if;
end
$body$;
comment on function ${schema}.note_read_again(text, text, integer, bigint, text) is 'Called before the offset of a partition is moved by hand: marks superseded dead letters below it, whose records were read again. At a rebind, makes those redrivable whose records will not be read again.';
revoke all on function ${schema}.note_read_again(text, text, integer, bigint, text) from public;

create or replace function ${schema}.fence_manual_move() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    cause   constant text := coalesce(nullif(current_setting('tidemark.action', true), ''), 'manual_move');
    why     constant text := nullif(current_setting('tidemark.reason', true), '');
    more    constant jsonb := nullif(current_setting('tidemark.details', true), '')::jsonb;
    renamed constant boolean := (old.group_id, old.topic, old.partition) is distinct from (new.group_id, new.topic, new.partition);
begin
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset, to_offset, reason, details)
    values (cause, old.group_id, old.topic, old.partition,
            (select b.incarnation from ${schema}.topic_binding b where b.group_id = old.group_id and b.topic = old.topic),
            old.next_offset, case when not renamed then new.next_offset end, why, more);
    if renamed then
        insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, to_offset, reason, details)
        values (cause, new.group_id, new.topic, new.partition,
                (select b.incarnation from ${schema}.topic_binding b where b.group_id = new.group_id and b.topic = new.topic),
                new.next_offset, why, more);
    end if;
    perform ${schema}.note_read_again(old.group_id, old.topic, old.partition, old.next_offset, cause);
    -- Only those of the topic that is bound now: an earlier topic of that name will not be read again.
    update ${schema}.dead_letter d
       set superseded_at = case when d.record_offset >= new.next_offset then clock_timestamp() end, read_again_at = null
      from ${schema}.topic_binding b
     where b.group_id = new.group_id and b.topic = new.topic and d.incarnation = b.incarnation
       and d.group_id = new.group_id and d.topic = new.topic and d.partition = new.partition
       and case when renamed or new.next_offset < old.next_offset
                then d.record_offset >= new.next_offset and d.superseded_at is null
                else d.record_offset >= old.next_offset and d.record_offset < new.next_offset
                     and d.superseded_at is not null and d.read_again_at is null end;
    -- A manual move counts as having dealt with the record that killed processes.
    update ${schema}.partition_state s set suspect_offset = null, suspect_attempts = 0
     where s.group_id = new.group_id and s.topic = new.topic and s.partition = new.partition
       and s.suspect_offset is not null;
    new.owner_epoch := old.owner_epoch + 1;
    new.owner_token := null;
    new.owner_name := null;
    new.leader_epoch := null;
    new.updated_at := clock_timestamp();
    return new;
end
$body$;

create or replace function ${schema}.note_manual_row() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    bound ${schema}.topic_binding;
begin
    if tg_op = 'TRUNCATE' then
        insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset)
        select 'manual_move', o.group_id, o.topic, o.partition, b.incarnation, o.next_offset
          from ${schema}.stored_offset o left join ${schema}.topic_binding b using (group_id, topic)
         order by o.group_id, o.topic, o.partition;
        perform ${schema}.note_read_again(o.group_id, o.topic, o.partition, o.next_offset, 'manual_move')
           from ${schema}.stored_offset o;
        return null;
    end if;
    if tg_op = 'DELETE' then
        insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset)
        values ('manual_move', old.group_id, old.topic, old.partition,
                (select b.incarnation from ${schema}.topic_binding b where b.group_id = old.group_id and b.topic = old.topic),
                old.next_offset);
        perform ${schema}.note_read_again(old.group_id, old.topic, old.partition, old.next_offset, 'manual_move');
        return null;
    end if;
    select b.* into bound from ${schema}.topic_binding b where b.group_id = new.group_id and b.topic = new.topic;
    if new.partition >= bound.partitions then
        return null;
    end if;
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, to_offset)
    values ('manual_move', new.group_id, new.topic, new.partition, bound.incarnation, new.next_offset);
    update ${schema}.dead_letter d set superseded_at = clock_timestamp(), read_again_at = null
     where d.group_id = new.group_id and d.topic = new.topic and d.partition = new.partition
       and d.incarnation = bound.incarnation and d.record_offset >= new.next_offset and d.superseded_at is null;
    update ${schema}.partition_state s set suspect_offset = null, suspect_attempts = 0
     where s.group_id = new.group_id and s.topic = new.topic and s.partition = new.partition
       and s.suspect_offset is not null;
    return null;
end
$body$;

update ${schema}.store_info set schema_version = 7;

-- Operating groups by SQL: pauses, the operator's functions, views for people and dashboards, and who may do what.

create table ${schema}.consumer_pause (
    group_id  text not null,
    topic     text check (topic <> ''),
    partition integer check (partition >= 0),
    paused_at timestamptz not null default clock_timestamp(),
    paused_by text not null default session_user,
    reason    text,
    check (partition is null or topic is not null)
);
create unique index consumer_pause_key on ${schema}.consumer_pause (group_id, coalesce(topic, ''), coalesce(partition, -1));
comment on table  ${schema}.consumer_pause           is 'What stands still because a person said so. Running consumers follow within seconds and keep their assignment.';
comment on column ${schema}.consumer_pause.group_id  is 'Kafka consumer group (group.id).';
comment on column ${schema}.consumer_pause.topic     is 'Topic name; null for the whole group.';
comment on column ${schema}.consumer_pause.partition is 'Partition number; null for the whole topic, or the whole group.';
comment on column ${schema}.consumer_pause.paused_at is 'When, by the server''s clock.';
comment on column ${schema}.consumer_pause.paused_by is 'The database role that logged in.';
comment on column ${schema}.consumer_pause.reason    is 'Why, as the person said it.';

-- The audit log learns which rows belong together, and of which topic of that name they tell.

create sequence ${schema}.change_id_seq as bigint;
comment on sequence ${schema}.change_id_seq is 'Where change_id() draws its numbers.';

-- The setting ends with the transaction; the transaction's id beside it keeps a leftover of a pooled session from counting.
create function ${schema}.change_id() returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    here  constant text := pg_current_xact_id()::text;
    known constant text := current_setting('tidemark.change_of_${schema}', true);
    fresh bigint;
begin
    if split_part(known, ':', 1) = here then
        return split_part(known, ':', 2)::bigint;
    end if;
    fresh := nextval('${schema}.change_id_seq');
    perform set_config('tidemark.change_of_${schema}', here || ':' || fresh, true);
    return fresh;
end
$body$;
comment on function ${schema}.change_id() is 'The number that all audit rows of the present transaction share. Writes nothing but the sequence.';

alter table ${schema}.audit_log
    add column change_id   bigint,
    add column incarnation integer,
    add column details     jsonb,
    alter column topic drop not null;
-- Which of the rows so far belong together nobody can tell any more: each is a change of its own.
update ${schema}.audit_log a
   set change_id = a.id,
       incarnation = (select 1 from ${schema}.topic_binding b
                       where b.group_id = a.group_id and b.topic = a.topic and b.incarnation = 1);
select setval('${schema}.change_id_seq', max(a.id)) from ${schema}.audit_log a having max(a.id) is not null;
alter table ${schema}.audit_log
    alter column change_id set default ${schema}.change_id(),
    alter column change_id set not null;
create index audit_log_group on ${schema}.audit_log (group_id, id);
create index audit_log_change on ${schema}.audit_log (change_id);
create index audit_log_undoes on ${schema}.audit_log ((details ->> 'undoes')) where action = 'undo';
comment on table  ${schema}.audit_log             is 'Who moved a position otherwise than by processing records, or paused, bound or deleted something; when, why, and from where to where.';
comment on column ${schema}.audit_log.action      is 'What happened. reset, undo: an offset was moved by the function of that name; hand_made_move: by plain SQL; rebind, bind: offsets were given another meaning, or their first one; pause, resume, delete: as the functions; gap: lost records were passed over; skip, park: a failing record was passed over or put into dead_letter; redrive: a dead letter was applied after all; drop: it was given up.';
comment on column ${schema}.audit_log.topic       is 'Topic name; null where the whole group was meant.';
comment on column ${schema}.audit_log.from_offset is 'next_offset before; null where there was none, or none is meant.';
comment on column ${schema}.audit_log.to_offset   is 'next_offset after; null where there is none any more, or none is meant.';
comment on column ${schema}.audit_log.reason      is 'Why, as the person said it, or as the library did.';
comment on column ${schema}.audit_log.change_id   is 'All rows of one transaction share it: what undo_reset() undoes together.';
comment on column ${schema}.audit_log.incarnation is 'Which topic of that name, as in topic_binding; null where nobody knows, or no topic is meant.';
comment on column ${schema}.audit_log.details     is 'More, by action. rebind, bind: the ids before and after; undo: which change it undoes; delete: what went with it. Null where there is no more.';

-- How a move is written down and fenced stands in one place, the trigger. The functions tell it what they are, for as long as they
-- move offsets.

-- Called with exactly these types: a function of that name with others, made by whoever may create one here, must not be preferred.
create function ${schema}.set_cause(a_action text, a_reason text, a_details jsonb) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp
as $body$
begin
    perform set_config('tidemark.action', coalesce(a_action, ''), true),
            set_config('tidemark.reason', coalesce(a_reason, ''), true),
            set_config('tidemark.details', coalesce(a_details::text, ''), true);
end
$body$;
comment on function ${schema}.set_cause(text, text, jsonb) is 'Tells the trigger of stored_offset why offsets move, until told otherwise or the transaction ends. For the operator''s functions.';

create or replace function ${schema}.fence_hand_made_move() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $body$
begin
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset, to_offset, reason, details)
    values (coalesce(nullif(current_setting('tidemark.action', true), ''), 'hand_made_move'),
            old.group_id, old.topic, old.partition,
            (select b.incarnation from ${schema}.topic_binding b where b.group_id = old.group_id and b.topic = old.topic),
            old.next_offset, new.next_offset,
            nullif(current_setting('tidemark.reason', true), ''),
            nullif(current_setting('tidemark.details', true), '')::jsonb);
    -- Of the topic that is bound now: another of its name will not be read again.
    update ${schema}.dead_letter d
       set superseded_at = case when new.next_offset < old.next_offset then clock_timestamp() end
      from ${schema}.topic_binding b
     where b.group_id = old.group_id and b.topic = old.topic and d.incarnation = b.incarnation
       and d.group_id = old.group_id and d.topic = old.topic and d.partition = old.partition
       and case when new.next_offset < old.next_offset
                then d.record_offset >= new.next_offset and d.superseded_at is null
                else d.record_offset >= old.next_offset and d.record_offset < new.next_offset
                     and d.superseded_at is not null end;
    -- Whoever moves the offset has dealt with the record that killed.
    update ${schema}.partition_state s set suspect_offset = null, suspect_attempts = 0
     where s.group_id = old.group_id and s.topic = old.topic and s.partition = old.partition
       and s.suspect_offset is not null;
    new.owner_epoch := old.owner_epoch + 1;
    new.owner_token := null;
    new.owner_name := null;
    new.leader_epoch := null;
    new.updated_at := clock_timestamp();
    return new;
end
$body$;
comment on function ${schema}.fence_hand_made_move() is 'Fences the owner of a partition whose next_offset was updated by hand or by an operator''s function, and writes down who did it.';

-- A function says what it is, so that it fences even where it moves an offset to where it stands.
create or replace trigger fence_hand_made_move
    before update of next_offset on ${schema}.stored_offset
    for each row
    when (new.next_offset is distinct from old.next_offset
              and (new.next_offset < old.next_offset or new.updated_at is not distinct from old.updated_at)
          or current_setting('tidemark.action', true) <> '')
    execute function ${schema}.fence_hand_made_move();
comment on trigger fence_hand_made_move on ${schema}.stored_offset is 'Makes UPDATE ... SET next_offset safe while consumers run.';

-- The operator's functions. They lock binding rows first, then offset rows by key, as everybody does.

create function ${schema}.reset_offset(a_group text, a_topic text, a_partition integer, a_offset bigint, a_reason text default null)
    returns bigint
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    previous bigint;
begin
    if a_offset is null or a_offset < 0 then
        raise exception 'offset % is impossible: offsets count from 0', coalesce(a_offset::text, 'null') using errcode = '22023';
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
comment on function ${schema}.reset_offset(text, text, integer, bigint, text) is 'Moves where a group goes on in a partition, and answers where it stood. Works while consumers run: the owner is fenced and follows within seconds. Moving it to where it stands sets a halted partition going again. Effects of records that are read again are yours to remove, in the same transaction.';

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
        raise exception 'there is no change %', a_change using errcode = 'P0002';
    end if;
    perform from ${schema}.topic_binding b
      where exists (select from ${schema}.audit_log a
                     where a.change_id = a_change and a.action in ('reset', 'undo', 'hand_made_move')
                       and a.group_id = b.group_id and a.topic = b.topic)
      order by b.group_id, b.topic for share;
    perform from ${schema}.stored_offset o
      where exists (select from ${schema}.audit_log a
                     where a.change_id = a_change and a.action in ('reset', 'undo', 'hand_made_move')
                       and a.group_id = o.group_id and a.topic = o.topic and a.partition = o.partition)
      order by o.group_id, o.topic, o.partition for no key update;
    -- Looked at under the locks: two who undo the same change at once must not both succeed.
    select a.change_id into undone from ${schema}.audit_log a
     where a.action = 'undo' and a.details ->> 'undoes' = a_change::text limit 1;
    if found then
        raise exception 'change % was undone already, by change %', a_change, undone using errcode = '55000';
    end if;
    perform ${schema}.set_cause('undo'::text, a_reason, jsonb_build_object('undoes', a_change));
    known := false;
    -- A partition that one change moved several times goes back to where it stood first.
    for moved in
        select distinct on (a.group_id, a.topic, a.partition)
               a.id, a.group_id, a.topic, a.partition, a.from_offset, a.incarnation, b.incarnation as bound
          from ${schema}.audit_log a
          left join ${schema}.topic_binding b on b.group_id = a.group_id and b.topic = a.topic
         where a.change_id = a_change and a.action in ('reset', 'undo', 'hand_made_move')
         order by a.group_id, a.topic, a.partition, a.id
    loop
        known := true;
        if moved.bound is distinct from moved.incarnation or exists (
                select from ${schema}.audit_log d
                 where d.group_id = moved.group_id and d.action = 'delete' and d.id > moved.id) then
            raise exception 'topic % of group % was deleted or bound anew since change %: its offsets mean something else now',
                  moved.topic, moved.group_id, a_change using errcode = '55000';
        end if;
        select o.next_offset into stands from ${schema}.stored_offset o
         where o.group_id = moved.group_id and o.topic = moved.topic and o.partition = moved.partition;
        if not found then
            raise exception 'group % has no stored offset for topic % partition % any more',
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
        raise exception 'change % moved no offset that could be moved back', a_change using errcode = '55000';
    end if;
    perform ${schema}.set_cause(''::text, ''::text, null::jsonb);
end
$body$;
comment on function ${schema}.undo_reset(bigint, text) is 'Moves every offset back that a change moved, by reset_offset(), undo_reset() or plain SQL; to undo an undo is to redo. Answers from where to where. Refuses a change that was undone already, and offsets that mean another topic by now. Effects are yours to mend, in the same transaction.';

create function ${schema}.check_binding(a_cluster_id text, a_offsets bigint[]) returns void
    language plpgsql immutable set search_path = pg_catalog, pg_temp
as $body$
begin
    if coalesce(a_cluster_id, '') = '' then
        raise exception 'the cluster id is missing' using errcode = '22023';
    end if;
    if a_offsets is null or array_ndims(a_offsets) is distinct from 1 then
        raise exception 'offsets are missing: give the next offset of each partition, in their order' using errcode = '22023';
    end if;
    if exists (select from unnest(a_offsets) as s(next_offset) where s.next_offset is null or s.next_offset < 0) then
        raise exception 'an offset is missing or below 0: give the next offset of each partition, in their order'
              using errcode = '22023';
    end if;
end
$body$;
comment on function ${schema}.check_binding(text, bigint[]) is 'Refuses arguments that cannot be a binding. For the operator''s functions.';

create function ${schema}.rebind_topic(a_group text, a_topic text, a_cluster_id text, a_topic_id text, a_offsets bigint[],
                                       a_reason text default null)
    returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    bound ${schema}.topic_binding;
    now_bound constant integer := cardinality(a_offsets);
    place record;
begin
    perform ${schema}.check_binding(a_cluster_id, a_offsets);
    select b.* into bound from ${schema}.topic_binding b
     where b.group_id = a_group and b.topic = a_topic for no key update;
    if not found then
        raise exception 'group % has no binding for topic %', a_group, a_topic using errcode = 'P0002';
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
    perform ${schema}.set_cause(''::text, ''::text, null::jsonb);
    with gone as (
        delete from ${schema}.stored_offset o
         where o.group_id = a_group and o.topic = a_topic and o.partition >= now_bound
        returning o.partition, o.next_offset)
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset, reason)
    select 'rebind', a_group, a_topic, g.partition, bound.incarnation + 1, g.next_offset, a_reason
      from gone g order by g.partition;
    -- What was seen of the other topic says nothing of this one.
    delete from ${schema}.log_end e where e.group_id = a_group and e.topic = a_topic;
    delete from ${schema}.partition_state s where s.group_id = a_group and s.topic = a_topic;
    return bound.incarnation + 1;
end
$body$;
comment on function ${schema}.rebind_topic(text, text, text, text, bigint[], text) is 'Says what a group''s offsets for a topic mean from now on, after it was created again or moved to another cluster: which cluster and topic, and the next offset of each partition, in their order. Answers the new incarnation. Works while consumers run: all owners are fenced and follow. Dead letters stay, as those of the topic before.';

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
        raise exception 'group % has a binding for topic % already', a_group, a_topic using errcode = '55000';
    end if;
    insert into ${schema}.audit_log (action, group_id, topic, incarnation, reason, details)
    values ('bind', a_group, a_topic, 1, a_reason, jsonb_build_object(
        'to', jsonb_build_object('cluster_id', a_cluster_id, 'topic_id', a_topic_id,
                                 'incarnation', 1, 'partitions', now_bound)));
    with made as (
        insert into ${schema}.stored_offset (group_id, topic, partition, next_offset)
        select a_group, a_topic, (s.nth - 1)::integer, s.next_offset
          from unnest(a_offsets) with ordinality as s(next_offset, nth) order by s.nth
        returning partition, next_offset)
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, to_offset, reason)
    select 'bind', a_group, a_topic, m.partition, 1, m.next_offset, a_reason from made m order by m.partition;
    return now_bound;
end
$body$;
comment on function ${schema}.bind_topic(text, text, text, text, bigint[], text) is 'Gives a group its first offsets for a topic, as an import does: the next offset of each partition, in their order. Answers how many. Refuses where the group has offsets already.';

create function ${schema}.pause(a_group text, a_topic text default null, a_partition integer default null, a_reason text default null)
    returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
begin
    if a_partition is not null and a_topic is null then
        raise exception 'partition % of which topic?', a_partition using errcode = '22023';
    end if;
    -- Or a group that is being deleted would begin anew, paused.
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
comment on function ${schema}.pause(text, text, integer, text) is 'Lets a group, a topic or a partition stand still until resume(); false if it was paused already. Running consumers follow within seconds, finish what is open and keep their assignment.';

create function ${schema}.resume(a_group text, a_topic text default null, a_partition integer default null, a_reason text default null)
    returns integer
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    ended integer;
begin
    if a_partition is not null and a_topic is null then
        raise exception 'partition % of which topic?', a_partition using errcode = '22023';
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
comment on function ${schema}.resume(text, text, integer, text) is 'Ends the pause of a group, a topic or a partition, and all pauses within it; answers how many ended. A wider pause goes on: a partition of a paused topic stays paused. Running consumers follow within seconds.';

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
comment on function ${schema}.drop_dead_letter(text, bigint, text) is 'Gives a dead letter up: its record never takes effect. False if the group has none of that id, or somebody is redriving it.';

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
            raise exception 'group % is at work: % owns topic % partition %', a_group, owned.owner_name, owned.topic,
                  owned.partition using errcode = '55000', hint = 'Stop its consumers first; one that was killed never gave it back.';
        end if;
        if letters > 0 then
            raise exception 'group % has % dead letters, which would go too', a_group, letters
                  using errcode = '55000', hint = 'Redrive or drop them first.';
        end if;
    end if;
    select count(*) into removed from ${schema}.stored_offset o where o.group_id = a_group;
    insert into ${schema}.audit_log (action, group_id, reason, details)
    values ('delete', a_group, a_reason, jsonb_build_object('partitions', removed, 'dead_letters', letters,
                                                            'forced', coalesce(a_force, false)));
    with gone as (
        delete from ${schema}.stored_offset o where o.group_id = a_group returning o.topic, o.partition, o.next_offset)
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset, reason)
    select 'delete', a_group, g.topic, g.partition, b.incarnation, g.next_offset, a_reason
      from gone g join ${schema}.topic_binding b on b.group_id = a_group and b.topic = g.topic
     order by g.topic, g.partition;
    delete from ${schema}.dead_letter d where d.group_id = a_group;
    delete from ${schema}.partition_state s where s.group_id = a_group;
    delete from ${schema}.log_end e where e.group_id = a_group;
    delete from ${schema}.consumer_pause p where p.group_id = a_group;
    delete from ${schema}.topic_binding b where b.group_id = a_group;
    return removed;
end
$body$;
comment on function ${schema}.delete_group(text, text, boolean) is 'Forgets a group, but for its audit rows, which keep where it stood; answers how many partitions went. Refuses while a partition is owned or dead letters remain, unless forced. A consumer that runs on after a forced one begins anew, at its start position.';

-- What people and dashboards look at. Before the first sample nobody knows the lag; until now it was shown as 0.

create or replace view ${schema}.consumer_lag as
select o.group_id,
       o.topic,
       o.partition,
       o.next_offset                                              as stored_offset,
       e.log_start                                                as log_start_offset,
       e.log_end                                                  as log_end_offset,
       case when e.log_end is not null then greatest(e.log_end - o.next_offset, 0) end as lag,
       case when o.owner_token is not null then o.owner_name end  as owner,
       o.updated_at,
       e.sampled_at,
       case when s.halted_at is not null then 'halted'
            when exists (select from ${schema}.consumer_pause p
                          where p.group_id = o.group_id and (p.topic is null or p.topic = o.topic)
                            and (p.partition is null or p.partition = o.partition)) then 'paused'
            when o.owner_token is not null then 'owned'
            else 'free' end                                       as state,
       s.error_code,
       s.error_text,
       s.halted_at
from ${schema}.stored_offset o
left join ${schema}.log_end e using (group_id, topic, partition)
left join ${schema}.partition_state s using (group_id, topic, partition);
comment on column ${schema}.consumer_lag.state      is 'halted: its owner gave up, error_text tells why; paused: a person said so; owned: a consumer has claimed it; free: nobody has. The first of these that is true.';
comment on column ${schema}.consumer_lag.error_code is 'Why it halted, such as TM-502; null unless it did.';
comment on column ${schema}.consumer_lag.error_text is 'The same in words, without any record''s content; null unless it halted.';
comment on column ${schema}.consumer_lag.halted_at  is 'When it halted; null unless it did. The next claim clears it.';

create view ${schema}.consumer_group as
select l.group_id,
       count(distinct l.topic)                         as topics,
       count(*)                                        as partitions,
       count(distinct l.owner)                         as owners,
       count(l.owner)                                  as owned_partitions,
       count(*) filter (where l.state = 'halted')      as halted_partitions,
       count(*) filter (where l.state = 'paused')      as paused_partitions,
       sum(l.lag)                                      as lag,
       max(l.lag)                                      as max_lag,
       (select count(*) from ${schema}.dead_letter d
         where d.group_id = l.group_id and d.superseded_at is null) as dead_letters,
       max(l.updated_at)                               as updated_at,
       max(l.sampled_at)                               as sampled_at
from ${schema}.consumer_lag l
group by l.group_id;
comment on view   ${schema}.consumer_group                   is 'Each group in one row. A stable interface.';
comment on column ${schema}.consumer_group.group_id          is 'Kafka consumer group (group.id).';
comment on column ${schema}.consumer_group.topics            is 'Topics that it has stored offsets for.';
comment on column ${schema}.consumer_group.partitions        is 'Partitions that it has stored offsets for.';
comment on column ${schema}.consumer_group.owners            is 'Consumers that own partitions; one that was killed counts until another claims.';
comment on column ${schema}.consumer_group.owned_partitions  is 'Partitions that somebody owns.';
comment on column ${schema}.consumer_group.halted_partitions is 'Partitions that have halted; consumer_lag tells why.';
comment on column ${schema}.consumer_group.paused_partitions is 'Partitions that a person paused, but for those that have halted.';
comment on column ${schema}.consumer_group.lag               is 'Sum of the partitions'' lags; null before the first sample.';
comment on column ${schema}.consumer_group.max_lag           is 'The largest of the partitions'' lags; null before the first sample.';
comment on column ${schema}.consumer_group.dead_letters      is 'Parked records that wait to be redriven or dropped; superseded ones left out.';
comment on column ${schema}.consumer_group.updated_at        is 'When one of its stored offsets last moved.';
comment on column ${schema}.consumer_group.sampled_at        is 'When log ends were last sampled for it; older than two minutes means that no consumer of the group runs.';

create view ${schema}.dead_letter_summary as
select d.group_id,
       d.topic,
       d.partition,
       d.error_code,
       d.error_class,
       count(*)             as dead_letters,
       min(d.record_offset) as first_offset,
       max(d.record_offset) as last_offset,
       min(d.parked_at)     as first_parked_at,
       max(d.parked_at)     as last_parked_at
from ${schema}.dead_letter d
where d.superseded_at is null
group by d.group_id, d.topic, d.partition, d.error_code, d.error_class;
comment on view   ${schema}.dead_letter_summary                 is 'Parked records by partition and cause; superseded ones left out. A stable interface.';
comment on column ${schema}.dead_letter_summary.group_id        is 'Kafka consumer group (group.id).';
comment on column ${schema}.dead_letter_summary.topic           is 'Topic name.';
comment on column ${schema}.dead_letter_summary.partition       is 'Partition number, from 0.';
comment on column ${schema}.dead_letter_summary.error_code      is 'Why they were parked, such as TM-502; null for those that followed a parked record of their key.';
comment on column ${schema}.dead_letter_summary.error_class     is 'Class of the exception; null for those that followed.';
comment on column ${schema}.dead_letter_summary.dead_letters    is 'How many.';
comment on column ${schema}.dead_letter_summary.first_offset    is 'The lowest of their offsets.';
comment on column ${schema}.dead_letter_summary.last_offset     is 'The highest of their offsets.';
comment on column ${schema}.dead_letter_summary.first_parked_at is 'When the first of them was parked.';
comment on column ${schema}.dead_letter_summary.last_parked_at  is 'When the last of them was parked.';

-- Who may do what.

create function ${schema}.grant_access(a_role name, a_kind text) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    relations constant text := '${schema}.store_info, ${schema}.topic_binding, ${schema}.stored_offset, ${schema}.log_end,'
        ' ${schema}.partition_state, ${schema}.dead_letter, ${schema}.audit_log, ${schema}.consumer_pause,'
        ' ${schema}.consumer_lag, ${schema}.consumer_group, ${schema}.dead_letter_summary';
    writers constant text := '${schema}.change_id(), ${schema}.held_offset(text, text, integer, uuid, bigint),'
        ' ${schema}.advance_offset(text, text, integer, uuid, bigint, bigint, integer, xid8)';
    operators constant text := '${schema}.reset_offset(text, text, integer, bigint, text), ${schema}.undo_reset(bigint, text),'
        ' ${schema}.rebind_topic(text, text, text, text, bigint[], text),'
        ' ${schema}.bind_topic(text, text, text, text, bigint[], text),'
        ' ${schema}.pause(text, text, integer, text), ${schema}.resume(text, text, integer, text),'
        ' ${schema}.drop_dead_letter(text, bigint, text), ${schema}.delete_group(text, text, boolean)';
    owners constant text := '${schema}.fence_hand_made_move(), ${schema}.set_cause(text, text, jsonb),'
        ' ${schema}.check_binding(text, bigint[]), ${schema}.grant_access(name, text)';
    grants text[];
    one text;
begin
    if a_kind is null or a_kind not in ('writer', 'operator', 'reader') then
        raise exception 'kind % is none of writer, operator, reader', a_kind using errcode = '22023';
    end if;
    if not exists (select from pg_roles r where r.rolname = a_role) then
        raise exception 'role % does not exist', a_role using errcode = '22023';
    end if;
    if a_role = current_user then
        raise exception 'role % owns the offset store, and may do everything already', a_role using errcode = '22023';
    end if;
    grants := array[
        format('revoke all on %s from %I', relations, a_role),
        format('revoke all on function %s, %s, %s from %I', writers, operators, owners, a_role),
        -- Who may create functions here could have others run them.
        format('revoke all on schema ${schema} from %I', a_role),
        format('grant usage on schema ${schema} to %I', a_role),
        format('grant select on %s to %I', relations, a_role)];
    if a_kind = 'operator' then
        grants := grants || format('grant execute on function %s to %I', operators, a_role);
    elsif a_kind = 'writer' then
        -- Column by column: what the library writes, and neither the ids that offsets belong to nor who wrote an audit row.
        grants := grants || array[
            format('grant execute on function %s to %I', writers, a_role),
            format('grant insert (group_id, topic, cluster_id, topic_id, partitions), update (partitions)'
                   ' on ${schema}.topic_binding to %I', a_role),
            format('grant insert (group_id, topic, partition, next_offset),'
                   ' update (next_offset, leader_epoch, owner_token, owner_epoch, progress_epoch, owner_name, claimed_at, updated_at)'
                   ' on ${schema}.stored_offset to %I', a_role),
            format('grant insert (group_id, topic, partition, log_start, log_end), update (log_start, log_end, sampled_at)'
                   ' on ${schema}.log_end to %I', a_role),
            format('grant insert (group_id, topic, partition, halted_at, error_code, error_text, suspect_offset, suspect_attempts),'
                   ' update (halted_at, error_code, error_text, suspect_offset, suspect_attempts)'
                   ' on ${schema}.partition_state to %I', a_role),
            format('grant insert (group_id, topic, incarnation, partition, record_offset, timestamp_ms, timestamp_type, key, value,'
                   ' header_keys, header_values, holds_key, error_code, error_class, error_message, error_stack, attempts, parked_by),'
                   ' update (holds_key, error_code, error_class, error_message, error_stack, attempts, parked_by, parked_at,'
                   ' superseded_at), delete on ${schema}.dead_letter to %I', a_role),
            format('grant insert (action, group_id, topic, partition, incarnation, from_offset, to_offset, reason)'
                   ' on ${schema}.audit_log to %I', a_role)];
    end if;
    foreach one in array grants loop
        execute one;
    end loop;
end
$body$;
comment on function ${schema}.grant_access(name, text) is 'Gives a role exactly the rights on this offset store that a writer (a consumer), an operator or a reader needs, in place of those it had. For the owner; run it again after each upgrade of the schema.';

revoke all on function
    ${schema}.fence_hand_made_move(),
    ${schema}.held_offset(text, text, integer, uuid, bigint),
    ${schema}.advance_offset(text, text, integer, uuid, bigint, bigint, integer, xid8),
    ${schema}.change_id(),
    ${schema}.set_cause(text, text, jsonb),
    ${schema}.check_binding(text, bigint[]),
    ${schema}.reset_offset(text, text, integer, bigint, text),
    ${schema}.undo_reset(bigint, text),
    ${schema}.rebind_topic(text, text, text, text, bigint[], text),
    ${schema}.bind_topic(text, text, text, text, bigint[], text),
    ${schema}.pause(text, text, integer, text),
    ${schema}.resume(text, text, integer, text),
    ${schema}.drop_dead_letter(text, bigint, text),
    ${schema}.delete_group(text, text, boolean),
    ${schema}.grant_access(name, text)
from public;

-- Consumers whose role was let in by hand before go on: they need these from now on, or had them by way of public.
do $body$
declare
    guest text;
begin
    for guest in
        select distinct case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
          from pg_namespace n cross join lateral aclexplode(n.nspacl) a
         where n.nspname = '${schema}' and a.privilege_type = 'USAGE' and a.grantee <> n.nspowner
    loop
        execute 'grant select on ${schema}.consumer_pause to ' || guest;
        execute 'grant execute on function ${schema}.change_id(),'
             || ' ${schema}.held_offset(text, text, integer, uuid, bigint),'
             || ' ${schema}.advance_offset(text, text, integer, uuid, bigint, bigint, integer, xid8) to ' || guest;
    end loop;
end
$body$;

update ${schema}.store_info set schema_version = 4;

-- An advance is known by a mark that it alone sets, so that everything else that moves an offset is a hand: whatever columns it sets
-- beside it, and if it deletes the row and inserts it again. And a topic is bound anew once, also by two who do it at once.

comment on column ${schema}.stored_offset.next_offset is 'Next offset to read: every record below it has taken effect. Updating it by hand is safe at any time, together with any other column: the running consumer is fenced and follows.';
comment on column ${schema}.stored_offset.owner_token is 'Random fencing token of the present claim; null while nobody owns the partition. One that is a UUID of version 8 tells that its owner marks its advances.';

-- The mark names the claim and the step, so that it says nothing of any other move in the same transaction.
create or replace function ${schema}.advance_offset(a_group text, a_topic text, a_partition integer, a_token uuid, a_previous bigint,
                                                    a_next bigint, a_leader_epoch integer, a_transaction xid8)
    returns table (topic text, partition integer)
    language sql volatile
    set enable_seqscan = off set enable_bitmapscan = off set search_path = pg_catalog, pg_temp
as $body$
    update ${schema}.stored_offset o
       set next_offset = a_next, leader_epoch = a_leader_epoch, progress_epoch = o.owner_epoch,
           updated_at = case when set_config('tidemark.advance', concat_ws(' ', o.owner_token, o.next_offset, a_next), true) <> ''
                             then clock_timestamp() end
     where o.group_id = a_group and o.topic = a_topic and o.partition = a_partition
       and o.owner_token = a_token and o.next_offset = a_previous and a_next >= a_previous
       and pg_current_xact_id() = a_transaction
    returning o.topic, o.partition
$body$;

create or replace function ${schema}.fence_hand_made_move() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    cause   constant text := coalesce(nullif(current_setting('tidemark.action', true), ''), 'hand_made_move');
    why     constant text := nullif(current_setting('tidemark.reason', true), '');
    more    constant jsonb := nullif(current_setting('tidemark.details', true), '')::jsonb;
    renamed constant boolean := (old.group_id, old.topic, old.partition) is distinct from (new.group_id, new.topic, new.partition);
begin
    -- Consumers of the version before, which run on during an upgrade, do not mark their advances: what they do is told from a hand's
    -- as it was before, by going forward and setting updated_at.
    if cause = 'hand_made_move' and not renamed
            and substr(old.owner_token::text, 15, 1) = '4' and old.claimed_at is not null
            and new.owner_token = old.owner_token and new.owner_epoch = old.owner_epoch and new.progress_epoch = old.owner_epoch
            and new.next_offset >= old.next_offset and new.updated_at <> old.updated_at then
        return new;
    end if;
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
    -- Of the topic that is bound now: another of its name will not be read again.
    update ${schema}.dead_letter d
       set superseded_at = case when d.record_offset >= new.next_offset then clock_timestamp() end
      from ${schema}.topic_binding b
     where b.group_id = new.group_id and b.topic = new.topic and d.incarnation = b.incarnation
       and d.group_id = new.group_id and d.topic = new.topic and d.partition = new.partition
       and case when renamed or new.next_offset < old.next_offset
                then d.record_offset >= new.next_offset and d.superseded_at is null
                else d.record_offset >= old.next_offset and d.record_offset < new.next_offset
                     and d.superseded_at is not null end;
    -- Whoever moves the offset has dealt with the record that killed.
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

-- Kept short, as every advance evaluates it.
create or replace trigger fence_hand_made_move
    before update of next_offset, group_id, topic, partition on ${schema}.stored_offset
    for each row
    when (current_setting('tidemark.advance', true) is distinct from concat_ws(' ', old.owner_token, old.next_offset, new.next_offset))
    execute function ${schema}.fence_hand_made_move();
comment on trigger fence_hand_made_move on ${schema}.stored_offset is 'Makes UPDATE ... SET next_offset safe while consumers run: all but a consumer''s own advance fences and is written down.';

-- Consumers give rows to partitions that their topic was not bound for yet, and delete none; the operator's functions write down
-- themselves what they do.
create function ${schema}.note_hand_made_row() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    bound ${schema}.topic_binding;
begin
    if tg_op = 'TRUNCATE' then
        insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset)
        select 'hand_made_move', o.group_id, o.topic, o.partition, b.incarnation, o.next_offset
          from ${schema}.stored_offset o left join ${schema}.topic_binding b using (group_id, topic)
         order by o.group_id, o.topic, o.partition;
        return null;
    end if;
    if tg_op = 'DELETE' then
        insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset)
        values ('hand_made_move', old.group_id, old.topic, old.partition,
                (select b.incarnation from ${schema}.topic_binding b where b.group_id = old.group_id and b.topic = old.topic),
                old.next_offset);
        return null;
    end if;
    select b.* into bound from ${schema}.topic_binding b where b.group_id = new.group_id and b.topic = new.topic;
    if new.partition >= bound.partitions then
        return null;
    end if;
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, to_offset)
    values ('hand_made_move', new.group_id, new.topic, new.partition, bound.incarnation, new.next_offset);
    update ${schema}.dead_letter d set superseded_at = clock_timestamp()
     where d.group_id = new.group_id and d.topic = new.topic and d.partition = new.partition
       and d.incarnation = bound.incarnation and d.record_offset >= new.next_offset and d.superseded_at is null;
    update ${schema}.partition_state s set suspect_offset = null, suspect_attempts = 0
     where s.group_id = new.group_id and s.topic = new.topic and s.partition = new.partition
       and s.suspect_offset is not null;
    return null;
end
$body$;
comment on function ${schema}.note_hand_made_row() is 'Writes down that a row of stored_offset was deleted, or inserted for a partition that was bound before, by hand.';
revoke all on function ${schema}.note_hand_made_row() from public;

create trigger note_hand_made_row
    after insert or delete on ${schema}.stored_offset
    for each row
    when (coalesce(current_setting('tidemark.action', true), '') = '')
    execute function ${schema}.note_hand_made_row();
comment on trigger note_hand_made_row on ${schema}.stored_offset is 'An offset that is moved by DELETE and INSERT is written down, too.';

create trigger note_hand_made_truncate
    before truncate on ${schema}.stored_offset
    for each statement
    execute function ${schema}.note_hand_made_row();
comment on trigger note_hand_made_truncate on ${schema}.stored_offset is 'Writes down where everybody stood before all offsets were removed.';

-- A row that is copied back whole brings the token of its former owner along.
create function ${schema}.fence_inserted_row() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp
as $body$
begin
    new.owner_token := null;
    new.owner_name := null;
    return new;
end
$body$;
comment on function ${schema}.fence_inserted_row() is 'Takes the owner out of a row that is inserted: only a claim makes one.';
revoke all on function ${schema}.fence_inserted_row() from public;

create trigger fence_inserted_row
    before insert on ${schema}.stored_offset
    for each row
    when (new.owner_token is not null)
    execute function ${schema}.fence_inserted_row();
comment on trigger fence_inserted_row on ${schema}.stored_offset is 'A row that is inserted has no owner, whatever it was copied from.';

-- As before, but for rows that were inserted by hand: there is no offset to go back to.

create or replace function ${schema}.undo_reset(a_change bigint, a_reason text default null)
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
         where a.change_id = a_change and a.action in ('reset', 'undo', 'hand_made_move') and a.from_offset is not null
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

-- A rebind is refused where another came first: one that was under way at the same time, or one to the very same topic.

create or replace function ${schema}.rebind_topic(a_group text, a_topic text, a_cluster_id text, a_topic_id text, a_offsets bigint[],
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
    -- Looked at under the lock: what was read since the first of two rebinds must not be moved back by the second.
    if bound.incarnation is distinct from found_incarnation
            or bound.incarnation > 1 and a_topic_id is not null
               and (bound.cluster_id, bound.topic_id) = (a_cluster_id, a_topic_id) then
        select a.change_id, a.by_role into rebound from ${schema}.audit_log a
         where a.group_id = a_group and a.topic = a_topic and a.action = 'rebind' and a.partition is null
           and a.incarnation = bound.incarnation
         order by a.id desc limit 1;
        raise exception 'topic % of group % was bound anew already%, to id % of cluster %: nothing was moved', a_topic, a_group,
              case when rebound.change_id is not null
                   then format(', by %s in change %s', rebound.by_role, rebound.change_id) else '' end,
              coalesce(bound.topic_id, '(none)'), bound.cluster_id
              using errcode = '55000', hint = 'Its consumers may have read on since then. To move its offsets all the same, reset them.';
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
    -- What was seen of the other topic says nothing of this one.
    delete from ${schema}.log_end e where e.group_id = a_group and e.topic = a_topic;
    delete from ${schema}.partition_state s where s.group_id = a_group and s.topic = a_topic;
    return bound.incarnation + 1;
end
$body$;
comment on function ${schema}.rebind_topic(text, text, text, text, bigint[], text) is 'Says what a group''s offsets for a topic mean from now on, after it was created again or moved to another cluster: which cluster and topic, and the next offset of each partition, in their order. Answers the new incarnation. Works while consumers run: all owners are fenced and follow. Dead letters stay, as those of the topic before. Refuses where another rebind was faster, or bound that very topic before.';

-- As before, but that they say what they are while they insert and delete offsets.

create or replace function ${schema}.bind_topic(a_group text, a_topic text, a_cluster_id text, a_topic_id text, a_offsets bigint[],
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

create or replace function ${schema}.delete_group(a_group text, a_reason text default null, a_force boolean default false) returns integer
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

comment on column ${schema}.audit_log.action is 'What happened. reset, undo: an offset was moved by the function of that name; hand_made_move: by plain SQL, also by deleting or inserting its row; rebind, bind: offsets were given another meaning, or their first one; pause, resume, delete: as the functions; gap: lost records were passed over; skip, park: a failing record was passed over or put into dead_letter; redrive: a dead letter was applied after all; drop: it was given up.';

update ${schema}.store_info set schema_version = 5;

-- The audit log; the triggers that fence the owner of an offset that is moved manually, and write the move to the log; and the
-- two statements of a consumer that the triggers let pass.

create sequence ${schema}.change_id_seq as bigint;
comment on sequence ${schema}.change_id_seq is 'Source of the numbers that change_id() returns.';

-- The setting ends with the transaction; it includes the transaction's id, so that a value left over in a pooled session is ignored.
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
comment on function ${schema}.change_id() is 'The number that all audit rows of the current transaction share. Writes nothing but the sequence.';

create table ${schema}.audit_log (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default clock_timestamp(),
    action      text    not null,
    group_id    text    not null,
    topic       text,
    partition   integer,
    from_offset bigint,
    to_offset   bigint,
    by_role     text    not null default session_user,
    by_client   text    not null default current_setting('application_name'),
    reason      text,
    change_id   bigint  not null default ${schema}.change_id(),
    incarnation integer,
    details     jsonb
);
create index audit_log_group on ${schema}.audit_log (group_id, id);
create index audit_log_change on ${schema}.audit_log (change_id);
create index audit_log_undoes on ${schema}.audit_log ((details ->> 'undoes')) where action = 'undo';
comment on table  ${schema}.audit_log             is 'Every change of a position other than by processing records, and what was paused, bound or deleted; who, when, why, from where and to where.';
comment on column ${schema}.audit_log.id          is 'Grows with each row.';
comment on column ${schema}.audit_log.at          is 'When, by the server''s clock.';
comment on column ${schema}.audit_log.action      is 'What happened. reset, undo: an offset was moved by the function of that name; manual_move: by plain SQL, including deleting or inserting its row; rebind, bind: offsets were bound to another topic, or for the first time; pause, resume, delete: as the functions; gap: lost records were skipped; skip, park: a failing record was skipped or moved to dead_letter; redrive: a dead letter was applied; drop: it was discarded.';
comment on column ${schema}.audit_log.group_id    is 'Kafka consumer group (group.id).';
comment on column ${schema}.audit_log.topic       is 'Topic name; null where the row is about the whole group.';
comment on column ${schema}.audit_log.partition   is 'Partition number; null where the row is about the whole topic or group.';
comment on column ${schema}.audit_log.from_offset is 'next_offset before; null where there was none, or none applies.';
comment on column ${schema}.audit_log.to_offset   is 'next_offset after; null where there is none left, or none applies.';
comment on column ${schema}.audit_log.by_role     is 'The database role that logged in.';
comment on column ${schema}.audit_log.by_client   is 'application_name of the session.';
comment on column ${schema}.audit_log.reason      is 'Why, as the operator or the library stated it.';
comment on column ${schema}.audit_log.change_id   is 'Shared by all rows of one transaction: what undo_reset() undoes together.';
comment on column ${schema}.audit_log.incarnation is 'Which topic of that name, as in topic_binding; null where that is unknown or the row is about no topic.';
comment on column ${schema}.audit_log.details     is 'Details, by action. rebind, bind: the ids before and after; undo: which change it undoes; delete: what was deleted with it. Null if there is nothing more.';

-- Moves are fenced and audited in one place, the trigger. The operator functions set the cause while they move offsets.
-- They cast the arguments to exactly these types, so that an overload created by another role in this schema is never chosen.
create function ${schema}.set_cause(a_action text, a_reason text, a_details jsonb) returns void
    language plpgsql volatile set search_path = pg_catalog, pg_temp
as $body$
begin
    perform set_config('tidemark.action', coalesce(a_action, ''), true),
            set_config('tidemark.reason', coalesce(a_reason, ''), true),
            set_config('tidemark.details', coalesce(a_details::text, ''), true);
end
$body$;
comment on function ${schema}.set_cause(text, text, jsonb) is 'Tells the trigger of stored_offset why offsets move, until the next call or the end of the transaction. For the operator functions.';

create function ${schema}.fence_manual_move() returns trigger
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
    -- Only those of the topic that is bound now: an earlier topic of that name will not be read again.
    update ${schema}.dead_letter d
       set superseded_at = case when d.record_offset >= new.next_offset then clock_timestamp() end
      from ${schema}.topic_binding b
     where b.group_id = new.group_id and b.topic = new.topic and d.incarnation = b.incarnation
       and d.group_id = new.group_id and d.topic = new.topic and d.partition = new.partition
       and case when renamed or new.next_offset < old.next_offset
                then d.record_offset >= new.next_offset and d.superseded_at is null
                else d.record_offset >= old.next_offset and d.record_offset < new.next_offset
                     and d.superseded_at is not null end;
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
comment on function ${schema}.fence_manual_move() is 'Fences the owner of a partition whose next_offset was updated by plain SQL or by an operator function, and writes the move to audit_log.';

-- Kept short, since every advance evaluates it.
create trigger fence_manual_move
    before update of next_offset, group_id, topic, partition on ${schema}.stored_offset
    for each row
    when (current_setting('tidemark.advance', true) is distinct from concat_ws(' ', old.owner_token, old.next_offset, new.next_offset))
    execute function ${schema}.fence_manual_move();
comment on trigger fence_manual_move on ${schema}.stored_offset is 'Makes UPDATE ... SET next_offset safe while consumers run: everything but a consumer''s own advance fences the owner and is audited.';

-- Consumers insert rows only for partitions that were not bound before, and delete none; the operator functions write to the audit
-- log themselves.
create function ${schema}.note_manual_row() returns trigger
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
        return null;
    end if;
    if tg_op = 'DELETE' then
        insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, from_offset)
        values ('manual_move', old.group_id, old.topic, old.partition,
                (select b.incarnation from ${schema}.topic_binding b where b.group_id = old.group_id and b.topic = old.topic),
                old.next_offset);
        return null;
    end if;
    select b.* into bound from ${schema}.topic_binding b where b.group_id = new.group_id and b.topic = new.topic;
    if new.partition >= bound.partitions then
        return null;
    end if;
    insert into ${schema}.audit_log (action, group_id, topic, partition, incarnation, to_offset)
    values ('manual_move', new.group_id, new.topic, new.partition, bound.incarnation, new.next_offset);
    update ${schema}.dead_letter d set superseded_at = clock_timestamp()
     where d.group_id = new.group_id and d.topic = new.topic and d.partition = new.partition
       and d.incarnation = bound.incarnation and d.record_offset >= new.next_offset and d.superseded_at is null;
    update ${schema}.partition_state s set suspect_offset = null, suspect_attempts = 0
     where s.group_id = new.group_id and s.topic = new.topic and s.partition = new.partition
       and s.suspect_offset is not null;
    return null;
end
$body$;
comment on function ${schema}.note_manual_row() is 'Audits rows of stored_offset that were deleted by plain SQL, or inserted for a partition that had been bound before.';

create trigger note_manual_row
    after insert or delete on ${schema}.stored_offset
    for each row
    when (coalesce(current_setting('tidemark.action', true), '') = '')
    execute function ${schema}.note_manual_row();
comment on trigger note_manual_row on ${schema}.stored_offset is 'Audits an offset that is moved by DELETE and INSERT.';

create trigger note_manual_truncate
    before truncate on ${schema}.stored_offset
    for each statement
    execute function ${schema}.note_manual_row();
comment on trigger note_manual_truncate on ${schema}.stored_offset is 'Audits every stored offset before all of them are removed.';

-- A complete row that is copied back still has the token of its former owner.
create function ${schema}.fence_inserted_row() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp
as $body$
begin
    new.owner_token := null;
    new.owner_name := null;
    return new;
end
$body$;
comment on function ${schema}.fence_inserted_row() is 'Removes the owner from a row that is inserted: only a claim sets one.';

create trigger fence_inserted_row
    before insert on ${schema}.stored_offset
    for each row
    when (new.owner_token is not null)
    execute function ${schema}.fence_inserted_row();
comment on trigger fence_inserted_row on ${schema}.stored_offset is 'An inserted row has no owner, whatever it was copied from.';

-- A consumer's two statements for one partition in a SERIALIZABLE transaction. There a reader leaves predicate locks behind, and the
-- planner scans so small a table sequentially, so that every transaction would conflict with every other. The planner settings belong
-- to the functions and end with them; set in the transaction, they would change the plans of the handler's own statements.

create function ${schema}.held_offset(a_group text, a_topic text, a_partition integer, a_token uuid, a_previous bigint)
    returns table (topic text, partition integer)
    language sql stable
    set enable_seqscan = off set enable_bitmapscan = off set search_path = pg_catalog, pg_temp
as $body$
    select o.topic, o.partition from ${schema}.stored_offset o
     where o.group_id = a_group and o.topic = a_topic and o.partition = a_partition
       and o.owner_token = a_token and o.next_offset = a_previous
$body$;
comment on function ${schema}.held_offset(text, text, integer, uuid, bigint) is 'The partition, if the claim still holds at that offset; found by its primary key whatever the planner would choose.';

-- tidemark.advance names the claim and the step, so that it does not cover any other move in the same transaction.
create function ${schema}.advance_offset(a_group text, a_topic text, a_partition integer, a_token uuid, a_previous bigint,
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
comment on function ${schema}.advance_offset(text, text, integer, uuid, bigint, bigint, integer, xid8) is 'Moves one claimed partition forward inside that transaction, as its last statement; returns no row if the claim no longer holds. Runs with the rights of the caller.';

update ${schema}.store_info set schema_version = 2;

-- How many records in a row were parked or skipped is stored with the offset, in the transaction that gives one up: a count in the
-- process would begin again with each restart, and with each owner. A library that does not know the columns leaves them as they are.

alter table ${schema}.stored_offset
    add column given_up_in_row   integer not null default 0,
    add column given_up_unproven integer not null default 0,
    add column given_up_offset   bigint;
comment on column ${schema}.stored_offset.given_up_in_row   is 'How many records in a row were parked or skipped since one took effect. A manual move sets it to 0.';
comment on column ${schema}.stored_offset.given_up_unproven is 'How many were parked or skipped, with nothing but their failure to show that it was theirs, since one had an effect. A manual move sets it to 0.';
comment on column ${schema}.stored_offset.given_up_offset   is 'The last record that these count; null if they count none.';

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
    -- Whoever moves an offset has looked at what happened there.
    new.given_up_in_row := 0;
    new.given_up_unproven := 0;
    new.given_up_offset := null;
    new.updated_at := clock_timestamp();
    return new;
end
$body$;

create or replace function ${schema}.grant_access(a_role name, a_kind text) returns void
    language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $body$
declare
    relations constant text := '${schema}.store_info, ${schema}.topic_binding, ${schema}.stored_offset, ${schema}.log_end,'
        ' ${schema}.partition_state, ${schema}.audit_log, ${schema}.consumer_pause,'
        ' ${schema}.consumer_lag, ${schema}.consumer_group, ${schema}.dead_letter_summary';
    -- What a dead letter holds of its record, and what the failed handler said, may be confidential.
    without_contents constant text := 'id, group_id, topic, incarnation, partition, record_offset, timestamp_ms, timestamp_type,'
        ' holds_key, error_code, error_class, attempts, parked_by, parked_at, superseded_at, read_again_at';
    writers constant text := '${schema}.change_id(), ${schema}.held_offset(text, text, integer, uuid, bigint),'
        ' ${schema}.advance_offset(text, text, integer, uuid, bigint, bigint, integer, xid8)';
    operators constant text := '${schema}.reset_offset(text, text, integer, bigint, text), ${schema}.undo_reset(bigint, text),'
        ' ${schema}.rebind_topic(text, text, text, text, bigint[], text),'
        ' ${schema}.bind_topic(text, text, text, text, bigint[], text),'
        ' ${schema}.pause(text, text, integer, text), ${schema}.resume(text, text, integer, text),'
        ' ${schema}.drop_dead_letter(text, bigint, text), ${schema}.delete_group(text, text, boolean)';
    owners constant text := '${schema}.fence_manual_move(), ${schema}.set_cause(text, text, jsonb),'
        ' ${schema}.check_binding(text, bigint[]), ${schema}.grant_access(name, text),'
        ' ${schema}.note_manual_row(), ${schema}.fence_inserted_row()';
    grants text[];
    one text;
begin
    if a_kind is null or a_kind not in ('writer', 'operator', 'reader') then
        raise exception 'invalid kind %: it must be writer, operator or reader', a_kind using errcode = '22023';
    end if;
    if not exists (select from pg_roles r where r.rolname = a_role) then
        raise exception 'role % does not exist', a_role using errcode = '22023';
    end if;
    if a_role = current_user then
        raise exception 'role % owns the offset store and has all rights already', a_role using errcode = '22023';
    end if;
    grants := array[
        format('revoke all on %s, ${schema}.dead_letter from %I', relations, a_role),
        format('revoke all on function %s, %s, %s from %I', writers, operators, owners, a_role),
        -- A role that may create functions in this schema could make others run them.
        format('revoke all on schema ${schema} from %I', a_role),
        format('grant usage on schema ${schema} to %I', a_role),
        format('grant select on %s to %I', relations, a_role),
        case when a_kind = 'reader'
             then format('grant select (%s) on ${schema}.dead_letter to %I', without_contents, a_role)
             else format('grant select on ${schema}.dead_letter to %I', a_role) end];
    if a_kind = 'operator' then
        grants := grants || format('grant execute on function %s to %I', operators, a_role);
    elsif a_kind = 'writer' then
        -- By column: what the library writes, but not the ids that offsets belong to, nor who wrote an audit row.
        grants := grants || array[
            format('grant execute on function %s to %I', writers, a_role),
            format('grant insert (group_id, topic, cluster_id, topic_id, partitions), update (partitions)'
                   ' on ${schema}.topic_binding to %I', a_role),
            format('grant insert (group_id, topic, partition, next_offset),'
                   ' update (next_offset, leader_epoch, owner_token, owner_epoch, progress_epoch, owner_name, claimed_at, updated_at,'
                   ' given_up_in_row, given_up_unproven, given_up_offset)'
                   ' on ${schema}.stored_offset to %I', a_role),
            format('grant insert (group_id, topic, partition, log_start, log_end), update (log_start, log_end, sampled_at)'
                   ' on ${schema}.log_end to %I', a_role),
            format('grant insert (group_id, topic, partition, halted_at, error_code, error_text, suspect_offset, suspect_attempts,'
                   ' waiting_since, waiting_epoch, waiting_code, waiting_text),'
                   ' update (halted_at, error_code, error_text, suspect_offset, suspect_attempts,'
                   ' waiting_since, waiting_epoch, waiting_code, waiting_text)'
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

-- Consumers need the right to write these columns before grant_access is called again.
do $body$
declare
    one text;
begin
    for one in
        select distinct case when a.grantee = 0 then 'public' else a.grantee::regrole::text end
          from pg_attribute t cross join lateral aclexplode(t.attacl) a
         where t.attrelid = '${schema}.stored_offset'::regclass and t.attname = 'next_offset' and a.privilege_type = 'UPDATE'
    loop
        execute format('grant update (given_up_in_row, given_up_unproven, given_up_offset) on ${schema}.stored_offset to %s', one);
    end loop;
end
$body$;

update ${schema}.store_info set schema_version = 9;

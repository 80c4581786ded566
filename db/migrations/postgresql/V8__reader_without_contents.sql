-- A reader, such as a dashboard, no longer sees the contents of dead letters. Run grant_access again for each reader.

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
                   ' update (next_offset, leader_epoch, owner_token, owner_epoch, progress_epoch, owner_name, claimed_at, updated_at)'
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

update ${schema}.store_info set schema_version = 8;

-- Records that could not be applied, and why partitions stand still.

create table ${schema}.dead_letter (
    id             bigint generated always as identity primary key,
    group_id       text    not null,
    topic          text    not null,
    incarnation    integer not null,
    partition      integer not null check (partition >= 0),
    record_offset  bigint  not null check (record_offset >= 0),
    timestamp_ms   bigint  not null,
    timestamp_type text    not null,
    key            bytea,
    value          bytea,
    header_keys    text[]  not null default '{}',
    header_values  bytea[] not null default '{}',
    key_hash       bytea generated always as (sha256(key)) stored,
    holds_key      boolean not null default false,
    error_code     text,
    error_class    text,
    error_message  text,
    error_stack    text,
    attempts       integer not null,
    parked_by      text    not null,
    parked_at      timestamptz not null default clock_timestamp(),
    superseded_at  timestamptz,
    unique (group_id, topic, incarnation, partition, record_offset)
);
create index dead_letter_held_key on ${schema}.dead_letter (group_id, topic, partition, key_hash)
    where holds_key and superseded_at is null;
comment on table  ${schema}.dead_letter                is 'Records that were parked: raw, with the error. Written in the transaction that moved the offset beyond them; removed in the one that applies them after all.';
comment on column ${schema}.dead_letter.id             is 'Names the dead letter; grows with each one.';
comment on column ${schema}.dead_letter.group_id       is 'Kafka consumer group (group.id).';
comment on column ${schema}.dead_letter.topic          is 'Topic name.';
comment on column ${schema}.dead_letter.incarnation    is 'Which topic of that name, as in topic_binding when it was parked.';
comment on column ${schema}.dead_letter.partition      is 'Partition number, from 0.';
comment on column ${schema}.dead_letter.record_offset  is 'The record''s own offset.';
comment on column ${schema}.dead_letter.timestamp_ms   is 'The record''s timestamp in milliseconds since 1970, as Kafka has it; -1 where it has none.';
comment on column ${schema}.dead_letter.timestamp_type is 'What the timestamp means: CreateTime, LogAppendTime or NoTimestampType.';
comment on column ${schema}.dead_letter.key            is 'The key''s bytes, untouched; null where the record has none.';
comment on column ${schema}.dead_letter.value          is 'The value''s bytes, untouched; null for a tombstone.';
comment on column ${schema}.dead_letter.header_keys    is 'The headers'' names in order; zero characters, which text cannot hold, are replaced by U+FFFD.';
comment on column ${schema}.dead_letter.header_values  is 'The headers'' values in the same order, untouched.';
comment on column ${schema}.dead_letter.key_hash       is 'SHA-256 of the key, to find the dead letters of a key.';
comment on column ${schema}.dead_letter.holds_key      is 'Whether later records of the same key are parked behind this one, so that the key''s order survives.';
comment on column ${schema}.dead_letter.error_code     is 'Why it was parked, such as TM-502; null where it only followed a parked record of its key.';
comment on column ${schema}.dead_letter.error_class    is 'Class of the exception; null where it only followed.';
comment on column ${schema}.dead_letter.error_message  is 'The exception''s message, which may hold data; null where it has none.';
comment on column ${schema}.dead_letter.error_stack    is 'The exception''s stack trace, cut after 64 KiB; null where it only followed.';
comment on column ${schema}.dead_letter.attempts       is 'How often the record was tried by itself; 0 where it only followed.';
comment on column ${schema}.dead_letter.parked_by      is 'owner_name of the consumer that parked it.';
comment on column ${schema}.dead_letter.parked_at      is 'When, by the server''s clock.';
comment on column ${schema}.dead_letter.superseded_at  is 'When the stored offset was moved back below this record, so that it is read again from the log and must not be redriven as well; null otherwise. Moving the offset on again, beyond it, takes that back.';

create table ${schema}.partition_state (
    group_id         text    not null,
    topic            text    not null,
    partition        integer not null check (partition >= 0),
    halted_at        timestamptz,
    error_code       text,
    error_text       text,
    suspect_offset   bigint,
    suspect_attempts integer not null default 0,
    primary key (group_id, topic, partition)
);
comment on table  ${schema}.partition_state                  is 'Why a partition stands still, and which record is suspected of killing its process. Off the hot row.';
comment on column ${schema}.partition_state.group_id         is 'Kafka consumer group (group.id).';
comment on column ${schema}.partition_state.topic            is 'Topic name.';
comment on column ${schema}.partition_state.partition        is 'Partition number, from 0.';
comment on column ${schema}.partition_state.halted_at        is 'When its owner halted it; null while it runs. Cleared by the next claim.';
comment on column ${schema}.partition_state.error_code       is 'Why it halted, such as TM-502; null while it runs.';
comment on column ${schema}.partition_state.error_text       is 'The same in words, without any record''s content; null while it runs.';
comment on column ${schema}.partition_state.suspect_offset   is 'The record that was being tried when processes died; null if there was none.';
comment on column ${schema}.partition_state.suspect_attempts is 'How many processes have begun to try that record; the third that dies of it makes the partition halt (TM-504).';

-- As in V1, and: what was parked at or above an offset that is moved back will be read again, so it must not be redriven as well,
-- unless the offset is moved on again before that.
create or replace function ${schema}.fence_hand_made_move() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $body$
begin
    insert into ${schema}.audit_log (action, group_id, topic, partition, from_offset, to_offset)
    values ('hand_made_move', old.group_id, old.topic, old.partition, old.next_offset, new.next_offset);
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
comment on function ${schema}.fence_hand_made_move() is 'Fences the owner of a partition whose next_offset was updated by hand, and writes down who did it.';

comment on column ${schema}.audit_log.action is 'What happened. hand_made_move: next_offset was updated by plain SQL; gap: lost records were passed over; skip, park: a failing record was passed over or put into dead_letter; redrive: a dead letter was applied after all; drop: it was given up.';

update ${schema}.store_info set schema_version = 2;

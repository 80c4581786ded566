-- The tables of the offset store. The schema itself exists already: TidemarkSchema.migrate, or your own Flyway with the
-- placeholder "schema", creates it.

create table ${schema}.store_info (
    only_row       boolean primary key default true check (only_row),
    store_id       uuid    not null default gen_random_uuid(),
    schema_version integer not null,
    min_protocol   integer not null
);
comment on table  ${schema}.store_info                is 'One row: which store this is, and which library versions may write to it.';
comment on column ${schema}.store_info.only_row       is 'Always true; its primary key keeps the table at one row.';
comment on column ${schema}.store_info.store_id       is 'Random identity of this store, created with the schema; a restore copies it.';
comment on column ${schema}.store_info.schema_version is 'Newest migration applied; a library that needs a newer one refuses to start (TM-203).';
comment on column ${schema}.store_info.min_protocol   is 'Oldest protocol that may write; a library with an older one refuses to start (TM-202).';

insert into ${schema}.store_info (schema_version, min_protocol) values (1, 1);

create table ${schema}.topic_binding (
    group_id    text    not null,
    topic       text    not null,
    cluster_id  text    not null,
    topic_id    text,
    incarnation integer not null default 1,
    partitions  integer not null check (partitions >= 0),
    bound_at    timestamptz not null default clock_timestamp(),
    primary key (group_id, topic)
);
comment on table  ${schema}.topic_binding             is 'What the offsets of a group refer to: which cluster and which topic, by id and not only by name.';
comment on column ${schema}.topic_binding.group_id    is 'Kafka consumer group (group.id).';
comment on column ${schema}.topic_binding.topic       is 'Topic name.';
comment on column ${schema}.topic_binding.cluster_id  is 'Id of the Kafka cluster that the offsets belong to.';
comment on column ${schema}.topic_binding.topic_id    is 'Id of the topic as kafka-topics --describe prints it; null if the brokers give topics no id.';
comment on column ${schema}.topic_binding.incarnation is 'Counts up with each rebind to a re-created topic, from 1.';
comment on column ${schema}.topic_binding.partitions  is 'Partitions bound so far; each below this number has a row in stored_offset.';
comment on column ${schema}.topic_binding.bound_at    is 'When the group first read the topic.';

-- Updated constantly: no index besides the primary key, and free space on each page, so that every update stays heap-only (HOT).
create table ${schema}.stored_offset (
    group_id       text    not null,
    topic          text    not null,
    partition      integer not null check (partition >= 0),
    next_offset    bigint  not null check (next_offset >= 0),
    leader_epoch   integer,
    owner_token    uuid,
    owner_epoch    bigint  not null default 0,
    progress_epoch bigint  not null default 0,
    owner_name     text,
    claimed_at     timestamptz,
    updated_at     timestamptz not null default clock_timestamp(),
    primary key (group_id, topic, partition),
    foreign key (group_id, topic) references ${schema}.topic_binding
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
comment on table  ${schema}.stored_offset                is 'The stored offset of each group in each partition. Moves in the transaction that holds the records'' effects.';
comment on column ${schema}.stored_offset.group_id       is 'Kafka consumer group (group.id).';
comment on column ${schema}.stored_offset.topic          is 'Topic name.';
comment on column ${schema}.stored_offset.partition      is 'Partition number, from 0.';
comment on column ${schema}.stored_offset.next_offset    is 'Next offset to read: every record below it has taken effect. Updating it with plain SQL is safe at any time, together with any other column: the running consumer is fenced and follows.';
comment on column ${schema}.stored_offset.leader_epoch   is 'Leader epoch of the last record below next_offset, for Kafka''s truncation check; null where unknown.';
comment on column ${schema}.stored_offset.owner_token    is 'Random fencing token of the current claim; null while the partition has no owner.';
comment on column ${schema}.stored_offset.owner_epoch    is 'Counts up with every claim and every fence.';
comment on column ${schema}.stored_offset.progress_epoch is 'owner_epoch at the last advance or clean release; a growing distance means claims without progress.';
comment on column ${schema}.stored_offset.owner_name     is 'Who made the current claim, for people: host, process and consumer.';
comment on column ${schema}.stored_offset.claimed_at     is 'When the current claim was made, by the server''s clock.';
comment on column ${schema}.stored_offset.updated_at     is 'When next_offset last moved, by the server''s clock.';

create table ${schema}.log_end (
    group_id   text    not null,
    topic      text    not null,
    partition  integer not null,
    log_start  bigint  not null,
    log_end    bigint  not null,
    sampled_at timestamptz not null default clock_timestamp(),
    primary key (group_id, topic, partition)
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 10000);
comment on table  ${schema}.log_end            is 'Start and end of each partition''s log as its owner sampled them every few seconds, so that plain SQL can compute lag.';
comment on column ${schema}.log_end.group_id   is 'Kafka consumer group (group.id).';
comment on column ${schema}.log_end.topic      is 'Topic name.';
comment on column ${schema}.log_end.partition  is 'Partition number, from 0.';
comment on column ${schema}.log_end.log_start  is 'First offset that Kafka still held.';
comment on column ${schema}.log_end.log_end    is 'Offset after the last record that this group may read.';
comment on column ${schema}.log_end.sampled_at is 'When these ends were last seen (refreshed at most once a minute while they do not change).';

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
comment on table  ${schema}.dead_letter                is 'Parked records: raw, with the error. Written in the transaction that moves the offset beyond them; removed in the one that applies them later.';
comment on column ${schema}.dead_letter.id             is 'Identifies the dead letter; grows with each one.';
comment on column ${schema}.dead_letter.group_id       is 'Kafka consumer group (group.id).';
comment on column ${schema}.dead_letter.topic          is 'Topic name.';
comment on column ${schema}.dead_letter.incarnation    is 'Which topic of that name: the incarnation in topic_binding when the record was parked.';
comment on column ${schema}.dead_letter.partition      is 'Partition number, from 0.';
comment on column ${schema}.dead_letter.record_offset  is 'The record''s own offset.';
comment on column ${schema}.dead_letter.timestamp_ms   is 'The record''s timestamp in milliseconds since 1970, as Kafka has it; -1 if it has none.';
comment on column ${schema}.dead_letter.timestamp_type is 'What the timestamp means: CreateTime, LogAppendTime or NoTimestampType.';
comment on column ${schema}.dead_letter.key            is 'The key''s bytes, unchanged; null if the record has none.';
comment on column ${schema}.dead_letter.value          is 'The value''s bytes, unchanged; null for a tombstone.';
comment on column ${schema}.dead_letter.header_keys    is 'The headers'' names in order; zero characters, which text cannot hold, are replaced by U+FFFD.';
comment on column ${schema}.dead_letter.header_values  is 'The headers'' values in the same order, unchanged.';
comment on column ${schema}.dead_letter.key_hash       is 'SHA-256 of the key, to find the dead letters of a key.';
comment on column ${schema}.dead_letter.holds_key      is 'Whether later records of the same key are parked behind this one, so that the key''s order survives.';
comment on column ${schema}.dead_letter.error_code     is 'Why it was parked, such as TM-502; null if it only followed a parked record of its key.';
comment on column ${schema}.dead_letter.error_class    is 'Class of the exception; null if it only followed.';
comment on column ${schema}.dead_letter.error_message  is 'The exception''s message, which may hold data; null if it has none.';
comment on column ${schema}.dead_letter.error_stack    is 'The exception''s stack trace, cut after 64 KiB; null if it only followed.';
comment on column ${schema}.dead_letter.attempts       is 'How often the record was tried by itself; 0 if it only followed.';
comment on column ${schema}.dead_letter.parked_by      is 'owner_name of the consumer that parked it.';
comment on column ${schema}.dead_letter.parked_at      is 'When, by the server''s clock.';
comment on column ${schema}.dead_letter.superseded_at  is 'When the stored offset was moved back below this record, so that it is read again from the log and must not be redriven as well; null otherwise. Moving the offset beyond it again clears this.';

create table ${schema}.partition_state (
    group_id         text    not null,
    topic            text    not null,
    partition        integer not null check (partition >= 0),
    halted_at        timestamptz,
    error_code       text,
    error_text       text,
    suspect_offset   bigint,
    suspect_attempts integer not null default 0,
    waiting_since    timestamptz,
    waiting_epoch    bigint,
    waiting_code     text,
    waiting_text     text,
    primary key (group_id, topic, partition)
);
comment on table  ${schema}.partition_state                  is 'Why a partition is halted or waits, and which record is suspected of killing its process. Separate from stored_offset, which is updated constantly.';
comment on column ${schema}.partition_state.group_id         is 'Kafka consumer group (group.id).';
comment on column ${schema}.partition_state.topic            is 'Topic name.';
comment on column ${schema}.partition_state.partition        is 'Partition number, from 0.';
comment on column ${schema}.partition_state.halted_at        is 'When its owner halted it; null while it runs. Cleared by the next claim.';
comment on column ${schema}.partition_state.error_code       is 'Why it halted, such as TM-502; null while it runs.';
comment on column ${schema}.partition_state.error_text       is 'The same in words, without any record''s content; null while it runs.';
comment on column ${schema}.partition_state.suspect_offset   is 'The record that was being tried when processes died; null if there is none.';
comment on column ${schema}.partition_state.suspect_attempts is 'How many processes have begun to try that record; after the third that dies the partition halts (TM-504).';
comment on column ${schema}.partition_state.waiting_since    is 'Since when its owner waits, or retries the same records; null while it does not, and during the first seconds.';
comment on column ${schema}.partition_state.waiting_epoch    is 'owner_epoch of the claim that waits; the next claim ends the wait.';
comment on column ${schema}.partition_state.waiting_code     is 'Why it waits, such as TM-404; null while it does not.';
comment on column ${schema}.partition_state.waiting_text     is 'The same in words, without any record''s content; null while it does not.';

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
comment on table  ${schema}.consumer_pause           is 'What an operator has paused. Running consumers follow within seconds and keep their assignment.';
comment on column ${schema}.consumer_pause.group_id  is 'Kafka consumer group (group.id).';
comment on column ${schema}.consumer_pause.topic     is 'Topic name; null for the whole group.';
comment on column ${schema}.consumer_pause.partition is 'Partition number; null for the whole topic, or the whole group.';
comment on column ${schema}.consumer_pause.paused_at is 'When, by the server''s clock.';
comment on column ${schema}.consumer_pause.paused_by is 'The database role that logged in.';
comment on column ${schema}.consumer_pause.reason    is 'Why, as the operator stated it.';

-- The offset store. The schema itself is made by whoever runs this (TidemarkSchema.migrate, or your own Flyway with the
-- placeholder "schema").

create table ${schema}.store_info (
    only_row       boolean primary key default true check (only_row),
    store_id       uuid    not null default gen_random_uuid(),
    schema_version integer not null,
    min_protocol   integer not null
);
comment on table  ${schema}.store_info                is 'One row: which store this is, and which library versions may write to it.';
comment on column ${schema}.store_info.only_row       is 'Always true; its primary key keeps the table at one row.';
comment on column ${schema}.store_info.store_id       is 'Random identity of this store, made with the schema and copied by a restore.';
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
comment on table  ${schema}.topic_binding             is 'What the offsets of a group mean for a topic: which cluster and which topic, by id, not by name.';
comment on column ${schema}.topic_binding.group_id    is 'Kafka consumer group (group.id).';
comment on column ${schema}.topic_binding.topic       is 'Topic name.';
comment on column ${schema}.topic_binding.cluster_id  is 'Id of the Kafka cluster that the offsets belong to.';
comment on column ${schema}.topic_binding.topic_id    is 'Id of the topic as kafka-topics --describe prints it; null where the brokers give topics no id.';
comment on column ${schema}.topic_binding.incarnation is 'Counts up with each rebind to a re-created topic, from 1.';
comment on column ${schema}.topic_binding.partitions  is 'Partitions bound so far; each below this number has a row in stored_offset.';
comment on column ${schema}.topic_binding.bound_at    is 'When the group first met the topic.';

-- Updated all day: no index but the key, and room on each page, so that every update stays heap-only (HOT).
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
comment on table  ${schema}.stored_offset                is 'Where each group stands in each partition. Moves in the transaction that holds the records'' effects.';
comment on column ${schema}.stored_offset.group_id       is 'Kafka consumer group (group.id).';
comment on column ${schema}.stored_offset.topic          is 'Topic name.';
comment on column ${schema}.stored_offset.partition      is 'Partition number, from 0.';
comment on column ${schema}.stored_offset.next_offset    is 'Next offset to read: every record below it has taken effect. Updating it by hand is safe at any time: the running consumer is fenced and follows.';
comment on column ${schema}.stored_offset.leader_epoch   is 'Leader epoch of the last record below next_offset, for Kafka''s truncation check; null where unknown.';
comment on column ${schema}.stored_offset.owner_token    is 'Random fencing token of the present claim; null while nobody owns the partition.';
comment on column ${schema}.stored_offset.owner_epoch    is 'Counts up with every claim and every fence.';
comment on column ${schema}.stored_offset.progress_epoch is 'owner_epoch at the last advance or orderly release; a growing distance means claims without progress.';
comment on column ${schema}.stored_offset.owner_name     is 'Who made the present claim, for people: host, process and consumer.';
comment on column ${schema}.stored_offset.claimed_at     is 'When the present claim was made, by the server''s clock.';
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
comment on table  ${schema}.log_end            is 'The ends of each partition''s log as its owner saw them every few seconds: lag in plain SQL.';
comment on column ${schema}.log_end.group_id   is 'Kafka consumer group (group.id).';
comment on column ${schema}.log_end.topic      is 'Topic name.';
comment on column ${schema}.log_end.partition  is 'Partition number, from 0.';
comment on column ${schema}.log_end.log_start  is 'First offset that Kafka still held.';
comment on column ${schema}.log_end.log_end    is 'Offset after the last record that this group may read.';
comment on column ${schema}.log_end.sampled_at is 'When these ends were last seen to be so (refreshed at most once a minute while they stand still).';

create table ${schema}.audit_log (
    id          bigint generated always as identity primary key,
    at          timestamptz not null default clock_timestamp(),
    action      text    not null,
    group_id    text    not null,
    topic       text    not null,
    partition   integer,
    from_offset bigint,
    to_offset   bigint,
    by_role     text    not null default session_user,
    by_client   text    not null default current_setting('application_name'),
    reason      text
);
comment on table  ${schema}.audit_log             is 'Who moved a position otherwise than by processing records, when, and from where to where.';
comment on column ${schema}.audit_log.id          is 'Grows with each row.';
comment on column ${schema}.audit_log.at          is 'When, by the server''s clock.';
comment on column ${schema}.audit_log.action      is 'What happened; hand_made_move: next_offset was updated by plain SQL.';
comment on column ${schema}.audit_log.group_id    is 'Kafka consumer group (group.id).';
comment on column ${schema}.audit_log.topic       is 'Topic name.';
comment on column ${schema}.audit_log.partition   is 'Partition number; null where the whole topic was meant.';
comment on column ${schema}.audit_log.from_offset is 'next_offset before.';
comment on column ${schema}.audit_log.to_offset   is 'next_offset after.';
comment on column ${schema}.audit_log.by_role     is 'The database role that logged in.';
comment on column ${schema}.audit_log.by_client   is 'application_name of the session.';
comment on column ${schema}.audit_log.reason      is 'Why, as the person said it.';

-- Runs with the rights of the schema's owner, so that no role can move an offset without leaving a trace.
create function ${schema}.fence_hand_made_move() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $body$
begin
    insert into ${schema}.audit_log (action, group_id, topic, partition, from_offset, to_offset)
    values ('hand_made_move', old.group_id, old.topic, old.partition, old.next_offset, new.next_offset);
    new.owner_epoch := old.owner_epoch + 1;
    new.owner_token := null;
    new.owner_name := null;
    new.leader_epoch := null;
    new.updated_at := clock_timestamp();
    return new;
end
$body$;
comment on function ${schema}.fence_hand_made_move() is 'Fences the owner of a partition whose next_offset was updated by hand, and writes down who did it.';

-- An advance moves forward and sets updated_at; whatever moves otherwise is a hand.
create trigger fence_hand_made_move
    before update of next_offset on ${schema}.stored_offset
    for each row
    when (new.next_offset is distinct from old.next_offset
          and (new.next_offset < old.next_offset or new.updated_at is not distinct from old.updated_at))
    execute function ${schema}.fence_hand_made_move();
comment on trigger fence_hand_made_move on ${schema}.stored_offset is 'Makes UPDATE ... SET next_offset safe while consumers run.';

create view ${schema}.consumer_lag as
select o.group_id,
       o.topic,
       o.partition,
       o.next_offset                                              as stored_offset,
       e.log_start                                                as log_start_offset,
       e.log_end                                                  as log_end_offset,
       greatest(e.log_end - o.next_offset, 0)                     as lag,
       case when o.owner_token is not null then o.owner_name end  as owner,
       o.updated_at,
       e.sampled_at
from ${schema}.stored_offset o
left join ${schema}.log_end e using (group_id, topic, partition);
comment on view   ${schema}.consumer_lag                  is 'How far each group is behind, per partition. A stable interface: select from this rather than from the tables.';
comment on column ${schema}.consumer_lag.group_id         is 'Kafka consumer group (group.id).';
comment on column ${schema}.consumer_lag.topic            is 'Topic name.';
comment on column ${schema}.consumer_lag.partition        is 'Partition number, from 0.';
comment on column ${schema}.consumer_lag.stored_offset    is 'Next offset to read: every record below it has taken effect.';
comment on column ${schema}.consumer_lag.log_start_offset is 'First offset that Kafka still held when last sampled; null before the first sample.';
comment on column ${schema}.consumer_lag.log_end_offset   is 'Offset after the last readable record when last sampled; null before the first sample.';
comment on column ${schema}.consumer_lag.lag              is 'Records and gaps between the stored offset and the log end, as of sampled_at: while no consumer of the group runs, nobody samples. Null before the first sample.';
comment on column ${schema}.consumer_lag.owner            is 'Who claimed the partition last; null once it was given back. A process that was killed stays named until another claims.';
comment on column ${schema}.consumer_lag.updated_at       is 'When the stored offset last moved.';
comment on column ${schema}.consumer_lag.sampled_at       is 'When the log ends were last sampled; older than two minutes means that no consumer of the group runs.';

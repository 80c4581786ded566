-- What an operator asks about one group reads the rows of that group only, however large the store is. stored_offset and log_end get no
-- index, so that their updates stay heap-only; dead letters and audit rows are rare. Whoever has millions of those builds these indexes
-- beforehand, with CREATE INDEX CONCURRENTLY: here, nothing can be parked or audited until they are complete.

-- By topic, and nothing else: equal entries are stored once, so that a count reads little.
create index if not exists dead_letter_live       on ${schema}.dead_letter (group_id, topic) where superseded_at is null;
create index if not exists dead_letter_superseded on ${schema}.dead_letter (group_id, topic, incarnation, partition, record_offset)
    where superseded_at is not null;
create index if not exists dead_letter_group      on ${schema}.dead_letter (group_id, id);
create index if not exists dead_letter_topic      on ${schema}.dead_letter (group_id, topic, id);
create index if not exists dead_letter_code       on ${schema}.dead_letter (group_id, error_code, id);

-- For dead_letter_summary, without a look at the records. An index entry has no room for a long error beside a long name of a group:
-- the row could not be parked.
create index if not exists dead_letter_cause on ${schema}.dead_letter (group_id, topic, partition, error_code, error_class)
    include (record_offset, parked_at)
    where superseded_at is null and octet_length(coalesce(error_class, '')) <= 200;
create index if not exists dead_letter_long_cause on ${schema}.dead_letter (group_id, topic)
    where superseded_at is null and octet_length(coalesce(error_class, '')) > 200;

-- With the offset, so that a redrive finds out at once whether an earlier dead letter of the key comes first.
create index if not exists dead_letter_key on ${schema}.dead_letter (group_id, topic, partition, key_hash, incarnation, record_offset)
    where holds_key and superseded_at is null;

create index if not exists audit_log_group_action on ${schema}.audit_log (group_id, action, id);
create index if not exists audit_log_group_topic  on ${schema}.audit_log (group_id, topic, id);
create index if not exists audit_log_action       on ${schema}.audit_log (action, id);
create index if not exists audit_log_at           on ${schema}.audit_log (at);

-- Each way of being paused by itself: equalities can be looked up for all partitions at once.
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
                          where p.group_id = o.group_id and p.topic is null)
              or exists (select from ${schema}.consumer_pause p
                          where p.group_id = o.group_id and p.topic = o.topic and p.partition is null)
              or exists (select from ${schema}.consumer_pause p
                          where p.group_id = o.group_id and p.topic = o.topic and p.partition = o.partition) then 'paused'
            when s.waiting_epoch = o.owner_epoch then 'waiting'
            when o.owner_token is not null then 'owned'
            else 'free' end                                       as state,
       case when s.halted_at is not null then s.error_code
            when s.waiting_epoch = o.owner_epoch then s.waiting_code end as error_code,
       case when s.halted_at is not null then s.error_text
            when s.waiting_epoch = o.owner_epoch then s.waiting_text end as error_text,
       s.halted_at,
       case when s.halted_at is null and s.waiting_epoch = o.owner_epoch then s.waiting_since end as waiting_since
from ${schema}.stored_offset o
left join ${schema}.log_end e using (group_id, topic, partition)
left join ${schema}.partition_state s using (group_id, topic, partition);

-- First by owner and state, of which there are few: to count distinct names, all rows of a group would be sorted twice, and each state
-- would be found three times.
create or replace view ${schema}.consumer_group as
select t.group_id,
       count(distinct t.topic)                         as topics,
       sum(t.partitions)::bigint                       as partitions,
       count(distinct t.owner)                         as owners,
       coalesce(sum(t.partitions) filter (where t.owner is not null), 0)::bigint     as owned_partitions,
       coalesce(sum(t.partitions) filter (where t.state = 'halted'), 0)::bigint      as halted_partitions,
       coalesce(sum(t.partitions) filter (where t.state = 'paused'), 0)::bigint      as paused_partitions,
       sum(t.lag)                                      as lag,
       max(t.max_lag)                                  as max_lag,
       (select count(*) from ${schema}.dead_letter d
         where d.group_id = t.group_id and d.superseded_at is null) as dead_letters,
       max(t.updated_at)                               as updated_at,
       max(t.sampled_at)                               as sampled_at,
       coalesce(sum(t.partitions) filter (where t.state = 'waiting'), 0)::bigint     as waiting_partitions
from (select l.group_id, l.topic, l.owner, l.state, count(*) as partitions, sum(l.lag) as lag, max(l.lag) as max_lag,
             max(l.updated_at) as updated_at, max(l.sampled_at) as sampled_at
        from ${schema}.consumer_lag l
       group by l.group_id, l.topic, l.owner, l.state) t
group by t.group_id;

create or replace view ${schema}.dead_letter_summary as
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
where d.superseded_at is null and octet_length(coalesce(d.error_class, '')) <= 200
group by d.group_id, d.topic, d.partition, d.error_code, d.error_class
union all
select d.group_id,
       d.topic,
       d.partition,
       d.error_code,
       d.error_class,
       count(*),
       min(d.record_offset),
       max(d.record_offset),
       min(d.parked_at),
       max(d.parked_at)
from ${schema}.dead_letter d
where d.superseded_at is null and octet_length(coalesce(d.error_class, '')) > 200
group by d.group_id, d.topic, d.partition, d.error_code, d.error_class;

-- As before, except that a move looks at the dead letters between the offsets, and not at all those of the partition.
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
    if renamed or new.next_offset < old.next_offset then
        update ${schema}.dead_letter d set superseded_at = clock_timestamp(), read_again_at = null
          from ${schema}.topic_binding b
         where b.group_id = new.group_id and b.topic = new.topic and d.incarnation = b.incarnation
           and d.group_id = new.group_id and d.topic = new.topic and d.partition = new.partition
           and d.record_offset >= new.next_offset and d.superseded_at is null;
    else
        update ${schema}.dead_letter d set superseded_at = null, read_again_at = null
          from ${schema}.topic_binding b
         where b.group_id = new.group_id and b.topic = new.topic and d.incarnation = b.incarnation
           and d.group_id = new.group_id and d.topic = new.topic and d.partition = new.partition
           and d.record_offset >= old.next_offset and d.record_offset < new.next_offset
           and d.superseded_at is not null and d.read_again_at is null;
    end if;
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

-- Replaced by dead_letter_key. Last, because from here on nobody can even read dead letters until the migration has ended.
drop index ${schema}.dead_letter_held_key;

update ${schema}.store_info set schema_version = 10;

-- Views for people and dashboards.

create view ${schema}.consumer_lag as
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
comment on view   ${schema}.consumer_lag                  is 'How far each group is behind, per partition. A stable interface: query this instead of the tables.';
comment on column ${schema}.consumer_lag.group_id         is 'Kafka consumer group (group.id).';
comment on column ${schema}.consumer_lag.topic            is 'Topic name.';
comment on column ${schema}.consumer_lag.partition        is 'Partition number, from 0.';
comment on column ${schema}.consumer_lag.stored_offset    is 'Next offset to read: every record below it has taken effect.';
comment on column ${schema}.consumer_lag.log_start_offset is 'First offset that Kafka still held when last sampled; null before the first sample.';
comment on column ${schema}.consumer_lag.log_end_offset   is 'Offset after the last readable record when last sampled; null before the first sample.';
comment on column ${schema}.consumer_lag.lag              is 'Records and gaps between the stored offset and the log end, as of sampled_at: nothing is sampled while no consumer of the group runs. Null before the first sample.';
comment on column ${schema}.consumer_lag.owner            is 'Who claimed the partition last; null once it was released. A process that was killed stays named until another claims.';
comment on column ${schema}.consumer_lag.updated_at       is 'When the stored offset last moved.';
comment on column ${schema}.consumer_lag.sampled_at       is 'When the log ends were last sampled; older than two minutes means that no consumer of the group runs.';
comment on column ${schema}.consumer_lag.state            is 'halted: its owner gave up; paused: an operator paused it; waiting: its owner waits, or retries the same records; error_text says why. owned: a consumer has claimed it; free: none has. The first of these that is true.';
comment on column ${schema}.consumer_lag.error_code       is 'Why it halted or waits, such as TM-502; null unless it does.';
comment on column ${schema}.consumer_lag.error_text       is 'The same in words, without any record''s content; null unless it halted or waits.';
comment on column ${schema}.consumer_lag.halted_at        is 'When it halted; null unless it did. The next claim clears it.';
comment on column ${schema}.consumer_lag.waiting_since    is 'Since when it waits; null unless it does. Set once the wait has lasted for some seconds.';

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
       max(l.sampled_at)                               as sampled_at,
       count(*) filter (where l.state = 'waiting')     as waiting_partitions
from ${schema}.consumer_lag l
group by l.group_id;
comment on view   ${schema}.consumer_group                    is 'Each group in one row. A stable interface.';
comment on column ${schema}.consumer_group.group_id           is 'Kafka consumer group (group.id).';
comment on column ${schema}.consumer_group.topics             is 'Topics that it has stored offsets for.';
comment on column ${schema}.consumer_group.partitions         is 'Partitions that it has stored offsets for.';
comment on column ${schema}.consumer_group.owners             is 'Consumers that own partitions; one that was killed counts until another claims.';
comment on column ${schema}.consumer_group.owned_partitions   is 'Partitions that have an owner.';
comment on column ${schema}.consumer_group.halted_partitions  is 'Partitions that have halted; consumer_lag says why.';
comment on column ${schema}.consumer_group.paused_partitions  is 'Partitions that an operator paused, except for those that have halted.';
comment on column ${schema}.consumer_group.lag                is 'Sum of the partitions'' lags; null before the first sample.';
comment on column ${schema}.consumer_group.max_lag            is 'The largest of the partitions'' lags; null before the first sample.';
comment on column ${schema}.consumer_group.dead_letters       is 'Parked records that wait to be redriven or dropped, without superseded ones.';
comment on column ${schema}.consumer_group.updated_at         is 'When one of its stored offsets last moved.';
comment on column ${schema}.consumer_group.sampled_at         is 'When log ends were last sampled for it; older than two minutes means that no consumer of the group runs.';
comment on column ${schema}.consumer_group.waiting_partitions is 'Partitions whose owner waits, or retries the same records; consumer_lag says why.';

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
comment on view   ${schema}.dead_letter_summary                 is 'Parked records by partition and cause, without superseded ones. A stable interface.';
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

update ${schema}.store_info set schema_version = 5;

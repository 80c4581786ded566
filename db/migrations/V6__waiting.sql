-- What a partition waits for, and since when, for people and dashboards.

alter table ${schema}.partition_state
    add column waiting_since timestamptz,
    add column waiting_epoch bigint,
    add column waiting_code  text,
    add column waiting_text  text;
comment on table  ${schema}.partition_state               is 'Why a partition stands still or waits, and which record is suspected of killing its process. Off the hot row.';
comment on column ${schema}.partition_state.waiting_since is 'Since when its owner waits, or tries the same records again; null while it does not, and during the first seconds.';
comment on column ${schema}.partition_state.waiting_epoch is 'owner_epoch of the claim that waits: with the next claim it is over.';
comment on column ${schema}.partition_state.waiting_code  is 'Why it waits, such as TM-404; null while it does not.';
comment on column ${schema}.partition_state.waiting_text  is 'The same in words, without any record''s content; null while it does not.';

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
comment on column ${schema}.consumer_lag.state         is 'halted: its owner gave up; paused: a person said so; waiting: its owner waits, or tries the same records again; error_text tells why. owned: a consumer has claimed it; free: nobody has. The first of these that is true.';
comment on column ${schema}.consumer_lag.error_code    is 'Why it halted or waits, such as TM-502; null unless it does.';
comment on column ${schema}.consumer_lag.error_text    is 'The same in words, without any record''s content; null unless it halted or waits.';
comment on column ${schema}.consumer_lag.waiting_since is 'Since when it waits; null unless it does. Shown once it has lasted for some seconds.';

create or replace view ${schema}.consumer_group as
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
comment on column ${schema}.consumer_group.waiting_partitions is 'Partitions whose owner waits, or tries the same records again; consumer_lag tells why.';

-- Writers write the new columns. The rest of the function stays as the migration before this one left it.
do $body$
declare
    before constant text := pg_get_functiondef('${schema}.grant_access(name, text)'::regprocedure);
    after  constant text := replace(before, 'error_code, error_text, suspect_offset, suspect_attempts)',
        'error_code, error_text, suspect_offset, suspect_attempts, waiting_since, waiting_epoch, waiting_code, waiting_text)');
begin
    if after = before then
        raise exception 'grant_access() is not as the migration before left it';
    end if;
    execute after;
end
$body$;

-- Consumers go on without grant_access() being called again: whoever may note a halt may note a wait.
do $body$
declare
    guest text;
begin
    for guest in
        select distinct case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
          from pg_class c
          left join pg_attribute t on t.attrelid = c.oid and t.attname = 'halted_at'
         cross join lateral (select * from aclexplode(t.attacl) union all select * from aclexplode(c.relacl)) a
         where c.oid = '${schema}.partition_state'::regclass and a.privilege_type = 'UPDATE' and a.grantee <> c.relowner
    loop
        execute 'grant insert (waiting_since, waiting_epoch, waiting_code, waiting_text),'
             || ' update (waiting_since, waiting_epoch, waiting_code, waiting_text) on ${schema}.partition_state to ' || guest;
    end loop;
end
$body$;

update ${schema}.store_info set schema_version = 6;

-- the latest value of each key; a tombstone removes its row
delete from seats s
 using (select distinct on (key) key, value from records order by key, "offset" desc) r
 where s.flight = r.key and r.value is null;

insert into seats (flight, free, changed)
select key, (value->>'free')::int, timestamp
  from (select distinct on (key) key, value, timestamp from records order by key, "offset" desc) r
 where value is not null
 order by key
on conflict (flight) do update set free = excluded.free, changed = excluded.changed;

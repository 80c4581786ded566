-- What FlightEffects does in Java: the fold, and a list of every record that took effect.
insert into airport as a (code, departures, total_delay)
select value->>'origin', count(*), sum((value->>'delay')::int)
  from records group by 1 order by 1
on conflict (code) do update
   set departures = a.departures + excluded.departures, total_delay = a.total_delay + excluded.total_delay;

insert into applied (topic, partition, record_offset)
select topic, partition, "offset" from records order by topic, partition, "offset";

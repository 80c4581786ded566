-- flights per airport, exact to the record, though the statement is not idempotent
insert into airport_delay as a (airport, flights, total_delay)
select value->>'origin', count(*), sum((value->>'delay')::int)
from records group by 1 order by 1     -- in key order, so that two jobs never deadlock
on conflict (airport) do update
   set flights = a.flights + excluded.flights, total_delay = a.total_delay + excluded.total_delay;

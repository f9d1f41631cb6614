-- Counts of rejected deliveries, which are not stored, by producer, reason and hour.

-- name: add_rejections
-- Adds counts ($3) by producer ($1) and reason ($2) to those of the current hour. Concurrent runs each add their counts
-- once; all of them lock rows in the same order, so that no deadlock arises.
insert into webhook_rejections as r (producer, reason, hour, count, last_at)
select t.producer, t.reason, date_trunc('hour', programme_now(), 'UTC'), t.count, programme_now()
from unnest($1::text[], $2::text[], $3::bigint[]) as t (producer, reason, count)
order by t.producer, t.reason
on conflict (producer, reason, hour) do update
set count = r.count + excluded.count, last_at = greatest(r.last_at, excluded.last_at);

-- name: forget_rejections
-- Deletes old counts of rejections.
delete from webhook_rejections
where hour < programme_now() - interval ':rejections_days days';

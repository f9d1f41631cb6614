-- What was refused and not kept, counted by producer, reason and hour.

-- name: add_rejections
-- Adds counts ($3) by producer ($1) and reason ($2) to the hour of now. Beside itself every count is added once; rows
-- are taken in one order, so that two processes never wait for each other in a circle.
insert into webhook_rejections as r (producer, reason, hour, count, last_at)
select t.producer, t.reason, date_trunc('hour', programme_now(), 'UTC'), t.count, programme_now()
from unnest($1::text[], $2::text[], $3::bigint[]) as t (producer, reason, count)
order by t.producer, t.reason
on conflict (producer, reason, hour) do update
set count = r.count + excluded.count, last_at = greatest(r.last_at, excluded.last_at);

-- name: forget_rejections
-- Old counts help nobody any more.
delete from webhook_rejections
where hour < programme_now() - interval ':rejections_days days';

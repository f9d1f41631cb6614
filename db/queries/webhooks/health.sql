-- The health of producers, one row each. Only the requested part of the index is read, however many rows there are.

-- name: producers_now
-- For each producer ($1): its last delivery, counts by state, the lag until deliveries are applied, and gaps. Times are
-- the programme's; the lag is in seconds, over the deliveries of the last 24 hours.
-- A gap is a full hour of the last seven days without a delivery, although there was one in the same hour of the same
-- weekday in at least three of the four weeks before.
with hours as materialized (
    select date_trunc('hour', programme_now(), 'UTC') - n * interval '1 hour' as starts_at
    from generate_series(1, 168) as n
)
select
    w.producer, seen.last_seen, applied.last_applied, now.received, now.parked, now.dead,
    extract(epoch from programme_now() - now.oldest_waiting)::float8 as oldest_waiting_seconds,
    day.received as day_received, day.applied as day_applied, day.parked as day_parked, day.ignored as day_ignored,
    day.dead as day_dead, day.lags[1] as lag_median, day.lags[2] as lag_p95, gaps.gaps
from unnest($1::text[]) with ordinality as w (producer, place)
cross join lateral (
    select max(latest.received_at) as last_seen
    from unnest('{RECEIVED,APPLIED,PARKED,IGNORED,DEAD}'::text[]) as s (state)
    cross join lateral (
        select i.received_at from inbox i where i.producer = w.producer and i.state = s.state
        order by i.received_at desc
        limit 1
    ) latest
) seen
cross join lateral (
    select max(i.applied_at) as last_applied from inbox i where i.producer = w.producer and i.applied_at is not null
) applied
cross join lateral (
    select
        count(*) filter (where i.state = 'RECEIVED') as received,
        count(*) filter (where i.state = 'PARKED') as parked,
        count(*) filter (where i.state = 'DEAD') as dead,
        min(i.received_at) filter (where i.state = 'RECEIVED') as oldest_waiting
    from inbox i
    where i.producer = w.producer and i.state in ('RECEIVED', 'PARKED', 'DEAD')
) now
cross join lateral (
    select
        count(*) filter (where i.state = 'RECEIVED') as received,
        count(*) filter (where i.state = 'APPLIED') as applied,
        count(*) filter (where i.state = 'PARKED') as parked,
        count(*) filter (where i.state = 'IGNORED') as ignored,
        count(*) filter (where i.state = 'DEAD') as dead,
        percentile_cont('{0.5,0.95}'::float8[]) within group (
            order by extract(epoch from i.applied_at - i.received_at)::float8
        ) filter (where i.state = 'APPLIED') as lags
    from inbox i
    where
        i.producer = w.producer and i.state in ('RECEIVED', 'APPLIED', 'PARKED', 'IGNORED', 'DEAD')
        and i.received_at > programme_now() - interval '1 day'
) day
cross join lateral (
    select coalesce(array_agg(run.starts_at order by run.starts_at), '{}') as gaps
    from (
        select h.starts_at from hours h
        where
            not exists (
                select from inbox i
                where
                    i.producer = w.producer and i.state in ('RECEIVED', 'APPLIED', 'PARKED', 'IGNORED', 'DEAD')
                    and i.received_at >= h.starts_at and i.received_at < h.starts_at + interval '1 hour'
            )
            and 3 <= (
                select count(*) from generate_series(1, 4) as weeks
                where exists (
                    select from inbox i
                    where
                        i.producer = w.producer and i.state in ('RECEIVED', 'APPLIED', 'PARKED', 'IGNORED', 'DEAD')
                        and i.received_at >= h.starts_at - weeks * interval '168 hours'
                        and i.received_at < h.starts_at - weeks * interval '168 hours' + interval '1 hour'
                )
            )
    ) run
) gaps
order by w.place;

-- name: producers_troubles
-- The reasons why deliveries of these producers ($1) have no effect, the ten most frequent of each kind: DEAD and
-- RETRYING as of now; IGNORED of the last 24 hours; REJECTED, which are counted and not stored, of the last seven days.
with troubles as (
    select
        i.producer, case i.state when 'RECEIVED' then 'RETRYING' else i.state end as kind,
        left(coalesce(i.error, ''), 200) as reason, count(*) as count, max(i.received_at) as last_at
    from inbox i
    where
        i.producer = any($1::text[])
        and (
            i.state = 'DEAD' or (i.state = 'RECEIVED' and i.attempts > 0)
            or (i.state = 'IGNORED' and i.received_at > programme_now() - interval '1 day')
        )
    group by 1, 2, 3
    union all
    select r.producer, 'REJECTED', r.reason, sum(r.count)::bigint, max(r.last_at)
    from webhook_rejections r
    where r.producer = any($1) and r.hour > programme_now() - interval '7 days'
    group by r.producer, r.reason
),
ranked as (
    select *, row_number() over (partition by producer, kind order by count desc, last_at desc, reason) as place
    from troubles
)
select producer, kind, reason, count, last_at
from ranked
where place <= 10
order by producer, kind, place;

-- name: producers_seen
select producer from inbox_producers;

-- name: inbox_waiting
-- The numbers of waiting and dead deliveries by producer, and the seconds that the oldest has waited to be applied.
select
    p.producer,
    count(*) filter (where i.state = 'RECEIVED') as received,
    count(*) filter (where i.state = 'PARKED') as parked,
    count(*) filter (where i.state = 'DEAD') as dead,
    extract(
        epoch from programme_now() - min(i.received_at) filter (where i.state = 'RECEIVED')
    )::float8 as oldest_waiting_seconds
from inbox_producers p
left join inbox i on i.producer = p.producer and i.state in ('RECEIVED', 'PARKED', 'DEAD')
group by p.producer;

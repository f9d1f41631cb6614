-- The inbox for operators: pages, single deliveries, and replays.

-- name: deliveries_page
-- Stored deliveries, newest first: of producers $1 and in states $2, after the place $3, $4, $5 in it; $6 at most.
-- Each producer and state is read from its own stretch of the index, at most one page of each.
select d.*
from unnest(coalesce($1::text[], array(select producer from inbox_producers))) as p (producer)
cross join unnest(coalesce($2::text[], '{RECEIVED,APPLIED,PARKED,IGNORED,DEAD}')) as s (state)
cross join lateral (
    select
        i.producer, i.event_id, i.type, i.state, i.attempts, i.received_at, i.not_before, i.applied_at, i.error,
        i.order_number, i.tracking_number
    from inbox i
    where
        i.producer = p.producer and i.state = s.state
        and i.received_at <= coalesce($3::timestamptz, 'infinity')
        and ($3 is null or i.received_at < $3 or (i.producer, i.event_id) > ($4::text, $5::text))
    order by i.received_at desc, i.event_id
    limit $6
) d
order by d.received_at desc, d.producer, d.event_id
limit $6;

-- name: deliveries_by_id
select
    producer, event_id, type, state, attempts, received_at, not_before, applied_at, error, order_number,
    tracking_number
from inbox
where (producer, event_id) in (select * from unnest($1::text[], $2::text[]));

-- name: kept_delivery
-- One delivery with its body and headers.
select producer, event_id, type, body, headers, received_at, attempts
from inbox
where producer = $1 and event_id = $2;

-- name: replay_delivery
-- Resets a delivery in any state to the state of a new one, and returns its state before. Waits while a worker has it.
with before as (
    select producer, event_id, state, attempts, error
    from inbox
    where producer = $1 and event_id = $2
    for update
)
update inbox i
set
    state = 'RECEIVED', attempts = 0, not_before = null, applied_at = null, error = null, order_number = null,
    tracking_number = null
from before b
where i.producer = b.producer and i.event_id = b.event_id
returning b.state, b.attempts, b.error;

-- name: replay_dead_deliveries
-- The same for all dead deliveries of a producer. Locked ones are skipped.
with dead as (
    select producer, event_id
    from inbox
    where producer = $1 and state = 'DEAD'
    order by producer, event_id
    for update skip locked
)
update inbox i
set
    state = 'RECEIVED', attempts = 0, not_before = null, applied_at = null, error = null, order_number = null,
    tracking_number = null
from dead d
where i.producer = d.producer and i.event_id = d.event_id
returning i.event_id;

-- name: silent_orders
-- Orders with points that wait for a delivery, without news for $1: the longest silent first, at most $2, each with the
-- moment of its last news. The limit within has each order looked up, so that orders without such points are not read.
select o.member_id, o.number, heard.at as heard_at
from (
    select distinct p.member_id, p.verdict_id
    from promises p
    where p.state = 'PROMISED' and p.awaiting = 'DELIVERY' and p.promised_at < programme_now() - $1::interval
) waiting
cross join lateral (
    select o.member_id, o.number, o.recorded_at
    from orders o
    where o.member_id = waiting.member_id and o.verdict_id = waiting.verdict_id
    limit 1
) o
cross join lateral (
    select greatest(o.recorded_at, max(f.told_at)) as at
    from order_facts f
    where f.member_id = o.member_id and f.number = o.number
) heard
where heard.at < programme_now() - $1::interval
order by heard.at, o.number
limit $2;

-- name: orders_to_ask
-- The silent orders that may be asked about: those never asked about first, then the longest ago, at most $2. One that was
-- asked about, or that had no parcel to ask about, comes again after the others.
select o.member_id, o.number, heard.at as heard_at
from (
    select distinct p.member_id, p.verdict_id
    from promises p
    where p.state = 'PROMISED' and p.awaiting = 'DELIVERY' and p.promised_at < programme_now() - $1::interval
) waiting
cross join lateral (
    select o.member_id, o.number, o.recorded_at
    from orders o
    where o.member_id = waiting.member_id and o.verdict_id = waiting.verdict_id
    limit 1
) o
cross join lateral (
    select greatest(o.recorded_at, max(f.told_at)) as at
    from order_facts f
    where f.member_id = o.member_id and f.number = o.number
) heard
cross join lateral (
    select max(q.asked_at) as last_at, max(q.not_before) as rests_until
    from parcel_questions q
    where q.member_id = o.member_id and q.number = o.number
) asked
where
    heard.at < programme_now() - $1::interval
    and (asked.rests_until is null or asked.rests_until <= programme_now())
order by asked.last_at nulls first, heard.at, o.number
limit $2;

-- name: claim_question
-- Claims the right to ask a producer about a parcel, for $5. If two workers try, only one gets it.
insert into parcel_questions (member_id, number, tracking_number, producer, asked_at, not_before)
values ($1, $2, $3, $4, programme_now(), programme_now() + $5::interval)
on conflict (member_id, number, tracking_number, producer) do update
set asked_at = excluded.asked_at, not_before = excluded.not_before
where parcel_questions.not_before <= programme_now()
returning asked_at;

-- name: orders_reported
-- The orders that are meant by pairs of an order number ($1) and a tracking number ($2). Without an order number it is
-- the only order that has the parcel and can still be meant by its number (`orders_of_parcels`). Unknown orders give no
-- row.
select r.n::int as place, coalesce(by_number.member_id, by_parcel.member_id) as member_id,
    coalesce(by_number.number, by_parcel.number) as number
from unnest($1::text[], $2::text[]) with ordinality as r (number, tracking_number, n)
left join order_numbers by_number on by_number.number = r.number
left join lateral (
    select min(t.number) as number, (array_agg(t.member_id))[1] as member_id
    from orders_of_parcels t
    where
        r.number is null and t.tracking_number = r.tracking_number
        and t.meant_until > programme_now()
    having count(*) = 1
) by_parcel on true
where coalesce(by_number.number, by_parcel.number) is not null;

-- name: keep_reports
-- Stores reported deliveries as events ($1 ids, $2 bodies), with the reporter ($3) in the place of the headers; returns
-- the ids that were new.
insert into inbox (producer, event_id, type, body, headers, received_at)
select
    'native', r.event_id, 'shipment.delivered', r.body, jsonb_build_object('reported-by', $3::text), programme_now()
from unnest($1::text[], $2::bytea[]) as r (event_id, body)
on conflict (producer, event_id) do nothing
returning event_id;

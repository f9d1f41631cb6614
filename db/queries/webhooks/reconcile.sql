-- name: silent_orders
-- Orders with points that wait for a delivery, of which nobody has said anything for $1: the longest silent first,
-- at most $2, with the last moment at which something was heard of them.
select o.member_id, o.number, heard.at as heard_at
from (
    select distinct p.member_id, p.verdict_id
    from promises p
    where p.state = 'PROMISED' and p.awaiting = 'DELIVERY' and p.promised_at < programme_now() - $1::interval
) waiting
join orders o using (member_id, verdict_id)
cross join lateral (
    select greatest(o.recorded_at, max(f.told_at)) as at
    from order_facts f
    where f.member_id = o.member_id and f.number = o.number
) heard
where heard.at < programme_now() - $1::interval
order by heard.at, o.number
limit $2;

-- name: claim_question
-- Takes the right to ask a producer about a parcel, for $5; beside another worker, one of them gets it.
insert into parcel_questions (member_id, number, tracking_number, producer, asked_at, not_before)
values ($1, $2, $3, $4, programme_now(), programme_now() + $5::interval)
on conflict (member_id, number, tracking_number, producer) do update
set asked_at = excluded.asked_at, not_before = excluded.not_before
where parcel_questions.not_before <= programme_now()
returning asked_at;

-- name: orders_reported
-- Which orders are meant by numbers ($1) and tracking numbers ($2), pairwise: the number's, else the only one that
-- recorded the parcel and can still be meant by its number (`orders_of_parcels`). No row where none is known.
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
-- Keeps deliveries that were reported as events of their own ($1 ids, $2 bodies), with who reported them ($3) where
-- others have headers; gives the ids that were new.
insert into inbox (producer, event_id, type, body, headers, received_at)
select
    'native', r.event_id, 'shipment.delivered', r.body, jsonb_build_object('reported-by', $3::text), programme_now()
from unnest($1::text[], $2::bytea[]) as r (event_id, body)
on conflict (producer, event_id) do nothing
returning event_id;

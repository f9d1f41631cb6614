-- name: orders_known
-- The members of order numbers, and the orders as they were recorded.
select
    n.number, n.member_id, o.verdict_id, o.placed_at, o.currency, o.lines, o.parcels, o.shipping_minor,
    o.discount_minor, o.terms_version, o.campaign_ids
from order_numbers n
left join orders o on o.member_id = n.member_id and o.number = n.number
where n.number = any($1::text[]);

-- name: orders_of_parcels
-- For each tracking number of $1 the orders that have a parcel with it, if news of it received at $2 can belong to them
-- (`orders_of_parcels`). `place` is the place of the tracking number in $1, from 1. Each order with the carriers of all
-- such parcels: those it was recorded with, at once or later, those the shop named for its consignments, and the first one
-- reported with the number. `offset 0` has each tracking number looked up by its key, even by a plan that was made when
-- there were few.
select
    wanted.place::int as place, t.number, t.member_id,
    array(
        select p.parcel ->> 'carrier'
        from orders o, jsonb_array_elements(o.parcels) as p (parcel)
        where
            o.member_id = t.member_id and o.number = t.number
            and p.parcel ->> 'tracking_number' = t.tracking_number
        union
        select f.content ->> 'carrier'
        from order_facts f
        where
            f.member_id = t.member_id and f.number = t.number
            and f.content ->> 'tracking_number' = t.tracking_number
            and (f.content ? 'consignment' or f.kind = 'ParcelRecorded')
        union
        select t.carrier
    ) as carriers
from unnest($1::text[], $2::timestamptz[]) with ordinality as wanted (tracking_number, received_at, place)
cross join lateral (
    select p.number, p.member_id, p.tracking_number, p.carrier
    from orders_of_parcels p
    where p.tracking_number = wanted.tracking_number and p.meant_until > wanted.received_at
    offset 0
) t;

-- name: order_currencies
-- The currencies of orders ($1 members, $2 numbers).
select o.member_id, o.number, o.currency
from unnest($1::uuid[], $2::text[]) as wanted (member_id, number)
join orders o on o.member_id = wanted.member_id and o.number = wanted.number;

-- name: order_owners
select number, member_id from order_numbers where number = any ($1::text[]);

-- name: order_named
-- The order that has one of these numbers ($1), or else one that was recorded with one of these parcels ($2).
select number
from (
    select number, 1 as place from order_numbers where number = any($1::text[])
    union all
    select number, 2 from tracking_numbers where tracking_number = any($2::text[])
) named
order by place, number
limit 1;

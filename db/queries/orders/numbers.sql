-- name: order_known
-- The member of an order number, the hash of the order's content, and its verdict.
select n.member_id, o.content_hash, o.verdict_id
from order_numbers n
left join orders o on o.member_id = n.member_id and o.number = n.number
where n.number = $1;

-- name: order_currency
select currency from orders where member_id = $1 and number = $2;

-- name: order_of_parcel
-- The orders that have a parcel with this tracking number, if news of it received at $2 can belong to them
-- (`orders_of_parcels`). Each with the carriers of all such parcels: those it was recorded with, and those the shop
-- named for its consignments.
select
    t.number, t.member_id,
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
            and f.content ->> 'tracking_number' = t.tracking_number and f.content ? 'consignment'
    ) as carriers
from orders_of_parcels t
where t.tracking_number = $1 and t.meant_until > $2::timestamptz;

-- name: order_owner
select member_id from order_numbers where number = $1;

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

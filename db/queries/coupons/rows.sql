-- name: coupons_forwards
-- A member's coupons, newest first, in their state by the clock, even if no worker has written that state yet.
-- $2, $3 and $4, $5: only rows after and before these places of the list; $6 states; $7 the most rows.
select
    member_id, coupon_id, code, reward_id, value_minor, currency, minimum_minor, cost, state, issued_at, expires_at,
    reserved_until, order_number
from coupons_now
where
    member_id = $1
    and ($3::uuid is null or (issued_at, coupon_id) < ($2::timestamptz, $3))
    and ($5::uuid is null or (issued_at, coupon_id) > ($4::timestamptz, $5))
    and ($6::text[] is null or state = any($6))
order by issued_at desc, coupon_id desc
limit $7;

-- name: coupons_backwards
-- The same list from its end: oldest first.
select
    member_id, coupon_id, code, reward_id, value_minor, currency, minimum_minor, cost, state, issued_at, expires_at,
    reserved_until, order_number
from coupons_now
where
    member_id = $1
    and ($3::uuid is null or (issued_at, coupon_id) < ($2::timestamptz, $3))
    and ($5::uuid is null or (issued_at, coupon_id) > ($4::timestamptz, $5))
    and ($6::text[] is null or state = any($6))
order by issued_at, coupon_id
limit $7;

-- name: coupons_first_pages
-- The newest coupons of several members, for reads that leave together: $1 members, $2 the most rows of each. `place` is
-- the read that a row belongs to, from 1.
select page.*, wanted.place::int
from unnest($1::uuid[], $2::int[]) with ordinality as wanted (member_id, most, place)
cross join lateral (
    select
        c.member_id, c.coupon_id, c.code, c.reward_id, c.value_minor, c.currency, c.minimum_minor, c.cost, c.state,
        c.issued_at, c.expires_at, c.reserved_until, c.order_number
    from coupons_now c
    where c.member_id = wanted.member_id
    order by c.issued_at desc, c.coupon_id desc
    limit wanted.most
) page
order by wanted.place, page.issued_at desc, page.coupon_id desc;

-- name: coupons_by_id
select
    member_id, coupon_id, code, reward_id, value_minor, currency, minimum_minor, cost, state, issued_at, expires_at,
    reserved_until, order_number
from coupons_now
where (member_id, coupon_id) in (select * from unnest($1::uuid[], $2::uuid[]));

-- name: stock_of_rewards
select reward_id, stock_left from rewards where reward_id = any($1::text[]);

-- name: had_of_rewards
-- How many coupons of each of these rewards ($2) a member ($1) has had.
select reward_id, count(*) as had
from coupons
where member_id = $1 and reward_id = any($2::text[])
group by reward_id;

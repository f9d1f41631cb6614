-- Coupons at checkout (R42-R45), the limits of a reward (R41), and coupons that the clock ends (R43, R52).

-- name: coupon_owner
select member_id from coupon_codes where code = $1;

-- name: coupon_to_judge
-- One coupon of a member ($1) by its code ($2), in its state by the clock; the reservation of it that an order ($3) has
-- or had; whether the order already has another coupon; and the exclusions of some products ($4) in the member's
-- market.
select
    c.member_id, c.coupon_id, c.code, c.reward_id, c.value_minor, c.currency, c.minimum_minor, c.cost, c.state, c.issued_at,
    c.expires_at, c.reserved_until, c.order_number, c.state_since, r.discount_minor as reserved_minor, r.reserved_at, r.released_at,
    r.reservation_id, coalesce(r.earlier_ids, '{}') as earlier_ids,
    exists (
        select from order_coupons o
        where
            o.order_number = $3 and o.held_until > programme_now()
            and (o.member_id, o.coupon_id) <> (c.member_id, c.coupon_id)
    ) as order_has_another,
    (
        select coalesce(jsonb_agg(jsonb_build_array(e.product_id, e.excluded_from, e.excluded_until)), '[]')
        from product_exclusions e
        where e.market = m.market and e.product_id = any($4::text[])
    ) as exclusions
from coupon_codes k
join coupons_now c on c.member_id = k.member_id and c.coupon_id = k.coupon_id
join members m on m.member_id = k.member_id
left join coupon_reservations r
    on r.member_id = c.member_id and r.coupon_id = c.coupon_id and r.order_number = $3
where k.code = $2 and k.member_id = $1;

-- name: cart_to_judge
-- The rows that couponsForCart reads besides the coupons: the moment, the member's state ($1), the coupon that the
-- order ($2) already has, and the exclusions of its products ($3) in the member's market.
select
    programme_now() as now,
    m.state,
    (
        select o.coupon_id from order_coupons o where o.order_number = $2 and o.held_until > programme_now()
    ) as held_by,
    (
        select coalesce(jsonb_agg(jsonb_build_array(e.product_id, e.excluded_from, e.excluded_until)), '[]')
        from product_exclusions e
        where e.market = m.market and e.product_id = any($3::text[])
    ) as exclusions
from members m
where m.member_id = $1;

-- name: coupons_at_checkout
-- Every unspent coupon of a member, and those that were spent or ended lately, newest first (R45).
select
    member_id, coupon_id, code, reward_id, value_minor, currency, minimum_minor, cost, state, issued_at, expires_at,
    reserved_until, order_number, state_since
from coupons_now
where
    member_id = $1
    and (state in ('AVAILABLE', 'RESERVED') or state_since >= programme_now() - interval ':ended_coupons_days days')
order by issued_at desc, coupon_id desc;

-- name: reward_limits
-- The stock left of a reward ($2) now, and how many of it a member ($1) has had.
select
    r.stock_left,
    (select count(*) from coupons c where c.member_id = $1 and c.reward_id = r.reward_id) as had
from rewards r
where r.reward_id = $2;

-- name: end_due_coupons
-- Ends coupons by the clock, the longest overdue first: a reservation past its time frees its coupon, and a coupon past
-- its last day expires, both booked as of those moments. Members locked by another transaction are left for the next
-- round; a coupon that was committed or reserved again meanwhile is skipped. The second limit shows the planner how few
-- rows there are, so that it reads each member by its key.
with due as (
    select * from (
        (
            select member_id, coupon_id from coupons
            where state = 'AVAILABLE' and expires_at <= programme_now()
            order by expires_at
            limit $1
        )
        union all
        (
            select member_id, coupon_id from coupons
            where state = 'RESERVED' and reserved_until <= programme_now()
            order by reserved_until
            limit $1
        )
    ) few
    limit 2 * :most_at_once
),
held as materialized (
    select member_id
    from balances
    where member_id in (select member_id from due)
    order by member_id
    for update skip locked
),
ended as (
    update coupons c
    set
        state = case when c.expires_at <= programme_now() then 'EXPIRED' else 'AVAILABLE' end,
        state_since = case
            when c.expires_at <= programme_now() then greatest(c.expires_at, c.reserved_until)
            else c.reserved_until
        end,
        reserved_until = null, order_number = null, discount_minor = null
    from due, held
    where
        c.member_id = due.member_id and c.coupon_id = due.coupon_id and held.member_id = c.member_id
        and (
            (c.state = 'AVAILABLE' and c.expires_at <= programme_now())
            or (c.state = 'RESERVED' and c.reserved_until <= programme_now())
        )
    returning c.member_id
),
changed_members as (
    update balances b
    set version = b.version + 1
    from (select distinct member_id from ended) e
    where b.member_id = e.member_id
)
select count(*) from ended;

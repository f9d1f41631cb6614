-- Points and coupons whose time ends: notices before that, and lapses (R50).

-- name: days_now
-- Each market's day by the programme's clock. Lapses and notices only become due when one of these days begins.
select market, today from market_days order by market;

-- name: members_to_lapse
-- Members with a lot that lapses or needs a notice by now, after a place in that list ($1, $2), without locking
-- anything. Deliveries received before that moment that no worker has tried to apply yet go first. The lots are read in
-- the order of their indexes up to the limit, and each lot's market is looked up; a join would be free to read and sort
-- every lot that is due.
with days as materialized (
    select market, zone, today, told_until from market_days
),
waiting as (
    select coalesce(min(received_at), 'infinity') as since from inbox where state = 'RECEIVED' and attempts = 0
),
latest as (
    select max(today) as today, max(told_until) as told_until from days
),
due as (
    (
        select l.lapses_on - interval '1 month' as on_day, l.member_id
        from lots l
        where
            l.remaining > 0 and not l.is_noticed
            and l.lapses_on <= (select told_until from latest)
            and (l.lapses_on, l.member_id) > (($1::date + interval '1 month')::date, $2::uuid)
            and (
                select
                    l.lapses_on <= d.told_until
                    and (l.lapses_on - interval '1 month') at time zone d.zone <= (select since from waiting)
                from members m join days d using (market)
                where m.member_id = l.member_id
            )
        order by l.lapses_on, l.member_id
        limit $3
    )
    union
    (
        select l.lapses_on::timestamp, l.member_id
        from lots l
        where
            l.remaining > 0 and l.is_noticed
            and l.lapses_on <= (select today from latest)
            and (l.lapses_on, l.member_id) > ($1::date, $2::uuid)
            and (
                select
                    l.lapses_on <= d.today
                    and l.lapses_on::timestamp at time zone d.zone <= (select since from waiting)
                from members m join days d using (market)
                where m.member_id = l.member_id
            )
        order by l.lapses_on, l.member_id
        limit $3
    )
)
select on_day::date as on_day, member_id
from due
order by on_day, member_id
limit $3;

-- name: members_with_expiring_coupons
-- Members who must get a notice by now that a coupon ends, without locking anything: those of the $1 coupons that end
-- first. As above, coupons are read in the order of their index, and each one's market is looked up.
with days as materialized (
    select market, zone, coupon_notice_days, programme_now() as now from market_days
)
select distinct due.member_id
from (
    select c.member_id
    from coupons c
    where
        c.state in ('AVAILABLE', 'EXPIRED') and not c.is_noticed
        and c.expires_at <= (select max(now) + make_interval(days => max(coupon_notice_days), hours => 2) from days)
        and (
            select
                ((c.expires_at at time zone d.zone) - make_interval(days => d.coupon_notice_days)) at time zone d.zone
                <= d.now
            from members m join days d using (market)
            where m.member_id = c.member_id
        )
    order by c.expires_at
    limit $1
) due;

-- name: lock_member_to_lapse
-- Locks one member until the transaction ends; no row while another transaction holds the lock.
select member_id from balances where member_id = $1 for update skip locked;

-- name: next_step
-- A member's next lapse or notice that is due up to a moment ($2). `at` is the moment it is booked as of;
-- `lapsed_before` are the points of that lot that lapsed earlier.
with clock as (
    select m.member_id, d.zone, d.coupon_notice_days, least($2, programme_now()) as until
    from members m join market_days d using (market)
    where m.member_id = $1
),
steps as (
    select
        case when l.is_noticed then 'LAPSE' else 'TELL_LOT' end as step,
        (l.lapses_on - make_interval(months => (not l.is_noticed)::int)) at time zone c.zone as at,
        l.lapses_on, l.remaining as points, null::uuid as coupon_id, null::text as reference
    from clock c join lots l using (member_id)
    where l.remaining > 0
    union all
    select
        'TELL_COUPON',
        ((k.expires_at at time zone c.zone) - make_interval(days => c.coupon_notice_days)) at time zone c.zone,
        (k.expires_at at time zone c.zone)::date, null, k.coupon_id,
        case
            when ((k.expires_at at time zone c.zone) - make_interval(days => c.coupon_notice_days)) at time zone c.zone
                > k.issued_at then k.code
        end
    from clock c join coupons k using (member_id)
    where k.state in ('AVAILABLE', 'EXPIRED') and not k.is_noticed
)
select
    s.step, s.at, s.lapses_on, s.points, s.coupon_id, s.reference, b.member_id, b.version,
    b.seq, b.head, b.available, programme_now() as now,
    (
        select coalesce(sum(t.amount), 0)::bigint
        from transfers t
        where s.step = 'LAPSE' and t.member_id = $1 and t.kind = 'LAPSE' and t.lapses_on = s.lapses_on
    ) as lapsed_before
from steps s
cross join clock c
join balances b on b.member_id = $1
where s.at <= c.until
order by s.at, s.step, s.lapses_on, s.coupon_id
limit 1;

-- name: mark_lot_noticed
update lots set is_noticed = true where member_id = $1 and lapses_on = $2;

-- name: mark_coupon_noticed
update coupons set is_noticed = true where member_id = $1 and coupon_id = $2;

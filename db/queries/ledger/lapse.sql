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

-- name: due_rows
-- Everything that is due for members ($1), each up to a moment ($2; null: now) and never later than now, as of one
-- version of each member, without locking anything. At most $3 promises and $3 coupons of a member, soonest first.
-- `offset 0` keeps Postgres from reading all members' promises or coupons by time, once for each member.
with days as materialized (
    select market, zone, coupon_notice_days, programme_now() as now from market_days
)
select
    m.member_id, b.version, b.seq, b.head, b.available, b.debt, d.now, moment.until, promised.promises, ending.lots,
    noticed.coupons
from unnest($1::uuid[], $2::timestamptz[]) as wanted (member_id, until)
join members m on m.member_id = wanted.member_id
join balances b on b.member_id = m.member_id
join days d on d.market = m.market
cross join lateral (select least(wanted.until, d.now) as until) moment
cross join lateral (
    select
        coalesce(jsonb_agg(
            jsonb_build_array(
                p.promise_id, p.verdict_id, p.kind, p.points, p.source, p.reference, p.due_at, p.lapses_on
            ) order by p.due_at, p.promise_id
        ), '[]') as promises,
        array_agg(p.lapses_on) as days
    from (
        select *
        from (
            select promise_id, verdict_id, kind, points, source, reference, due_at, lapses_on
            from promises
            where member_id = m.member_id and state = 'PROMISED' and attempts < :most_attempts
            offset 0
        ) of_member
        where due_at <= moment.until and m.state = 'ACTIVE'
        order by due_at, promise_id
        limit $3
    ) p
) promised
cross join lateral (
    select
        coalesce(jsonb_agg(
            jsonb_build_array(
                l.lapses_on, l.points, l.is_noticed, l.notice_at, l.lapse_at,
                case when l.lapse_at <= moment.until then (
                    select coalesce(sum(t.amount), 0)
                    from transfers t
                    where t.member_id = m.member_id and t.kind = 'LAPSE' and t.lapses_on = l.lapses_on
                ) else 0 end
            ) order by l.lapses_on
        ), '[]') as lots
    from (
        select
            near.lapses_on, coalesce(held.remaining, 0) as points, coalesce(held.is_noticed, false) as is_noticed,
            (near.lapses_on - interval '1 month') at time zone d.zone as notice_at,
            near.lapses_on::timestamp at time zone d.zone as lapse_at
        from (
            select lapses_on from lots where member_id = m.member_id and remaining > 0
            union
            select unnest(promised.days)
        ) near
        left join lots held on held.member_id = m.member_id and held.lapses_on = near.lapses_on
        where near.lapses_on <= moment.until + interval ':notice_ahead_days days'
    ) l
    where l.notice_at <= moment.until
) ending
cross join lateral (
    select
        coalesce(jsonb_agg(
            jsonb_build_array(k.coupon_id, k.at, k.ends_on, case when k.at > k.issued_at then k.code end)
            order by k.at, k.ends_on, k.coupon_id
        ), '[]') as coupons
    from (
        select
            c.coupon_id, c.code, c.issued_at, (c.expires_at at time zone d.zone)::date as ends_on,
            ((c.expires_at at time zone d.zone) - make_interval(days => d.coupon_notice_days)) at time zone d.zone as at
        from (
            select coupon_id, code, issued_at, expires_at
            from coupons
            where member_id = m.member_id and state in ('AVAILABLE', 'EXPIRED') and not is_noticed
            offset 0
        ) c
        where c.expires_at <= moment.until + make_interval(days => d.coupon_notice_days + 1)
        order by c.expires_at, c.coupon_id
        limit $3
    ) k
    where k.at <= moment.until
) noticed;

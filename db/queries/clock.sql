-- name: clock_now
select programme_now();

-- name: clock_advance
-- Every process sees the new moment with its next statement, because all of them call programme_now().
-- `ahead` is stored in seconds, so that no session's time zone can change it. Two concurrent advances both count.
update programme_clock
set ahead = ahead + make_interval(secs => extract(epoch from
    statement_timestamp() + ahead + make_interval(months => $1) + $2::interval - (statement_timestamp() + ahead)
)::float8)
returning statement_timestamp() + ahead;

-- name: clock_start_at
update programme_clock
set ahead = make_interval(secs => extract(epoch from $1::timestamptz - statement_timestamp())::float8);

-- name: clock_work_due
-- How many promises, deliveries, coupons, lots, notices and orders are due and still wait for a worker. One that rests between two
-- attempts is not due: its next attempt is, by the same clock.
with days as materialized (
    select market, zone, today, told_until, coupon_notice_days, programme_now() as now from market_days
)
select
    (
        select count(*) from promises p join members m using (member_id)
        where p.state = 'PROMISED' and p.due_at <= programme_now() and p.attempts < :most_attempts and m.state = 'ACTIVE'
            and (p.not_before is null or p.not_before <= programme_now())
    )
    + (
        select count(*) from inbox
        where
            state = 'RECEIVED' and attempts < :most_attempts
            and (not_before is null or not_before <= programme_now())
    )
    + (select count(*) from coupons where state = 'AVAILABLE' and expires_at <= programme_now())
    + (select count(*) from coupons where state = 'RESERVED' and reserved_until <= programme_now())
    + (
        select count(*) from lots l join members m using (member_id) join days d using (market)
        where
            l.remaining > 0 and not l.is_noticed and l.lapses_on <= d.told_until
            and l.lapses_on <= (select max(told_until) from days)
    )
    + (
        select count(*) from lots l join members m using (member_id) join days d using (market)
        where
            l.remaining > 0 and l.is_noticed and l.lapses_on <= d.today
            and l.lapses_on <= (select max(today) from days)
    )
    + (
        select count(*) from coupons c join members m using (member_id) join days d using (market)
        where
            c.state in ('AVAILABLE', 'EXPIRED') and not c.is_noticed
            and c.expires_at <= (select max(now) + make_interval(days => max(coupon_notice_days), hours => 2) from days)
            and ((c.expires_at at time zone d.zone) - make_interval(days => d.coupon_notice_days)) at time zone d.zone
                <= d.now
    )
    + (
        select count(*) from notices
        where
            sent_at is null and attempts < :most_attempts and (not_before is null or not_before <= programme_now())
    )
    + (
        select count(*) from promises p join orders_waited_for w using (member_id, verdict_id) join members m using (member_id)
        where
            p.state = 'PROMISED' and p.awaiting = 'DELIVERY' and m.state = 'ACTIVE' and w.waited_until <= programme_now()
            and not exists (select from kept_facts k where k.member_id = w.member_id and k.number = w.number)
    );

-- The programme's liability, as of the end of a day in each market's zone.
-- Balances are the ledger's sums as of now. The sums up to a moment are the balances less everything booked from that
-- moment on, so a query about the day before yesterday reads two days of the ledger, not all of it.

-- name: points_as_of
-- Points by market ($1, or every one) at the end of a day ($2, or each market's today).
with ends as materialized (
    select market, zone, coalesce($2::date, today) as on_day,
        (coalesce($2::date, today) + 1)::timestamp at time zone zone as ends_at
    from market_days
    where $1::text is null or market = $1
),
held as (
    select m.market, sum(b.available) as available, sum(b.pending) as pending, sum(b.debt) as debt
    from balances b join members m using (member_id)
    where m.market in (select market from ends)
    group by m.market
),
later as (
    select
        m.market,
        sum(t.amount * ((t.credit = 'available')::int - (t.debit = 'available')::int)) as available,
        sum(t.amount * ((t.credit = 'pending')::int - (t.debit = 'pending')::int)) as pending,
        sum(t.amount * ((t.debit = 'debt')::int - (t.credit = 'debt')::int)) as debt
    from transfers t join members m using (member_id) join ends e using (market)
    where t.occurred_at >= (select min(ends_at) from ends) and t.occurred_at >= e.ends_at
    group by m.market
)
select
    e.market, e.on_day,
    (coalesce(h.available, 0) - coalesce(l.available, 0))::bigint as available,
    (coalesce(h.pending, 0) - coalesce(l.pending, 0))::bigint as pending,
    (coalesce(h.debt, 0) - coalesce(l.debt, 0))::bigint as debt
from ends e
left join held h using (market)
left join later l using (market)
order by e.market;

-- name: lots_as_of
-- The points available at the end of that day, by the day they lapse; points that never lapse are left out.
with ends as materialized (
    select market, (coalesce($2::date, today) + 1)::timestamp at time zone zone as ends_at
    from market_days
    where $1::text is null or market = $1
),
moved as (
    select l.lapses_on, sum(l.remaining) as points
    from lots l join members m using (member_id)
    where l.remaining > 0 and m.market in (select market from ends)
    group by l.lapses_on
    union all
    select t.lapses_on, -sum(t.amount * ((t.credit = 'available')::int - (t.debit = 'available')::int))
    from transfers t join members m using (member_id) join ends e using (market)
    where
        t.lapses_on is not null
        and t.occurred_at >= (select min(ends_at) from ends) and t.occurred_at >= e.ends_at
    group by t.lapses_on
)
select lapses_on, sum(points)::bigint as points
from moved
where lapses_on < date '9999-12-31'
group by lapses_on
having sum(points) <> 0
order by lapses_on;

-- name: coupons_as_of
-- Coupons that were issued and not yet used, cancelled or expired then, in minor units by currency; for today, as of
-- now. A coupon that was reserved then had not expired, so it counts even if it has ended since (R43).
with ends as materialized (
    select market, least((coalesce($2::date, today) + 1)::timestamp at time zone zone, programme_now()) as ends_at
    from market_days
    where $1::text is null or market = $1
)
select c.currency, sum(c.value_minor)::bigint as minor
from coupons c join members m using (member_id) join ends e using (market)
where
    c.issued_at <= e.ends_at
    and (c.state not in ('USED', 'CANCELLED') or c.state_since > e.ends_at)
    and (
        c.expires_at > e.ends_at
        or exists (
            select from coupon_reservations r
            where
                r.member_id = c.member_id and r.coupon_id = c.coupon_id
                and r.reserved_at <= e.ends_at and least(r.held_until, r.released_at) > e.ends_at
        )
    )
group by c.currency
order by c.currency;

-- What must always hold of the books. Every query gives the rows for which it does not, worst news first, at most $1:
-- the member and what is wrong, in words. All members at once, in sets.

-- name: audit_chains
-- seq without gaps, every hash following from the one before it, every head the last transfer's hash.
select member_id, 'seq ' || seq || ' does not follow from the transfer before it' as what
from audit.broken_chains()
order by member_id
limit $1;

-- name: audit_balances
-- available, pending, debt and lifetime are what the transfers come to, and no other account is ever below zero.
with moved as (
    select
        member_id,
        sum(amount * ((credit = 'available')::int - (debit = 'available')::int)) as available,
        sum(amount * ((credit = 'pending')::int - (debit = 'pending')::int)) as pending,
        sum(amount * ((debit = 'debt')::int - (credit = 'debt')::int)) as debt,
        sum(amount * (
            (credit = 'available' and debit in ('pending', 'issuance', 'revoked'))::int - (credit = 'revoked')::int
        )) as lifetime,
        least(
            sum(amount * ((credit = 'redeemed')::int - (debit = 'redeemed')::int)),
            sum(amount * ((credit = 'lapsed')::int - (debit = 'lapsed')::int)),
            sum(amount * ((credit = 'revoked')::int - (debit = 'revoked')::int))
        ) as lowest
    from transfers
    group by member_id
)
select
    b.member_id,
    format(
        'balances say available %s, pending %s, debt %s, lifetime %s; transfers say %s, %s, %s, %s',
        b.available, b.pending, b.debt, b.lifetime,
        coalesce(m.available, 0), coalesce(m.pending, 0), coalesce(m.debt, 0), coalesce(m.lifetime, 0)
    ) as what
from balances b left join moved m using (member_id)
where
    (b.available, b.pending, b.debt, b.lifetime) is distinct from (
        coalesce(m.available, 0), coalesce(m.pending, 0), coalesce(m.debt, 0), coalesce(m.lifetime, 0)
    )
    or m.lowest < 0
order by b.member_id
limit $1;

-- name: audit_accounts
-- Points are neither made nor lost: what a member's accounts hold, issuance included, comes to zero.
with accounts as (
    select member_id, credit as account, amount from transfers
    union all
    select member_id, debit, -amount from transfers
),
held as (
    select member_id, account, sum(amount) as points from accounts group by member_id, account
)
select member_id, 'accounts come to ' || sum(points) || ' points, not zero' as what
from held
group by member_id
having sum(points) <> 0
order by member_id
limit $1;

-- name: audit_pending
-- What is pending is what is promised and open.
select
    b.member_id,
    format('pending is %s, open promises come to %s', b.pending, coalesce(p.points, 0)) as what
from
    balances b
    left join (
        select member_id, sum(points) as points from promises where state = 'PROMISED' group by member_id
    ) p using (member_id)
where b.pending <> coalesce(p.points, 0)
order by b.member_id
limit $1;

-- name: audit_promises
-- A promise leaves pending once: by one credit when POSTED, by one cancellation when VOIDED, not yet when PROMISED.
-- Nothing leaves pending without a promise.
with left_pending as (
    select
        member_id, promise_id,
        count(*) filter (where credit = 'available') as posted,
        count(*) filter (where credit = 'issuance') as voided,
        sum(amount) as points,
        count(*) as times,
        min(seq) as seq
    from transfers
    where debit = 'pending'
    group by member_id, promise_id
)
select
    member_id,
    case
        when p.promise_id is null then 'seq ' || t.seq || ' moves points out of pending without a promise'
        else format(
            'promise %s of %s points is %s, and was posted %s and voided %s times, %s points in all',
            p.promise_id, p.points, p.state, coalesce(t.posted, 0), coalesce(t.voided, 0), coalesce(t.points, 0)
        )
    end as what
from promises p full join left_pending t using (member_id, promise_id)
where
    (coalesce(t.posted, 0), coalesce(t.voided, 0), coalesce(t.times, 0), coalesce(t.points, 0))
    is distinct from (
        (p.state = 'POSTED')::int, (p.state = 'VOIDED')::int, (p.state <> 'PROMISED')::int,
        case when p.state = 'PROMISED' then 0 else p.points end
    )
order by member_id, t.seq
limit $1;

-- name: audit_lots
-- Every lot is what was put into it and taken out, and together they are what is available.
with moved as (
    select
        member_id, lapses_on, sum(amount * ((credit = 'available')::int - (debit = 'available')::int)) as points
    from transfers
    where lapses_on is not null
    group by member_id, lapses_on
),
lot_differs as (
    select
        member_id,
        format(
            'the lot that lapses on %s holds %s, transfers say %s',
            lapses_on, coalesce(l.remaining, 0), coalesce(m.points, 0)
        ) as what
    from lots l full join moved m using (member_id, lapses_on)
    where coalesce(l.remaining, 0) <> coalesce(m.points, 0)
),
sum_differs as (
    select
        b.member_id, format('available is %s, lots hold %s', b.available, coalesce(l.remaining, 0)) as what
    from
        balances b
        left join (select member_id, sum(remaining) as remaining from lots group by member_id) l using (member_id)
    where b.available <> coalesce(l.remaining, 0)
)
select member_id, what from lot_differs
union all
select member_id, what from sum_differs
order by member_id, what
limit $1;

-- name: audit_history
-- The member's history adds up: its points come to available less debt, its last line shows what is available.
with lines as (
    select member_id, sum(points) as points, max(seq) as last_seq
    from transfers
    where points is not null
    group by member_id
)
select
    b.member_id,
    format(
        'history comes to %s and its last line shows %s; available is %s, debt %s',
        coalesce(lines.points, 0), coalesce(t.balance_after, 0), b.available, b.debt
    ) as what
from
    balances b
    left join lines using (member_id)
    left join transfers t on t.member_id = lines.member_id and t.seq = lines.last_seq
where
    b.available - b.debt <> coalesce(lines.points, 0)
    or b.available <> coalesce(t.balance_after, 0)
order by b.member_id
limit $1;

-- name: audit_slots
-- No cap is exceeded: a slot's number is within its cap in some version of the market's terms, and has its verdict.
with caps as (
    select t.market, w.kind, max((w.way ->> 'cap_limit')::int) as most
    from terms t, jsonb_each(t.document -> 'ways') as w (kind, way)
    group by t.market, w.kind
)
select
    s.member_id,
    format('slot %s %s %s is beyond the cap of %s or has no verdict', s.kind, s.period, s.n, coalesce(c.most, 0))
        as what
from
    slots s
    join members m using (member_id)
    left join caps c on c.market = m.market and c.kind = s.kind
    left join verdicts v on v.member_id = s.member_id and v.verdict_id = s.verdict_id
where s.n < 1 or s.n > coalesce(c.most, 0) or v.verdict_id is null
order by s.member_id, s.kind, s.period, s.n
limit $1;

-- name: audit_coupons
-- No coupon without its redemption: what it cost left available, once, and its code leads to it.
with paid as (
    select member_id, source, sum(amount) as points
    from transfers
    where debit = 'available' and credit = 'redeemed'
    group by member_id, source
)
select
    c.member_id,
    format('coupon %s cost %s, redeemed for it were %s', c.coupon_id, c.cost, coalesce(p.points, 0)) as what
from
    coupons c
    left join paid p on p.member_id = c.member_id and p.source = 'redeem:' || c.coupon_id
    left join coupon_codes k on k.code = c.code and k.member_id = c.member_id and k.coupon_id = c.coupon_id
where coalesce(p.points, 0) <> c.cost or k.code is null
order by c.member_id, c.coupon_id
limit $1;

-- name: audit_overdue
-- No lot is overdue: what was to lapse more than a day ago, in its market's zone, has lapsed (R50).
with days as materialized (
    select market, today from market_days
)
select
    l.member_id, format('%s points that were to lapse on %s are still there', l.remaining, l.lapses_on) as what
from lots l join members m using (member_id) join days d using (market)
where l.remaining > 0 and l.lapses_on < d.today - 1
order by l.member_id, l.lapses_on
limit $1;

-- name: audit_lapses
-- Every lapse left its lot empty, at the midnight with which the lot's day began.
with after as (
    select
        t.member_id, t.seq, t.kind, t.lapses_on, t.occurred_at,
        sum(t.amount * ((t.credit = 'available')::int - (t.debit = 'available')::int))
            over (partition by t.member_id, t.lapses_on order by t.seq) as remaining
    from transfers t
    where t.lapses_on is not null
)
select
    a.member_id,
    format('seq %s let the lot of %s lapse at %s and left %s in it', a.seq, a.lapses_on, a.occurred_at, a.remaining)
        as what
from after a join members m using (member_id) join market_days d using (market)
where
    a.kind = 'LAPSE'
    and (a.remaining <> 0 or a.occurred_at <> a.lapses_on::timestamp at time zone d.zone)
order by a.member_id, a.seq
limit $1;

-- name: audit_outgoing
-- Events that others were told of are numbered from one to the number of the last, without a gap.
with told as (
    select member_id, count(distinct sequence) as events, min(sequence) as first, max(sequence) as last
    from outgoing
    group by member_id
)
select
    b.member_id,
    format(
        '%s events were announced; there are %s, numbered %s to %s',
        b.announced, coalesce(t.events, 0), coalesce(t.first, 0), coalesce(t.last, 0)
    ) as what
from balances b left join told t using (member_id)
where (coalesce(t.events, 0), coalesce(t.first, 1), coalesce(t.last, 0)) <> (b.announced, 1, b.announced)
order by b.member_id
limit $1;

-- name: audit_size
-- How much there is to check.
select
    (select count(*) from balances) as members,
    (select count(*) from transfers) as transfers;

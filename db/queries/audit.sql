-- Checks that must always hold for the ledger. Every query returns the rows that fail its check, the worst first, at
-- most $1: the member and a sentence about the fault. Each checks all members at once, in sets.

-- name: audit_chains
-- seq has no gaps, every hash follows from the one before it, and every head is the last transfer's hash.
select member_id, 'seq ' || seq || ' does not follow from the transfer before it' as what
from audit.broken_chains()
order by member_id
limit $1;

-- name: audit_balances
-- available, pending, debt and lifetime are the sums of the transfers, and no other account is ever below zero.
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
-- Points are neither made nor lost: a member's accounts, issuance included, sum to zero.
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
-- Pending points are the sum of the open promises.
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
-- A promise leaves pending once: by one credit if POSTED, by one cancellation if VOIDED, and not yet if PROMISED.
-- No points leave pending without a promise.
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
-- Every lot is the sum of the points put into it and taken out, and all lots together are the available points.
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
-- The member's history adds up: its points sum to available less debt, and its last line shows the available points.
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
-- No cap is exceeded: a slot's number is within its cap in some version of the market's terms.
with caps as (
    select t.market, w.kind, max((w.way ->> 'cap_limit')::int) as most
    from terms t, jsonb_each(t.document -> 'ways') as w (kind, way)
    group by t.market, w.kind
)
select
    s.member_id, format('slot %s %s %s is beyond the cap of %s', s.kind, s.period, s.n, coalesce(c.most, 0)) as what
from
    slots s
    join members m using (member_id)
    left join caps c on c.market = m.market and c.kind = s.kind
where s.n < 1 or s.n > coalesce(c.most, 0)
order by s.member_id, s.kind, s.period, s.n
limit $1;

-- name: audit_slot_verdicts
-- Every slot belongs to a verdict of its kind, and that verdict's promises are named after the slot. A capped activity
-- that was ever promised points has exactly one slot, even if the points were cancelled later (R35, R70); any other
-- activity has none. One exception: an erased person who joins again has the slots of once-only points taken from the
-- start, by the sign-up's verdict (R71).
with taken as (
    select
        s.member_id, s.verdict_id, s.kind, count(*) as times,
        min(concat_ws(':', lower(s.kind), nullif(s.period, ''))) as name,
        min(concat_ws(':', lower(s.kind), nullif(s.period, ''), s.n)) as numbered
    from slots s
    group by s.member_id, s.verdict_id, s.kind
),
capped as (
    select member_id, verdict_id, v.kind, min(p.source) as source
    from verdicts v join promises p using (member_id, verdict_id)
    where v.cap is not null and v.kind <> 'FUEL'
    group by member_id, verdict_id, v.kind
),
found as (
    select
        member_id, verdict_id, kind as slot_kind, coalesce(t.times, 0) as times, t.name, t.numbered, c.source
    from taken t full join capped c using (member_id, verdict_id, kind)
)
select
    member_id,
    format('verdict %s has %s slots of %s', verdict_id, f.times, f.slot_kind)
    || case
        when v.kind is null then ', and is not there'
        else format(' and is %s %s %s', v.kind, v.outcome, v.code) || coalesce(', for ' || f.source, '')
    end as what
from found f left join verdicts v using (member_id, verdict_id)
where
    case
        when v.kind is null then true
        when v.kind = 'SIGN_UP' and f.slot_kind = 'APP_SIGN_IN' then f.times <> 1
        when v.kind = 'SIGN_UP' and v.code = 'ALREADY_GRANTED' then f.times <> 1
        else f.source is null or f.times <> 1 or f.source not in (f.name, f.numbered)
    end
order by member_id, verdict_id
limit $1;

-- name: audit_fuel_days
-- Every fuel day belongs to one FUEL verdict, each FUEL verdict that took a day has it, and a streak counts the days
-- in a row (R17-R19).
with days as (
    select
        member_id, day, streak, 'fuel:' || to_char(day, 'YYYY-MM-DD') as business_key,
        case
            when lag(day) over w = day - 1 then lag(streak) over w
            else 0
        end + 1 as streak_expected
    from fuel_days
    window w as (partition by member_id order by day)
),
claimed as (
    select member_id, business_key, verdict_id
    from verdicts
    where kind = 'FUEL' and business_key is not null
)
select
    member_id,
    case
        when d.day is null then format('verdict %s collected %s, and that day is not kept', c.verdict_id, business_key)
        when c.verdict_id is null then format('the fuel day %s has no verdict', d.day)
        else format('the fuel day %s says day %s of a streak, and is day %s', d.day, d.streak, d.streak_expected)
    end as what
from days d full join claimed c using (member_id, business_key)
where d.day is null or c.verdict_id is null or d.streak <> d.streak_expected
order by member_id, business_key
limit $1;

-- name: audit_coupons
-- Every coupon was paid for by one redemption of its cost, and every redemption bought one coupon. An order keeps the
-- coupon that was used on it, permanently (R44).
with paid as (
    select
        member_id, source, sum(amount) as points, count(distinct entry_seq) as times,
        (array_agg(verdict_id))[1] as verdict_id, min(seq) as seq
    from transfers
    where credit = 'redeemed'
    group by member_id, source
),
bought as (
    select member_id, coupon_id, code, cost, 'redeem:' || coupon_id as source from coupons
),
redemptions_differ as (
    select
        coalesce(b.member_id, p.member_id) as member_id,
        case
            when b.coupon_id is null
                then format('seq %s redeems %s points, and there is no coupon for them', p.seq, p.points)
            else format(
                'coupon %s cost %s, redeemed for it were %s in %s lines of history%s', b.coupon_id, b.cost,
                coalesce(p.points, 0), coalesce(p.times, 0), case when v.verdict_id is null then ' without its verdict' end
            )
        end as what
    from
        bought b
        full join paid p using (member_id, source)
        left join verdicts v
            on v.member_id = p.member_id and v.verdict_id = p.verdict_id and v.kind = 'REDEMPTION'
            and v.business_key = p.source and v.reference = b.code and v.points = -b.cost
    where p.points is distinct from b.cost or p.times is distinct from 1 or v.verdict_id is null
),
uses_differ as (
    select
        coalesce(c.member_id, o.member_id) as member_id,
        format(
            'coupon %s was used on order %s, and order %s holds %s for good', coalesce(c.coupon_id::text, 'none'),
            coalesce(c.order_number, 'none'), coalesce(o.order_number, 'none'), coalesce(o.coupon_id::text, 'none')
        ) as what
    from
        (select member_id, coupon_id, order_number from coupons where state = 'USED') c
        full join (select * from order_coupons where held_until = 'infinity') o
            on o.member_id = c.member_id and o.coupon_id = c.coupon_id and o.order_number = c.order_number
    where c.coupon_id is null or o.coupon_id is null
)
select member_id, what from redemptions_differ
union all
select member_id, what from uses_differ
order by member_id, what
limit $1;

-- name: audit_overdue
-- No lot is overdue: points that were to lapse more than a day ago, in their market's zone, have lapsed (R50).
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
-- Every lapse left its lot empty, at the midnight that began the lot's day.
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

-- name: audit_verdicts
-- A verdict's points are the sum of its transfers and promises (R60). An activity's points are the points it promised.
-- A purchase's points are those credited under it or, while it waits, those promised when it was recorded. Every other
-- verdict's points are those it credited less those it took. A refused verdict credits nothing, and one that waits for
-- a person has moved nothing. Every transfer except a lapse has a verdict.
with moved as (
    select
        member_id, verdict_id,
        coalesce(sum(amount) filter (where credit = 'pending'), 0) as promised,
        coalesce(sum(amount) filter (where credit = 'pending' and promise_id is not null), 0) as promised_at_first,
        coalesce(sum(amount) filter (where credit = 'available'), 0) as credited,
        coalesce(sum(amount) filter (where credit in ('redeemed', 'revoked')), 0) as taken
    from transfers
    where kind <> 'LAPSE'
    group by member_id, verdict_id
),
promised as (
    select
        member_id, verdict_id,
        coalesce(sum(points) filter (where state = 'PROMISED'), 0) as open,
        coalesce(sum(points) filter (where state = 'POSTED'), 0) as posted,
        coalesce(sum(points) filter (where state = 'VOIDED'), 0) as void
    from promises
    group by member_id, verdict_id
),
verdicts_with as (
    select
        member_id, verdict_id, v.kind, v.outcome, v.points,
        coalesce(m.promised, 0) as promised, coalesce(m.promised_at_first, 0) as promised_at_first,
        coalesce(m.credited, 0) as credited, coalesce(m.taken, 0) as taken,
        coalesce(p.open, 0) as open, coalesce(p.posted, 0) as posted, coalesce(p.void, 0) as void
    from
        verdicts v
        full join moved m using (member_id, verdict_id)
        full join promised p using (member_id, verdict_id)
)
select
    member_id,
    case
        when verdict_id is null then 'points moved under no verdict'
        when kind is null then format('points moved under the verdict %s, which is not there', verdict_id)
        else format('verdict %s is %s %s of %s points', verdict_id, kind, outcome, points)
    end
    || format(
        '; promised %s, credited %s, took %s; open %s, posted %s, void %s', promised, credited, taken, open, posted, void
    ) as what
from verdicts_with
where
    case
        when kind is null then true
        when kind = 'PURCHASE' and outcome = 'WAITING' then points <> promised_at_first or open = 0 or taken <> 0
        when kind = 'PURCHASE' then points <> credited or taken <> 0
        when outcome = 'REFUSED' then (points, credited, taken, open, posted) <> (0, 0, 0, 0, 0) or promised <> void
        when outcome = 'WAITING' then
            (promised, open, credited, taken, posted, void) <> (greatest(points, 0), greatest(points, 0), 0, 0, 0, 0)
        when kind in ('REDEMPTION', 'CLAWBACK') then (points, promised + open + posted + void) <> (-taken, 0)
        when kind = 'ADJUSTMENT' then (points, open, promised) <> (credited - taken, 0, posted + void)
        else
            (points, points, credited, taken) <> (promised, open + posted + void, posted, 0)
    end
order by member_id, verdict_id
limit $1;

-- name: audit_promised
-- As many points went into pending as were promised for the same source, and they left as promised: either credited as
-- the promise's kind, into its lot, and at its moment if it had one; or void, for the same source and under the same
-- verdict. Points credited after an order's verdict was final have a verdict of their own (R60).
with pended as (
    select member_id, source, sum(amount) as points
    from transfers
    where credit = 'pending'
    group by member_id, source
),
promised as (
    select member_id, source, sum(points) as points
    from promises
    group by member_id, source
),
sums_differ as (
    select
        member_id,
        format(
            'for %s went %s points into pending, its promises come to %s', source, coalesce(t.points, 0),
            coalesce(p.points, 0)
        ) as what
    from pended t full join promised p using (member_id, source)
    where t.points is distinct from p.points
),
left_otherwise as (
    select
        t.member_id,
        format(
            'seq %s moves promise %s (%s) out of pending otherwise than it was promised', t.seq, p.promise_id, p.source
        ) as what
    from
        transfers t
        join promises p using (member_id, promise_id)
        left join verdicts late
            on t.verdict_id <> p.verdict_id and late.member_id = t.member_id and late.verdict_id = t.verdict_id
            and late.kind = 'PURCHASE' and p.source = 'order:' || late.reference
    where
        t.debit = 'pending'
        and (
            t.source <> p.source
            or t.kind <> case when t.credit = 'available' then p.kind else 'VOID' end
            or (t.credit = 'available' and (t.lapses_on <> p.lapses_on or t.occurred_at <> p.due_at))
            or (t.verdict_id is distinct from p.verdict_id and late.verdict_id is null)
        )
)
select member_id, what from sums_differ
union all
select member_id, what from left_otherwise
order by member_id, what
limit $1;

-- name: audit_clawbacks
-- For each part of an order, no more points are taken back than were credited for it (R32). A clawback took the points
-- it states, less those that had lapsed, and no lot is waived more points than lapsed of it (R36). An order's void
-- promises were cancelled by its returns, or forfeited when its member left (R5). A removed review or share loses the
-- points credited for it, once.
with of_orders as (
    select v.member_id, v.verdict_id, v.reference as number, v.points, v.facts
    from verdicts v
    where v.kind = 'CLAWBACK' and v.reference is not null
),
taken as (
    select o.member_id, o.number, t.part, sum(t.points::bigint) as points
    from of_orders o, jsonb_each_text(o.facts -> 'taken') as t (part, points)
    group by o.member_id, o.number, t.part
),
cancelled as (
    select o.member_id, o.number, sum(t.points::bigint) as points
    from of_orders o, jsonb_each_text(o.facts -> 'cancelled') as t (part, points)
    group by o.member_id, o.number
),
of_parts as (
    select
        o.member_id, o.number, p.part,
        coalesce(sum(p.points) filter (where p.state = 'POSTED'), 0) as credited,
        coalesce(sum(p.points) filter (where p.state = 'VOIDED'), 0) as void
    from orders o join promises p using (member_id, verdict_id)
    group by o.member_id, o.number, p.part
),
voided as (
    select member_id, number, sum(void) as points from of_parts group by member_id, number
),
waived as (
    select v.member_id, w.day, sum(w.points::bigint) as points
    from verdicts v, jsonb_each_text(v.facts -> 'waived') as w (day, points)
    where v.kind = 'CLAWBACK'
    group by v.member_id, w.day
),
approved as (
    select v.member_id, p.lapses_on::text as day, v.points + sum(p.points) as points
    from verdicts v join promises p on p.member_id = v.member_id and p.verdict_id::text = v.facts ->> 'of'
    where v.kind = 'CLAWBACK' and v.outcome = 'GRANTED' and p.state = 'POSTED'
    group by v.member_id, v.verdict_id, v.points, p.lapses_on
),
waived_twice as (
    select
        w.member_id,
        format('of the lot of %s, %s were waived and %s had lapsed', w.day, sum(w.points), coalesce(min(l.points), 0))
            as what
    from
        (select * from waived union all select * from approved) w
        left join (
            select member_id, lapses_on::text as day, sum(amount) as points
            from transfers
            where kind = 'LAPSE'
            group by member_id, lapses_on
        ) l using (member_id, day)
    where w.points > 0
    group by w.member_id, w.day
    having sum(w.points) > coalesce(min(l.points), 0)
),
too_much as (
    select
        member_id, format('of %s of order %s, %s was taken back and %s credited', part, number, t.points,
            coalesce(p.credited, 0)) as what
    from taken t left join of_parts p using (member_id, number, part)
    where t.points > coalesce(p.credited, 0)
),
not_cancelled as (
    select
        member_id,
        format('%s points of order %s are void, its returns cancelled %s', coalesce(v.points, 0), number,
            coalesce(c.points, 0)) as what
    from voided v full join cancelled c using (member_id, number) join members m using (member_id)
    where
        case
            when m.state = 'CLOSED' then coalesce(v.points, 0) < coalesce(c.points, 0)
            else coalesce(v.points, 0) <> coalesce(c.points, 0)
        end
),
says_otherwise as (
    select
        o.member_id,
        format('clawback %s of order %s takes %s, and its parts come to %s', o.verdict_id, o.number, -o.points,
            coalesce(t.points, 0) - coalesce(w.points, 0)) as what
    from
        of_orders o
        cross join lateral (select sum(points::bigint) from jsonb_each_text(o.facts -> 'taken') as t (part, points))
            as t (points)
        cross join lateral (select sum(points::bigint) from jsonb_each_text(o.facts -> 'waived') as w (day, points))
            as w (points)
    where -o.points <> coalesce(t.points, 0) - coalesce(w.points, 0)
),
of_activities as (
    select v.member_id, v.verdict_id, v.facts ->> 'of' as of_verdict, v.outcome, v.points, v.facts -> 'waived' as waived
    from verdicts v
    where v.kind = 'CLAWBACK' and v.reference is null and v.outcome in ('REVERSED', 'GRANTED')
),
removed_otherwise as (
    select
        a.member_id,
        format('clawback %s takes %s of verdict %s, which was credited %s', a.verdict_id, -a.points, a.of_verdict,
            coalesce(p.posted, 0)) as what
    from
        of_activities a
        left join verdicts v on v.member_id = a.member_id and v.verdict_id::text = a.of_verdict
        cross join lateral (
            select coalesce(sum(p.points), 0) as posted
            from promises p
            where p.member_id = v.member_id and p.verdict_id = v.verdict_id and p.state = 'POSTED'
        ) p
        cross join lateral (select coalesce(sum(points::bigint), 0) from jsonb_each_text(a.waived) as w (day, points))
            as w (points)
    where
        v.verdict_id is null or p.posted < w.points - a.points
        or (a.outcome = 'REVERSED' and p.posted > w.points - a.points)
)
select member_id, what from too_much
union all
select member_id, what from waived_twice
union all
select member_id, what from not_cancelled
union all
select member_id, what from says_otherwise
union all
select member_id, what from removed_otherwise
order by member_id, what
limit $1;

-- name: audit_orders
-- Every order has its verdict, and every such verdict has its order. Late credits, clawbacks and facts of an order name
-- an order of the same member.
with orders_differ as (
    select
        member_id,
        case
            when o.number is null then format('the verdict %s is on %s, which is not there', v.verdict_id, business_key)
            else format('order %s names verdict %s, and its own is %s', o.number, o.verdict_id, v.verdict_id)
        end as what
    from
        (select member_id, number, verdict_id, 'order:' || number as business_key from orders) o
        full join (
            select member_id, verdict_id, business_key, reference
            from verdicts
            where kind = 'PURCHASE' and business_key like 'order:%'
        ) v using (member_id, business_key)
    where o.verdict_id is distinct from v.verdict_id or v.reference <> o.number
),
verdicts_without as (
    select v.member_id, format('the verdict %s is on order %s, which is not there', v.verdict_id, v.reference) as what
    from verdicts v left join orders o on o.member_id = v.member_id and o.number = v.reference
    where v.kind in ('PURCHASE', 'CLAWBACK') and v.reference is not null and o.number is null
),
facts_without as (
    select f.member_id, format('%s is about order %s, which is not there', f.fact_key, f.number) as what
    from order_facts f left join orders o using (member_id, number)
    where o.number is null
),
kept_without as (
    select k.member_id, format('%s of order %s is kept, and there is no such fact', k.fact_key, k.number) as what
    from kept_facts k left join order_facts f using (member_id, number, fact_key)
    where f.fact_key is null
)
select member_id, what from orders_differ
union all
select member_id, what from verdicts_without
union all
select member_id, what from facts_without
union all
select member_id, what from kept_without
order by member_id, what
limit $1;

-- name: audit_order_points
-- The points that an order shows are those of the ledger: the lines of history under its verdicts come to its posted
-- promises, less what its clawbacks took. The same lines, found by their sources, come to the same.
with shown as (
    select o.member_id, o.number, o.verdict_id, coalesce(sum(t.points), 0) as points
    from
        orders o
        left join verdicts v
            on v.member_id = o.member_id and v.reference = o.number and v.kind in ('PURCHASE', 'CLAWBACK')
        left join transfers t on t.member_id = v.member_id and t.verdict_id = v.verdict_id and t.points is not null
    group by o.member_id, o.number, o.verdict_id
),
posted as (
    select member_id, verdict_id, sum(points) as points
    from promises
    where state = 'POSTED'
    group by member_id, verdict_id
),
taken as (
    select member_id, reference as number, -sum(points) as points
    from verdicts
    where kind = 'CLAWBACK' and reference is not null
    group by member_id, reference
),
credited as (
    select member_id, source, sum(points) as points
    from transfers
    where points is not null and source like 'order:%'
    group by member_id, source
)
select
    s.member_id,
    format('order %s shows %s points, %s were posted, %s credited, and %s taken', s.number, s.points,
        coalesce(p.points, 0), coalesce(c.points, 0), coalesce(k.points, 0)) as what
from
    shown s
    left join posted p using (member_id, verdict_id)
    left join taken k using (member_id, number)
    left join credited c on c.member_id = s.member_id and c.source = 'order:' || s.number
where
    s.points <> coalesce(p.points, 0) - coalesce(k.points, 0)
    or coalesce(c.points, 0) <> coalesce(p.points, 0)
order by s.member_id, s.number
limit $1;

-- name: audit_order_contents
-- Every order is as the shop recorded it: its content has the hash stored with it, over the text that `content_text` in
-- loyalty/ledger/decide.py makes. That text names the buyer, so orders of erased members (R71) are not checked.
with order_texts as (
    select
        o.member_id, o.number, o.content_hash,
        '[' || concat_ws(
            ', ',
            to_json(a.mi_id), to_json(o.number),
            '"' || to_char(o.placed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS')
            || case when o.placed_at <> date_trunc('second', o.placed_at) then to_char(o.placed_at, '.US') else '' end
            || '+00:00"',
            to_json(o.currency), lines.content, parcels.content, o.shipping_minor, o.discount_minor
        ) || ']' as content
    from
        orders o
        join mi_accounts a using (member_id)
        cross join lateral (
            select '[' || coalesce(string_agg(line.content, ', ' order by n), '') || ']' as content
            from
                jsonb_array_elements(o.lines) with ordinality as l (line, n)
                cross join lateral (
                    select
                        '{' || string_agg(to_json(key)::text || ': ' || value::text, ', ' order by key collate "C") || '}'
                            as content
                    from jsonb_each(l.line)
                ) line
        ) lines
        cross join lateral (
            select '[' || coalesce(string_agg(parcel.content, ', ' order by n), '') || ']' as content
            from
                jsonb_array_elements(o.parcels) with ordinality as p (parcel, n)
                cross join lateral (
                    select
                        '{' || string_agg(
                            to_json(key)::text || ': ' || coalesce(pieces.content, value::text), ', ' order by key collate "C"
                        ) || '}' as content
                    from
                        jsonb_each(p.parcel)
                        cross join lateral (
                            select
                                '{' || string_agg(
                                    to_json(piece.key)::text || ': ' || piece.value::text, ', '
                                    order by piece.key collate "C"
                                ) || '}' as content
                            from jsonb_each(case when jsonb_typeof(value) = 'object' then value end) as piece
                        ) pieces
                ) parcel
        ) parcels
)
select member_id, format('order %s differs from what the shop recorded', number) as what
from order_texts
where sha256(convert_to(content, 'UTF8')) <> content_hash
order by member_id, number
limit $1;

-- name: audit_lookups
-- Every order number, tracking number and coupon code points to the order or coupon that has it, and every order and
-- coupon is found by its own. An order has the parcels it was recorded with, at once or later, those the shop named for
-- its consignments, and those that somebody else named together with its number.
with recorded as (
    select
        o.member_id, o.number, p.parcel ->> 'tracking_number' as tracking_number,
        array_agg(p.parcel ->> 'carrier') as carriers
    from orders o, jsonb_array_elements(o.parcels) as p (parcel)
    group by o.member_id, o.number, p.parcel ->> 'tracking_number'
),
shipped as (
    select
        f.member_id, f.number, f.content ->> 'tracking_number' as tracking_number,
        array_agg(f.content ->> 'carrier') as carriers
    from order_facts f
    where f.content ->> 'tracking_number' is not null
    group by f.member_id, f.number, f.content ->> 'tracking_number'
),
needed as (
    select member_id, number, tracking_number from recorded
    union
    select member_id, number, content ->> 'tracking_number' from order_facts
    where kind = 'ParcelRecorded' or (content ? 'consignment' and content ->> 'tracking_number' is not null)
),
parcels as (
    select
        member_id, number, tracking_number,
        coalesce(r.carriers, '{}') || coalesce(t.carriers, '{}') as carriers
    from recorded r full join shipped t using (member_id, number, tracking_number)
)
select member_id, 'order number ' || number || ' leads ' || case when o.number is null then 'nowhere' else 'not here' end
    as what
from orders o full join order_numbers n using (member_id, number)
where o.number is null or n.number is null
union all
select
    member_id,
    format('tracking number %s of order %s leads ', tracking_number, number)
    || case when p.number is null then 'nowhere' else 'not here' end
from
    parcels p
    full join tracking_numbers t using (member_id, number, tracking_number)
    left join needed n using (member_id, number, tracking_number)
where
    p.number is null or (t.number is null and n.number is not null)
    or (t.number is not null and array_position(p.carriers, t.carrier) is null)
union all
select member_id, 'coupon code ' || code || ' leads ' || case when c.coupon_id is null then 'nowhere' else 'not here' end
from coupons c full join coupon_codes k using (member_id, coupon_id, code)
where c.code is null or k.code is null
union all
select o.member_id, format('order %s holds coupon %s, which is not there', o.order_number, o.coupon_id)
from order_coupons o left join coupons c using (member_id, coupon_id)
where c.coupon_id is null
order by member_id, what
limit $1;

-- name: audit_requests
-- Every answer stored under an idempotency key (R61) points to a member, a verdict, a coupon and an order that exist.
with answers as (
    select
        coalesce(r.member_id, r.caller_id) as about, r.member_id, r.key, r.answer ->> 'type' as type,
        r.answer ->> 'member_id' as member, r.answer ->> 'verdict_id' as verdict, r.answer ->> 'coupon_id' as coupon,
        case when r.answer ->> 'type' = 'OrderRecorded' then r.answer ->> 'number' end as number
    from requests r
)
select
    a.about as member_id,
    format(
        'key %s was answered %s of member %s%s%s%s, which is not there', a.key, a.type, a.member,
        ', verdict ' || a.verdict, ', coupon ' || a.coupon, ', order ' || a.number
    ) as what
from
    answers a
    left join members m on m.member_id = a.member_id
    left join verdicts v on v.member_id = a.member_id and v.verdict_id::text = a.verdict
    left join coupons c on c.member_id = a.member_id and c.coupon_id::text = a.coupon
    left join orders o on o.member_id = a.member_id and o.number = a.number
where
    (a.member_id is not null and m.member_id is null)
    or a.member <> a.member_id::text or (a.member is not null and a.member_id is null)
    or (a.verdict is not null and v.verdict_id is null)
    or (a.coupon is not null and c.coupon_id is null)
    or (a.number is not null and o.number is null)
order by a.about, a.key
limit $1;

-- name: audit_outgoing
-- Outgoing events are numbered from one to the number of the last, without a gap.
with numbered as (
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
from balances b left join numbered t using (member_id)
where (coalesce(t.events, 0), coalesce(t.first, 1), coalesce(t.last, 0)) <> (b.announced, 1, b.announced)
order by b.member_id
limit $1;

-- name: audit_size
-- The numbers of members and transfers to check.
select
    (select count(*) from balances) as members,
    (select count(*) from transfers) as transfers;

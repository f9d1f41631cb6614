-- What the API shows. Nothing here writes or locks; every statement names the members first.

-- name: members_by_mi_id
-- Members with their balances, by Mi account id, as of the programme's moment.
select
    m.member_id, a.mi_id, m.market, m.time_zone, m.zone_before, m.zone_since, m.joined_at, m.state,
    b.available, b.pending, b.debt, b.lifetime, programme_now() as now
from mi_accounts a
join members m using (member_id)
join balances b using (member_id)
where a.mi_id = any($1::text[]);

-- name: members_by_id
-- The same by member id; an erased person has no Mi account any more and is not shown.
select
    m.member_id, a.mi_id, m.market, m.time_zone, m.zone_before, m.zone_since, m.joined_at, m.state,
    b.available, b.pending, b.debt, b.lifetime, programme_now() as now
from members m
join mi_accounts a using (member_id)
join balances b using (member_id)
where m.member_id = any($1::uuid[]);

-- name: erased_member
-- A member whose person was erased, under its pseudonym: for answers given before that are asked for again (R61, R71).
select
    m.member_id, m.member_id::text as mi_id, m.market, m.time_zone, m.zone_before, m.zone_since, m.joined_at, m.state,
    b.available, b.pending, b.debt, b.lifetime, programme_now() as now
from members m
join balances b using (member_id)
where m.member_id = $1;

-- name: notices_page
-- What a member was told, newest first. $2, $3: only what lies after this place of the list; $4 the most rows.
select member_id, notice_id, kind, points, lapses_on, reference, created_at, sent_at
from notices
where member_id = $1 and ($3::uuid is null or (created_at, notice_id) < ($2::timestamptz, $3))
order by created_at desc, notice_id desc
limit $4;

-- name: notices_by_id
select member_id, notice_id, kind, points, lapses_on, reference, created_at, sent_at
from notices
where (member_id, notice_id) in (select * from unnest($1::uuid[], $2::uuid[]));

-- name: entries_forwards
-- A member's history, newest first: the transfers that carry a line of it. $2, $3: only what lies after and before
-- these positions of the list; $4 kinds; $5 since, $6 until (excluded); $7 the most rows.
select
    member_id, seq, kind, points, balance_after, occurred_at, reference, reverses, verdict_id
from transfers
where
    member_id = $1 and points is not null
    and seq < coalesce($2, 9223372036854775807) and seq > coalesce($3, 0)
    and ($4::text[] is null or kind = any($4))
    and ($5::timestamptz is null or occurred_at >= $5)
    and ($6::timestamptz is null or occurred_at < $6)
order by seq desc
limit $7;

-- name: entries_backwards
-- The same from its end: oldest first.
select
    member_id, seq, kind, points, balance_after, occurred_at, reference, reverses, verdict_id
from transfers
where
    member_id = $1 and points is not null
    and seq < coalesce($2, 9223372036854775807) and seq > coalesce($3, 0)
    and ($4::text[] is null or kind = any($4))
    and ($5::timestamptz is null or occurred_at >= $5)
    and ($6::timestamptz is null or occurred_at < $6)
order by seq
limit $7;

-- name: entries_by_seq
select
    member_id, seq, kind, points, balance_after, occurred_at, reference, reverses, verdict_id
from transfers
where
    (member_id, seq) in (select * from unnest($1::uuid[], $2::bigint[]))
    and points is not null;

-- name: entries_of_verdicts
select
    member_id, seq, kind, points, balance_after, occurred_at, reference, reverses, verdict_id
from transfers
where
    (member_id, verdict_id) in (select * from unnest($1::uuid[], $2::uuid[]))
    and points is not null
order by member_id, seq;

-- name: pending_page
-- What is promised to a member and open, soonest first; what waits for something else than time comes last.
-- $2, $3: only what lies after this place of the list; $4 the most rows.
select
    member_id, promise_id, verdict_id, kind, points, promised_at, due_at, awaiting, reference
from promises
where
    member_id = $1 and state = 'PROMISED'
    and (
        $3::uuid is null
        or (coalesce(due_at, 'infinity'), promise_id) > (coalesce($2::timestamptz, 'infinity'), $3)
    )
order by due_at, promise_id
limit $4;

-- name: promises_by_id
select
    member_id, promise_id, verdict_id, kind, points, promised_at, due_at, awaiting, reference
from promises
where (member_id, promise_id) in (select * from unnest($1::uuid[], $2::uuid[])) and state = 'PROMISED';

-- name: promises_of_verdicts
select
    member_id, promise_id, verdict_id, kind, points, promised_at, due_at, awaiting, reference
from promises
where (member_id, verdict_id) in (select * from unnest($1::uuid[], $2::uuid[])) and state = 'PROMISED'
order by member_id, due_at, promise_id;

-- name: coupons_forwards
-- A member's coupons, newest first, as they are by the clock, whether or not a worker has got to them.
-- $2, $3 and $4, $5: only what lies after and before these places of the list; $6 states; $7 the most.
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
-- The same from its end: oldest first.
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

-- name: coupons_by_id
select
    member_id, coupon_id, code, reward_id, value_minor, currency, minimum_minor, cost, state, issued_at, expires_at,
    reserved_until, order_number
from coupons_now
where (member_id, coupon_id) in (select * from unnest($1::uuid[], $2::uuid[]));

-- name: verdicts_page
-- A member's verdicts, newest first. $2, $3: only what lies after this place of the list; $4 outcomes; $5 the most.
select
    member_id, verdict_id, kind, outcome, code, points, reference, decided_at, terms_version, campaign_ids, cap,
    kind = 'CLAWBACK' and outcome = 'GRANTED' and points = 0 and exists (
        select from promises p
        where p.member_id = v.member_id and p.verdict_id::text = v.facts ->> 'of' and p.state = 'POSTED'
    ) as had_lapsed
from verdicts v
where
    member_id = $1
    and ($3::uuid is null or (decided_at, verdict_id) < ($2::timestamptz, $3))
    and ($4::text[] is null or outcome = any($4))
order by decided_at desc, verdict_id desc
limit $5;

-- name: verdicts_by_id
select
    member_id, verdict_id, kind, outcome, code, points, reference, decided_at, terms_version, campaign_ids, cap,
    kind = 'CLAWBACK' and outcome = 'GRANTED' and points = 0 and exists (
        select from promises p
        where p.member_id = v.member_id and p.verdict_id::text = v.facts ->> 'of' and p.state = 'POSTED'
    ) as had_lapsed
from verdicts v
where (member_id, verdict_id) in (select * from unnest($1::uuid[], $2::uuid[]));

-- name: lapsing_lots
-- What lapses when, soonest first; points that never lapse are in the lot of 9999-12-31.
select lapses_on, remaining
from lots
where member_id = $1 and remaining > 0 and lapses_on < date '9999-12-31'
order by lapses_on;

-- name: slots_of_periods
-- The slots of a member's caps taken in these periods, such as 2026-11 or, for caps that never reset, nothing.
select kind, period, n
from slots
where member_id = $1 and period = any($2::text[]);

-- name: recent_fuel_days
select day, streak, bonuses
from fuel_days
where member_id = $1 and day >= $2
order by day;

-- name: owner_of_order
select member_id from order_numbers where number = $1;

-- name: orders_by_number
-- Orders with the facts known of them, and their points: credited with clawbacks taken off, and still promised.
select
    o.member_id, o.number, o.verdict_id, o.placed_at, o.currency, o.lines, o.parcels, o.shipping_minor,
    o.discount_minor, o.terms_version, o.campaign_ids, m.market,
    (
        select coalesce(jsonb_agg(jsonb_build_array(f.kind, f.content, f.occurred_at)), '[]')
        from order_facts f
        where f.member_id = o.member_id and f.number = o.number
    ) as facts,
    (
        select coalesce(sum(t.points), 0)::bigint
        from transfers t
        where
            t.member_id = o.member_id and t.points is not null
            and t.verdict_id in (
                select o.verdict_id
                union all
                select v.verdict_id from verdicts v
                where v.member_id = o.member_id and v.reference = o.number and v.outcome = 'REVERSED'
            )
    ) as points_credited,
    (
        select coalesce(sum(p.points), 0)::bigint
        from promises p
        where p.member_id = o.member_id and p.verdict_id = o.verdict_id and p.state = 'PROMISED'
    ) as points_pending
from orders o
join members m using (member_id)
where (o.member_id, o.number) in (select * from unnest($1::uuid[], $2::text[]));

-- name: stock_of_rewards
select reward_id, stock_left from rewards where reward_id = any($1::text[]);

-- name: why
-- What was decided about one member ($1, null: none) and why, as rows of a source, a moment and facts, newest first: all of
-- it, or what concerns an order ($2) or a coupon by its code ($3). $4: the hash of the person, for refusals before joining;
-- $5: the most rows of each source. Another member's order has no rows. Deliveries are looked up by their keys.
with asked as (
    select
        $2::text as number, $3::text as code, $2::text is null and $3::text is null as is_all,
        not exists (select from order_numbers n where n.number = $2 and n.member_id <> $1) as is_own
),
own_orders as (
    select o.number
    from orders o cross join asked a
    where o.member_id = $1 and (a.is_all or o.number = a.number)
),
verdict_rows as (
    select
        'VERDICT' as source, v.decided_at as at,
        jsonb_build_object(
            'kind', v.kind, 'outcome', v.outcome, 'code', v.code, 'points', v.points, 'reference', v.reference,
            'terms', v.terms_version
        ) || coalesce(
            case when v.kind in ('CLAWBACK', 'ADJUSTMENT') then taking_of(v.member_id, v.verdict_id) end, '{}'
        ) as facts
    from verdicts v cross join asked a
    where
        v.member_id = $1 and (
            a.is_all or (v.reference = a.number and v.kind in ('PURCHASE', 'CLAWBACK'))
            or (v.reference = a.code and v.kind in ('REDEMPTION', 'ADJUSTMENT'))
        )
    order by v.decided_at desc
    limit $5
),
refusal_rows as (
    select 'REFUSAL' as source, r.answered_at as at, r.answer as facts
    from requests r cross join asked a
    where
        r.member_id = $1 and r.answer ? 'code' and (
            a.is_all or r.answer #>> '{request,about,order}' = a.number
            or r.answer #>> '{request,about,coupon}' = a.code
        )
    order by r.answered_at desc
    limit $5
),
refusals_before_joining as (
    select 'REFUSAL' as source, r.answered_at as at, r.answer as facts
    from requests r cross join asked a
    where a.is_all and r.answer ? 'person_hash' and r.answer ->> 'person_hash' = $4::text
    order by r.answered_at desc
    limit $5
),
wait_rows as (
    select
        'WAIT' as source, p.promised_at as at,
        jsonb_build_object(
            'kind', p.kind, 'points', p.points, 'awaiting', p.awaiting, 'due_at', p.due_at, 'reference', p.reference
        ) as facts
    from promises p cross join asked a
    where p.member_id = $1 and p.state = 'PROMISED' and (a.is_all or p.source = 'order:' || a.number)
    order by p.promised_at desc
    limit $5
),
fact_rows as (
    select
        case when k.fact_key is null then 'FACT' else 'KEPT_FACT' end as source, f.told_at as at,
        jsonb_build_object(
            'number', f.number, 'kind', f.kind, 'producer', f.producer, 'event_id', f.event_id,
            'tracking_number', f.content ->> 'tracking_number'
        ) as facts
    from own_orders o
    join order_facts f on f.member_id = $1 and f.number = o.number
    left join kept_facts k on (k.member_id, k.number, k.fact_key) = (f.member_id, f.number, f.fact_key)
    order by f.told_at desc
    limit $5
),
deliveries_of_orders as (
    select i.producer, i.event_id
    from (
        select a.number from asked a where a.is_own and a.number is not null
        union
        select o.number from own_orders o
    ) n
    cross join lateral (
        select i.producer, i.event_id from inbox i where i.order_number = n.number and i.state <> 'APPLIED' offset 0
    ) i
    union
    select i.producer, i.event_id
    from own_orders o
    join tracking_numbers t on t.member_id = $1 and t.number = o.number
    cross join lateral (
        select i.producer, i.event_id
        from inbox i
        where i.tracking_number = t.tracking_number and i.state = 'PARKED'
        offset 0
    ) i
),
delivery_rows as (
    select
        'DELIVERY' as source, i.received_at as at,
        jsonb_build_object(
            'producer', i.producer, 'event_id', i.event_id, 'type', i.type, 'state', i.state, 'attempts', i.attempts,
            'error', i.error, 'number', i.order_number
        ) as facts
    from deliveries_of_orders d
    cross join lateral (select * from inbox where producer = d.producer and event_id = d.event_id limit 1) i
    order by i.received_at desc
    limit $5
),
coupon_rows as (
    select
        'COUPON' as source, c.state_since as at,
        jsonb_build_object(
            'code', c.code, 'state', c.state, 'number', c.order_number, 'expires_at', c.expires_at,
            'reserved_until', c.reserved_until
        ) as facts
    from coupons_now c cross join asked a
    where c.member_id = $1 and (a.is_all or c.code = a.code or c.order_number = a.number)
    order by c.state_since desc
    limit $5
),
operator_rows as (
    select
        'OPERATOR' as source, l.done_at as at,
        jsonb_build_object('actor', l.actor, 'action', l.action, 'reason', l.reason) as facts
    from operator_log l cross join asked a
    where l.member_id = $1 and a.is_all
    order by l.done_at desc
    limit $5
),
member_rows as (
    select
        'MEMBER' as source, coalesce(m.state_since, m.joined_at) as at, jsonb_build_object('state', m.state) as facts
    from members m
    where m.member_id = $1
),
order_rows as (
    select
        'ORDER' as source, programme_now() as at,
        jsonb_build_object('number', a.number, 'is_own', a.is_own) as facts
    from asked a
    where a.number is not null and not exists (select from own_orders)
)
select found.source, found.at, found.facts
from (
    select * from verdict_rows
    union all select * from refusal_rows
    union all select * from refusals_before_joining
    union all select * from wait_rows
    union all select * from fact_rows
    union all select * from delivery_rows
    union all select * from coupon_rows
    union all select * from operator_rows
    union all select * from member_rows
    union all select * from order_rows
) found
order by found.at desc, found.source;

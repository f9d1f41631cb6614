-- name: member_to_judge
-- Everything a decision about one member reads, as of one version of it, with the caller's earlier answer to the
-- same key. The member is named by Mi account id ($1) or by member id ($2). $3: the service that calls, null when
-- the member itself does; $4 its key. $5: the kind of slot whose lasting and recent ones are asked for; $6: a product
-- whose slot is too. How far fuel and slots go back bounds `late_hours` (loyalty/rules/terms.py).
select
    m.member_id, a.mi_id, m.market, m.time_zone, m.zone_before, m.zone_since, m.joined_at, m.state, m.state_since,
    m.earlier_zones,
    b.available, b.pending, b.debt, b.lifetime, b.version,
    programme_now() as now,
    p.version as programme_version,
    r.input_hash, r.answer,
    (
        select coalesce(jsonb_agg(jsonb_build_array(s.period, s.n)), '[]')
        from slots s
        where s.member_id = m.member_id and s.kind = $5 and (
            s.period in ('', $6) or (
                s.period >= to_char(programme_now() - interval '40 days', 'YYYY-MM')
                and s.period ~ '^[0-9]{4}-[0-9]{2}(-[0-9]{2})?$'
            )
        )
    ) as slots,
    (
        select coalesce(jsonb_agg(jsonb_build_array(f.day, f.streak, f.bonuses) order by f.day), '[]')
        from fuel_days f
        where $5 = 'FUEL' and f.member_id = m.member_id and f.day >= (programme_now() - interval '20 days')::date
    ) as fuel_days,
    (
        select coalesce(jsonb_agg(jsonb_build_array(l.lapses_on, l.remaining) order by l.lapses_on), '[]')
        from lots l
        where l.member_id = m.member_id and l.remaining > 0
    ) as lots,
    exists (
        select from lots l
        where
            l.member_id = m.member_id and l.remaining > 0
            and l.lapses_on <= (select programme_now())
                + case when l.is_noticed then interval '15 hours' else interval '32 days' end
            and exists (
                select from market_days d
                where
                    d.market = m.market
                    and l.lapses_on <= case when l.is_noticed then d.today else d.told_until end
            )
    ) as is_behind
from members m
join balances b using (member_id)
left join mi_accounts a using (member_id)
cross join programme_state p
left join requests r on r.caller_id = coalesce($3, m.member_id) and r.key = $4
where m.member_id = coalesce($2, (select member_id from mi_accounts where mi_id = $1));

-- name: lock_member_to_judge
-- Holds one member, named either way, until the transaction ends.
select b.member_id
from balances b
where b.member_id = coalesce($2, (select member_id from mi_accounts where mi_id = $1))
for update;

-- name: request_to_judge
-- A service's earlier answer to a key, the moment, and the programme's version, where no member is involved yet.
select programme_now() as now, p.version as programme_version, r.input_hash, r.answer
from programme_state p
left join requests r on r.caller_id = $1 and r.key = $2;

-- name: key_is_used
-- Whether a service ($1), or else the member of a Mi account ($2), was answered to a key before.
select exists (
    select from requests
    where caller_id = coalesce($1, (select member_id from mi_accounts where mi_id = $2)) and key = $3
);

-- name: keep_answer
-- Keeps an answer that changes nothing of a member, or concerns none. Beside itself, the first one stays.
insert into requests (caller_id, key, input_hash, answer, answered_at, member_id)
values ($1, $2, decode($3, 'hex'), $4, programme_now(), $5)
on conflict (caller_id, key) do nothing
returning key;

-- name: join_member
-- A new member with an empty ledger. Beside itself, one Mi account becomes one member: the second gets no row.
with account as (
    insert into mi_accounts (mi_id, member_id) values ($1, $2)
    on conflict (mi_id) do nothing
    returning member_id
),
member as (
    insert into members (member_id, market, time_zone, joined_at)
    select member_id, $3, $4, $5 from account
),
balance as (
    insert into balances (member_id) select member_id from account
)
select member_id from account;

-- name: verdict_of_business_key
select verdict_id from verdicts where member_id = $1 and business_key = $2;

-- name: order_known
-- Who an order number belongs to, and what was told of it.
select n.member_id, o.content_hash, o.verdict_id
from order_numbers n
left join orders o on o.member_id = n.member_id and o.number = n.number
where n.number = $1;

-- name: order_of_parcel
-- The orders that have a parcel with this tracking number and can be meant by news of it that came at $2: carriers give
-- their numbers again, so none that was recorded, and last told of that parcel, 180 days before. Each with the carriers
-- of all such parcels: of those it was recorded with, and of those in which the shop said that its consignments travel.
select
    t.number, t.member_id,
    array(
        select p.parcel ->> 'carrier'
        from orders o, jsonb_array_elements(o.parcels) as p (parcel)
        where
            o.member_id = t.member_id and o.number = t.number
            and p.parcel ->> 'tracking_number' = t.tracking_number
        union
        select f.content ->> 'carrier'
        from order_facts f
        where
            f.member_id = t.member_id and f.number = t.number
            and f.content ->> 'tracking_number' = t.tracking_number and f.content ? 'consignment'
    ) as carriers
from tracking_numbers t
join orders r using (member_id, number)
where
    t.tracking_number = $1
    and greatest(r.recorded_at, (
        select max(f.told_at)
        from order_facts f
        where
            f.member_id = t.member_id and f.number = t.number
            and f.content ->> 'tracking_number' = t.tracking_number
    )) > $2::timestamptz - interval '180 days';

-- name: order_owner
select member_id from order_numbers where number = $1;

-- name: order_named
-- The order that is known by one of these numbers ($1), or else that recorded one of these parcels ($2).
select number
from (
    select number, 1 as place from order_numbers where number = any($1::text[])
    union all
    select number, 2 from tracking_numbers where tracking_number = any($2::text[])
) named
order by place, number
limit 1;

-- name: order_to_settle
-- An order with all that is known of it, what is still promised, what was posted and taken back by part, which lots
-- its points went to, and what of each lot lapsed; what a return was waived because it had lapsed is in neither (R36).
select
    o.number, o.verdict_id, o.placed_at, o.currency, o.lines, o.parcels, o.shipping_minor, o.discount_minor,
    o.terms_version, o.campaign_ids,
    (
        select v.outcome = 'WAITING' from verdicts v
        where v.member_id = o.member_id and v.verdict_id = o.verdict_id
    ) as is_waiting,
    exists (
        select from kept_facts k where k.member_id = o.member_id and k.number = o.number
    ) as has_kept_facts,
    (
        select coalesce(jsonb_agg(jsonb_build_array(f.fact_key, f.kind, f.content, f.occurred_at)), '[]')
        from order_facts f
        where f.member_id = o.member_id and f.number = o.number
    ) as facts,
    (
        select coalesce(jsonb_agg(jsonb_build_array(p.promise_id, p.part, p.state, p.points) order by p.promise_id), '[]')
        from promises p
        where p.member_id = o.member_id and p.verdict_id = o.verdict_id
    ) as promises,
    (
        select coalesce(jsonb_agg(v.facts -> 'taken'), '[]')
        from verdicts v
        where v.member_id = o.member_id and v.reference = o.number and v.kind = 'CLAWBACK'
    ) as taken,
    (
        select coalesce(jsonb_agg(jsonb_build_array(put.lapses_on, put.points)), '[]')
        from (
            select
                t.lapses_on,
                sum(case when t.credit = 'available' then t.amount else -t.amount end) - coalesce((
                    select sum(w.points::bigint)
                    from verdicts v, jsonb_each_text(v.facts -> 'waived') as w (day, points)
                    where
                        v.member_id = o.member_id and v.reference = o.number and v.kind = 'CLAWBACK'
                        and w.day = t.lapses_on::text
                ), 0) as points
            from transfers t
            where
                t.member_id = o.member_id and t.lapses_on is not null
                and t.verdict_id in (
                    select v.verdict_id from verdicts v
                    where v.member_id = o.member_id and v.reference = o.number and v.kind in ('PURCHASE', 'CLAWBACK')
                )
            group by t.lapses_on
        ) put
        where put.points > 0
    ) as origins,
    (
        select coalesce(jsonb_agg(jsonb_build_array(l.lapses_on, l.points)), '[]')
        from lapsed_lots l
        where l.member_id = o.member_id and l.points > 0
    ) as lapsed,
    (
        select min(t.seq) from transfers t
        where t.member_id = o.member_id and t.verdict_id = o.verdict_id and t.points is not null
    ) as first_entry
from orders o
where o.member_id = $1 and o.number = $2;

-- name: orders_to_settle
-- Orders ($1 members, $2 numbers), each with all facts about it; its promises; the points posted and taken back by part; the lots its points went
-- to; and the points of each lot that lapsed. Points that a return did not take because they had lapsed are in neither
-- of the last two (R36).
select
    o.member_id, o.number, o.verdict_id, o.placed_at, o.currency, o.lines, o.parcels, o.shipping_minor, o.discount_minor,
    o.terms_version, o.campaign_ids,
    (
        select v.outcome = 'WAITING' from verdicts v
        where v.member_id = o.member_id and v.verdict_id = o.verdict_id
    ) as is_waiting,
    exists (
        select from kept_facts k where k.member_id = o.member_id and k.number = o.number
    ) as has_kept_facts,
    (
        select coalesce(jsonb_agg(jsonb_build_array(f.fact_key, f.kind, f.content, f.occurred_at, f.producer)), '[]')
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
from unnest($1::uuid[], $2::text[]) as wanted (member_id, number)
join orders o on o.member_id = wanted.member_id and o.number = wanted.number;

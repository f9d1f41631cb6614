-- name: orders_by_number
-- Orders with the facts about them, and their points: credited under any of its verdicts less clawbacks, and still
-- promised.
select
    o.member_id, o.number, o.verdict_id, o.placed_at, o.currency, o.lines, o.parcels, o.shipping_minor,
    o.discount_minor, o.terms_version, o.campaign_ids, m.market,
    (
        select coalesce(jsonb_agg(jsonb_build_array(f.kind, f.content, f.occurred_at, f.producer)), '[]')
        from order_facts f
        where f.member_id = o.member_id and f.number = o.number
    ) as facts,
    (
        select coalesce(sum(t.points), 0)::bigint
        from transfers t
        where
            t.member_id = o.member_id and t.points is not null
            and t.verdict_id in (
                select v.verdict_id from verdicts v
                where v.member_id = o.member_id and v.reference = o.number and v.kind in ('PURCHASE', 'CLAWBACK')
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

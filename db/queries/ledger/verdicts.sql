-- Earlier verdicts, as decisions about them read them: moderation, an operator's resolution, points given back.

-- name: verdict_of_business_key
select verdict_id from verdicts where member_id = $1 and business_key = $2;

-- name: verdict_to_resolve
-- One verdict of a member with its promises; the lots of the points it credited, less those taken back; the points of
-- each lot that lapsed and were not waived yet (R36); the first line of history it made; and when its review was
-- reported as published.
select
    v.verdict_id, v.key, v.kind, v.outcome, v.code, v.points, v.reference, v.occurred_at, v.decided_at,
    v.terms_version, v.campaign_ids, v.facts,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_array(p.promise_id, p.kind, p.points, p.state, p.source, p.reference)
                order by p.promise_id
            ),
            '[]'
        )
        from promises p
        where p.member_id = v.member_id and p.verdict_id = v.verdict_id
    ) as promises,
    (
        select coalesce(jsonb_agg(jsonb_build_array(put.lapses_on, put.points)), '[]')
        from (
            select t.lapses_on, sum(case when t.credit = 'available' then t.amount else -t.amount end) as points
            from transfers t
            where t.member_id = v.member_id and t.lapses_on is not null and t.verdict_id = v.verdict_id
            group by t.lapses_on
        ) put
        where put.points > 0
    ) as origins,
    (
        select coalesce(jsonb_agg(jsonb_build_array(l.lapses_on, l.points)), '[]')
        from lapsed_lots l
        where l.member_id = v.member_id and l.points > 0
    ) as lapsed,
    (
        select min(t.seq) from transfers t
        where t.member_id = v.member_id and t.verdict_id = v.verdict_id and t.points is not null
    ) as first_entry,
    (
        select m.told_at from moderations m
        where m.member_id = v.member_id and m.verdict_id = v.verdict_id and m.kind = 'PUBLISHED'
    ) as published_at
from verdicts v
where v.member_id = $1 and v.verdict_id = $2;

-- name: verdicts_page
-- A member's verdicts, newest first. $2, $3: only rows after this place of the list; $4 outcomes; $5 the most rows.
select
    member_id, verdict_id, kind, outcome, code, points, reference, decided_at, terms_version, campaign_ids, cap,
    case when kind in ('CLAWBACK', 'ADJUSTMENT') then taking_of(member_id, verdict_id) end as taking
from verdicts v
where
    member_id = $1
    and ($3::uuid is null or (decided_at, verdict_id) < ($2::timestamptz, $3))
    and ($4::text[] is null or outcome = any($4))
order by decided_at desc, verdict_id desc
limit $5;

-- name: verdicts_first_pages
-- The newest verdicts of several members, for reads that leave together: $1 members, $2 the most rows of each. `place` is
-- the read that a row belongs to, from 1.
select page.*, wanted.place::int
from unnest($1::uuid[], $2::int[]) with ordinality as wanted (member_id, most, place)
cross join lateral (
    select
        v.member_id, v.verdict_id, v.kind, v.outcome, v.code, v.points, v.reference, v.decided_at, v.terms_version,
        v.campaign_ids, v.cap,
        case when v.kind in ('CLAWBACK', 'ADJUSTMENT') then taking_of(v.member_id, v.verdict_id) end as taking
    from verdicts v
    where v.member_id = wanted.member_id
    order by v.decided_at desc, v.verdict_id desc
    limit wanted.most
) page
order by wanted.place, page.decided_at desc, page.verdict_id desc;

-- name: verdicts_by_id
select
    member_id, verdict_id, kind, outcome, code, points, reference, decided_at, terms_version, campaign_ids, cap,
    case when kind in ('CLAWBACK', 'ADJUSTMENT') then taking_of(member_id, verdict_id) end as taking
from verdicts v
where (member_id, verdict_id) in (select * from unnest($1::uuid[], $2::uuid[]));

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

-- name: verdicts_by_id
select
    member_id, verdict_id, kind, outcome, code, points, reference, decided_at, terms_version, campaign_ids, cap,
    case when kind in ('CLAWBACK', 'ADJUSTMENT') then taking_of(member_id, verdict_id) end as taking
from verdicts v
where (member_id, verdict_id) in (select * from unnest($1::uuid[], $2::uuid[]));

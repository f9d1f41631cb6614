-- name: pending_page
-- A member's open promises, soonest first; those that wait for an event and not for a moment come last.
-- $2, $3: only rows after this place of the list; $4 the most rows.
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

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

-- name: pending_first_pages
-- The first open promises of several members, for reads that leave together: $1 members, $2 the most rows of each.
-- `place` is the read that a row belongs to, from 1.
select page.*, wanted.place::int
from unnest($1::uuid[], $2::int[]) with ordinality as wanted (member_id, most, place)
cross join lateral (
    select
        p.member_id, p.promise_id, p.verdict_id, p.kind, p.points, p.promised_at, p.due_at, p.awaiting, p.reference
    from promises p
    where p.member_id = wanted.member_id and p.state = 'PROMISED'
    order by p.due_at, p.promise_id
    limit wanted.most
) page
order by wanted.place, page.due_at, page.promise_id;

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

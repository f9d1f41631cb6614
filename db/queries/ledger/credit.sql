-- name: due_promises
-- The promises that are due by the programme's clock, soonest first, without a lock. Suspended members' holds pause
-- (R5); a promise that failed waits its turn, and after its last attempt for a person. `is_behind`: of this member a lot
-- has to lapse, or its notice to be written, as well; the earlier of them has to be booked first (R50). The limit within
-- has each member looked up, so that however much is due, no more of it is read than $1 needs.
select
    p.member_id, p.promise_id, p.due_at,
    exists (select from lots_behind(m.member_id, m.market)) as is_behind
from promises p
cross join lateral (
    select m.member_id, m.market from members m where m.member_id = p.member_id and m.state = 'ACTIVE' limit 1
) m
where
    p.state = 'PROMISED' and p.due_at <= programme_now()
    and p.attempts < :most_attempts and (p.not_before is null or p.not_before <= programme_now())
order by p.due_at, p.promise_id
limit $1;

-- name: postpone_promise
-- A promise that could not be credited stops itself and nothing else: it is tried again later, until its last attempt.
update promises
set
    attempts = attempts + 1,
    not_before = programme_now() + make_interval(secs => least(:longest_retry_seconds, 2 ^ attempts)),
    error = left($3, :longest_error_characters)
where member_id = $1 and promise_id = $2 and state = 'PROMISED';

-- name: next_due
-- Seconds until the next promise is due by the programme's clock; null when none waits.
select extract(epoch from min(due_at) - programme_now())::float8
from promises
where state = 'PROMISED' and due_at is not null and attempts < :most_attempts;

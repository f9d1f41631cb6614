-- name: due_promises
-- What is due by the programme's clock, soonest first, without locking anything. Suspended members' holds pause
-- (R5); a promise that failed waits its turn, and after its last attempt for a person. `is_behind`: of this member a lot
-- has to lapse, or its notice to be written, as well; the earlier of them has to be booked first (R50).
select
    p.member_id, p.promise_id, p.due_at,
    exists (select from lots_behind(m.member_id, m.market)) as is_behind
from promises p
join members m using (member_id)
where
    p.state = 'PROMISED' and p.due_at <= programme_now() and m.state = 'ACTIVE'
    and p.attempts < :most_attempts and (p.not_before is null or p.not_before <= programme_now())
order by p.due_at, p.promise_id
limit $1;

-- name: due_promises_of
-- One member's promises that were due by a moment, soonest first.
select member_id, promise_id, due_at, false as is_behind
from promises
where member_id = $1 and state = 'PROMISED' and due_at <= least($2, programme_now()) and attempts < :most_attempts
order by due_at, promise_id;

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

-- name: due_promises
-- What is due by the programme's clock, soonest first, without locking anything. Suspended members' holds pause
-- (R5); a promise that failed waits its turn, and after ten failures for a person. `is_behind`: of this member a lot
-- has to be told of or to lapse as well, and what came first is to be booked first (R50).
select
    p.member_id, p.promise_id, p.due_at,
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
from promises p
join members m using (member_id)
where
    p.state = 'PROMISED' and p.due_at <= programme_now() and m.state = 'ACTIVE'
    and p.attempts < 10 and (p.not_before is null or p.not_before <= clock_timestamp())
order by p.due_at, p.promise_id
limit $1;

-- name: due_promises_of
-- One member's promises that were due by a moment, soonest first.
select member_id, promise_id, due_at, false as is_behind
from promises
where member_id = $1 and state = 'PROMISED' and due_at <= least($2, programme_now()) and attempts < 10
order by due_at, promise_id;

-- name: postpone_promise
-- A promise that could not be credited stops itself and nothing else: it is tried again later, ten times.
update promises
set
    attempts = attempts + 1,
    not_before = clock_timestamp() + make_interval(secs => least(3600, 2 ^ attempts)),
    error = left($3, 500)
where member_id = $1 and promise_id = $2 and state = 'PROMISED';

-- name: next_due
-- Seconds until the next promise is due by the programme's clock; null when none waits.
select extract(epoch from min(due_at) - programme_now())::float8
from promises
where state = 'PROMISED' and due_at is not null and attempts < 10;

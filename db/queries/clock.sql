-- name: clock_now
select programme_now();

-- name: clock_advance
-- Every process sees the new moment with its next statement, because all of them ask programme_now().
-- `ahead` is kept in seconds, so that no session's time zone can bend it; two who advance at once both count.
update programme_clock
set ahead = ahead + make_interval(secs => extract(epoch from
    statement_timestamp() + ahead + make_interval(months => $1) + $2::interval - (statement_timestamp() + ahead)
)::float8)
returning statement_timestamp() + ahead;

-- name: clock_start_at
update programme_clock
set ahead = make_interval(secs => extract(epoch from $1::timestamptz - statement_timestamp())::float8);

-- name: clock_work_due
-- What is due and not done: promises and deliveries that wait for a worker.
select
    (
        select count(*) from promises p join members m using (member_id)
        where p.state = 'PROMISED' and p.due_at <= programme_now() and p.attempts < 10 and m.state = 'ACTIVE'
    )
    + (select count(*) from inbox where state = 'RECEIVED' and attempts < 10);

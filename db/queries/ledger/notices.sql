-- name: notices_to_send
-- Leases unsent notices, oldest first: other workers skip them until the lease ends. A notice that fails waits longer
-- each time; after its last attempt it waits for an operator. The second limit shows the planner how few rows there are,
-- so that it reads each member by its key.
with picked as (
    select * from (
        select member_id, notice_id
        from notices
        where
            sent_at is null and attempts < :most_attempts
            and (not_before is null or not_before <= programme_now())
        order by created_at
        limit $1
        for update skip locked
    ) few
    limit :notices_at_once
)
update notices n
set attempts = n.attempts + 1, not_before = programme_now() + make_interval(secs => least(:longest_retry_seconds, 30 * 2 ^ n.attempts))
from picked
join members m using (member_id)
left join mi_accounts a using (member_id)
where n.member_id = picked.member_id and n.notice_id = picked.notice_id
returning n.member_id, n.notice_id, a.mi_id, m.market, n.kind, n.points, n.lapses_on, n.reference, n.created_at,
    n.cause, n.debt;

-- name: notices_sent
-- Marks notices as sent, each once. Each is found by its key, however many wait: a condition on `coalesce` uses no index
-- of waiting notices.
update notices n
set sent_at = programme_now(), error = null
from unnest($1::uuid[], $2::uuid[]) as s (member_id, notice_id)
where n.member_id = s.member_id and n.notice_id = s.notice_id
    and coalesce(n.sent_at, 'infinity') = 'infinity';

-- name: notice_failed
-- Stores why a notice could not be sent; $4: the failure is permanent, so it is not tried again.
update notices
set error = left($3, :longest_error_characters), attempts = case when $4 then :most_attempts else attempts end
where member_id = $1 and notice_id = $2 and sent_at is null;

-- name: notices_page
-- A member's notices, newest first. $2, $3: only rows after this place of the list; $4 the most rows.
select member_id, notice_id, kind, points, lapses_on, reference, created_at, sent_at, cause, debt
from notices
where member_id = $1 and ($3::uuid is null or (created_at, notice_id) < ($2::timestamptz, $3))
order by created_at desc, notice_id desc
limit $4;

-- name: notices_first_pages
-- The newest notices of several members, for reads that leave together: $1 members, $2 the most rows of each. `place` is
-- the read that a row belongs to, from 1.
select page.*, wanted.place::int
from unnest($1::uuid[], $2::int[]) with ordinality as wanted (member_id, most, place)
cross join lateral (
    select n.member_id, n.notice_id, n.kind, n.points, n.lapses_on, n.reference, n.created_at, n.sent_at,
        n.cause, n.debt
    from notices n
    where n.member_id = wanted.member_id
    order by n.created_at desc, n.notice_id desc
    limit wanted.most
) page
order by wanted.place, page.created_at desc, page.notice_id desc;

-- name: notices_by_id
select member_id, notice_id, kind, points, lapses_on, reference, created_at, sent_at, cause, debt
from notices
where (member_id, notice_id) in (select * from unnest($1::uuid[], $2::uuid[]));

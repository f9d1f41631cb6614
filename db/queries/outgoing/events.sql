-- Outgoing events: rows of `outgoing` are claimed, sent outside any transaction, and their results written.
-- Retries use the programme's clock, so that the sandbox can pass three days in a second; leases use Postgres' own
-- clock, because they are about workers.

-- name: claim_outgoing
-- Leases due rows for $3 seconds, as many of each endpoint as are sent at once; two workers never lease the same row.
-- A resting endpoint gets nothing. After $2 failed rounds in a row an endpoint gets a single row, which tests it.
-- Endpoints in $1 have a task already and are skipped. The contents are read here, so an event about a person who was
-- erased meanwhile has no Mi account id (R71). `previous` is the sequence of the event before it for that endpoint.
-- The second limit shows the planner how few rows there are, so that it reads each member by its key.
with picked as (
    select o.member_id, o.sequence, o.endpoint_id
    from endpoints e
    join endpoint_health h using (endpoint_id)
    cross join lateral (
        select * from (
            select w.member_id, w.sequence, w.endpoint_id
            from outgoing w
            where
                w.endpoint_id = e.endpoint_id and w.state = 'WAITING' and w.due_at <= programme_now()
                and (w.leased_until is null or w.leased_until <= clock_timestamp())
            order by w.due_at, w.member_id, w.sequence
            limit case when h.failures < $2 then :events_at_once else 1 end
            for update skip locked
        ) few
        limit :events_at_once
    ) o
    where
        e.state = 'ACTIVE' and e.endpoint_id <> all ($1::uuid[])
        and (h.rests_until is null or h.rests_until <= programme_now())
),
claimed as (
    update outgoing o
    set attempts = o.attempts + 1, leased_until = clock_timestamp() + make_interval(secs => $3)
    from picked p
    where o.member_id = p.member_id and o.sequence = p.sequence and o.endpoint_id = p.endpoint_id
    returning o.*
)
select
    c.member_id, c.sequence, c.endpoint_id, c.event_id, c.type, c.attempts, c.created_at, e.url, e.secrets,
    m.market, a.mi_id,
    (
        select max(b.sequence) from outgoing b
        where b.member_id = c.member_id and b.endpoint_id = c.endpoint_id and b.sequence < c.sequence
    ) as previous,
    c.entry_seq, t.kind, coalesce(t.points, n.points) as points, t.balance_after, t.reference, t.occurred_at,
    c.coupon_id, k.code, k.reward_id, k.value_minor, k.currency, k.minimum_minor, k.cost, k.expires_at, n.lapses_on
from claimed c
join endpoints e using (endpoint_id)
join members m using (member_id)
left join mi_accounts a using (member_id)
left join transfers t on t.member_id = c.member_id and t.seq = c.entry_seq
left join coupons k on k.member_id = c.member_id and k.coupon_id = c.coupon_id
left join notices n on n.member_id = c.member_id and n.notice_id = c.notice_id
order by c.endpoint_id, c.due_at, c.member_id, c.sequence;

-- name: write_attempts
-- Writes the results of one endpoint's ($1) rows: arrays of members, sequences, attempts, outcomes (DELIVERED, DROPPED,
-- DEAD, or FAILED for another attempt), statuses, errors, and seconds until the next attempt (null for none). The
-- result of an attempt that another worker has repeated since is ignored, except DELIVERED, which stays true.
-- $9: the seconds for which an event is tried. $10: the number of failed rounds after which the endpoint rests, longer
-- each time, for at most $11 seconds.
with answers as (
    select * from unnest($2::uuid[], $3::bigint[], $4::int[], $5::text[], $6::int[], $7::text[], $8::float8[])
        as a (member_id, sequence, attempts, outcome, status, error, pause)
),
written as (
    update outgoing o
    set
        state = case
            when a.outcome <> 'FAILED' then a.outcome
            when a.pause is null or o.tried_since + make_interval(secs => $9) <= programme_now() then 'DEAD'
            else 'WAITING'
        end,
        due_at = least(
            programme_now() + make_interval(secs => coalesce(a.pause, 0)), o.tried_since + make_interval(secs => $9)
        ),
        leased_until = null, status = a.status, error = left(a.error, :longest_error_characters),
        delivered_at = case when a.outcome = 'DELIVERED' then programme_now() end
    from answers a
    where
        o.endpoint_id = $1 and o.member_id = a.member_id and o.sequence = a.sequence
        and (
            (o.state = 'WAITING' and o.attempts = a.attempts)
            or (a.outcome = 'DELIVERED' and o.state <> 'DELIVERED')
        )
),
round as (
    select
        count(*) filter (where outcome = 'DELIVERED') as delivered,
        count(*) filter (where outcome in ('FAILED', 'DEAD')) as failed,
        (array_agg(status order by (outcome = 'DELIVERED'), sequence) filter (where outcome <> 'DROPPED'))[1] as status,
        (array_agg(error order by (outcome = 'DELIVERED'), sequence) filter (where outcome <> 'DROPPED'))[1] as error
    from answers
)
update endpoint_health h
set
    failures = case when r.delivered > 0 then 0 else h.failures + 1 end,
    rests_until = case
        when r.delivered = 0 and h.failures + 1 >= $10
            then programme_now() + make_interval(secs => least($11, 5 * 2 ^ least(h.failures + 1 - $10, 20)))
    end,
    delivered = h.delivered + r.delivered, failed = h.failed + r.failed,
    last_status = r.status, last_error = left(r.error, :longest_error_characters), last_at = programme_now()
from round r
where h.endpoint_id = $1 and r.delivered + r.failed > 0;

-- name: mark_outgoing_dead
-- Marks up to :most_at_once waiting rows of one endpoint ($1) dead that were tried for $3 seconds; $2 is the reason.
-- Rows that a worker is sending right now are skipped.
update outgoing o
set state = 'DEAD', error = $2
from (
    select member_id, sequence, endpoint_id
    from outgoing
    where
        endpoint_id = $1 and state = 'WAITING' and tried_since + make_interval(secs => $3) <= programme_now()
        and (leased_until is null or leased_until <= clock_timestamp())
    order by due_at, member_id, sequence
    limit :most_at_once
    for update skip locked
) p
where o.member_id = p.member_id and o.sequence = p.sequence and o.endpoint_id = p.endpoint_id
returning o.sequence;

-- name: endpoints_with_leftovers
-- Endpoints that are gone or removed, but have waiting rows that were written while their state changed. The order has
-- Postgres use the index even if nearly all rows wait, for others.
select e.endpoint_id
from endpoints e
where
    e.state in ('GONE', 'REMOVED')
    and (
        select true from outgoing o where o.endpoint_id = e.endpoint_id and o.state = 'WAITING'
        order by o.due_at
        limit 1
    );

-- name: replay_event
-- Has one event ($1), delivered or dead, sent again from the start under its old id; $2: only to this one endpoint.
-- Endpoints that are gone or removed are skipped.
update outgoing o
set
    state = 'WAITING', attempts = 0, tried_since = programme_now(), due_at = programme_now(), leased_until = null,
    error = null, status = null, delivered_at = null
from endpoints e
where
    o.event_id = $1 and e.endpoint_id = o.endpoint_id and ($2::uuid is null or o.endpoint_id = $2)
    and o.state in ('DELIVERED', 'DEAD') and e.state in ('ACTIVE', 'PAUSED')
returning o.sequence;

-- name: replay_dead
-- The same for all dead rows of one endpoint ($1).
update outgoing o
set
    state = 'WAITING', attempts = 0, tried_since = programme_now(), due_at = programme_now(), leased_until = null,
    error = null, status = null
from endpoints e
where
    o.endpoint_id = $1 and o.state = 'DEAD' and e.endpoint_id = o.endpoint_id and e.state in ('ACTIVE', 'PAUSED')
returning o.sequence;

-- name: outgoing_newest_first
-- Up to $3 rows, newest first; $1: only in this state, $2: only of this endpoint.
select
    o.event_id, o.endpoint_id, o.type, o.sequence, o.state, o.attempts, o.created_at, o.due_at, o.delivered_at,
    o.status, o.error, a.mi_id
from outgoing o
left join mi_accounts a using (member_id)
where ($1::text is null or o.state = $1) and ($2::uuid is null or o.endpoint_id = $2)
order by o.event_id desc, o.endpoint_id
limit $3;

-- name: outgoing_backlog
-- The numbers of waiting and dead rows of each endpoint that was not removed, and its health.
select
    e.endpoint_id::text as endpoint_id, h.delivered, h.failed, h.failures, w.waiting, d.dead,
    coalesce(extract(epoch from programme_now() - w.oldest), 0)::float8 as oldest_seconds
from endpoints e
join endpoint_health h using (endpoint_id)
cross join lateral (
    select count(*) as waiting, min(tried_since) as oldest
    from outgoing o where o.endpoint_id = e.endpoint_id and o.state = 'WAITING'
) w
cross join lateral (
    select count(*) as dead from outgoing o where o.endpoint_id = e.endpoint_id and o.state = 'DEAD'
) d
where e.state <> 'REMOVED'
order by e.endpoint_id;

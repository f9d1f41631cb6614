-- name: due_promises
-- What is due by the programme's clock, soonest first, without locking anything. Suspended members' holds pause
-- (R5); a promise that failed waits its turn, and after its last attempt for a person. `is_behind`: of this member a lot
-- has to be told of or to lapse as well, and what came first is to be booked first (R50).
select
    p.member_id, p.promise_id, p.due_at,
    exists (select from lots_behind(m.member_id, m.market)) as is_behind
from promises p
join members m using (member_id)
where
    p.state = 'PROMISED' and p.due_at <= programme_now() and m.state = 'ACTIVE'
    and p.attempts < :most_attempts and (p.not_before is null or p.not_before <= clock_timestamp())
order by p.due_at, p.promise_id
limit $1;

-- name: due_promises_of
-- One member's promises that were due by a moment, soonest first.
select member_id, promise_id, due_at, false as is_behind
from promises
where member_id = $1 and state = 'PROMISED' and due_at <= least($2, programme_now()) and attempts < :most_attempts
order by due_at, promise_id;

-- name: post_due
-- Credits the promises named in $1 (members) and $2 (promises): whole sets, each promise once, in the order they
-- became due, booked as of that moment. Members somebody else holds are left for the next round; a promise that is
-- no longer PROMISED is passed over. Later credits repay a debt first (R36). Who wants to hear of points credited gets
-- a row for each line of history, numbered per member (docs/outgoing.md); whoever follows one of the members is told
-- with the commit (docs/subscriptions.md).
with picked as (
    select * from unnest($1::uuid[], $2::uuid[]) as t (member_id, promise_id)
),
locked as materialized (
    select
        b.member_id, b.available, b.debt, b.seq, b.head, b.version, b.announced,
        coalesce(b.listened_until > clock_timestamp(), false) as is_listened_to
    from balances b
    where b.member_id in (select member_id from picked)
    order by b.member_id
    for update skip locked
),
held as materialized (
    select l.* from locked l
    join balances seen on seen.member_id = l.member_id and seen.version = l.version
    join members m on m.member_id = l.member_id and m.state = 'ACTIVE'
),
posted as (
    update promises p
    set state = 'POSTED'
    from picked, held
    where
        p.member_id = picked.member_id and p.promise_id = picked.promise_id
        and held.member_id = p.member_id
        and p.state = 'PROMISED' and p.due_at <= programme_now()
    returning
        p.member_id, p.promise_id, p.verdict_id, p.kind, p.points, p.source, p.reference, p.due_at, p.lapses_on
),
ranked as materialized (
    select
        posted.*, held.available, held.debt, held.seq as seq_before, held.head,
        row_number() over w as n,
        coalesce(sum(points) over (w rows between unbounded preceding and 1 preceding), 0) as credited_before
    from posted join held using (member_id)
    window w as (partition by member_id order by due_at, promise_id)
),
repaid as materialized (
    select
        ranked.*,
        least(points, greatest(debt - credited_before, 0)) as repayment,
        count(*) filter (where debt > credited_before) over (w rows between unbounded preceding and 1 preceding)
            as repayments_before,
        available + credited_before + points - least(debt, credited_before + points) as balance_after
    from ranked
    window w as (partition by member_id order by n)
),
told as materialized (
    select
        member_id, seq_before + n + repayments_before as seq, seq_before + n + repayments_before as entry_seq,
        kind, 'pending' as debit, 'available' as credit, points as amount, points, balance_after::bigint,
        lapses_on, promise_id, verdict_id, null::bigint as reverses, source, reference, due_at as occurred_at, head
    from repaid
    union all
    select
        member_id, seq_before + n + repayments_before + 1, seq_before + n + repayments_before,
        'DEBT_REPAYMENT', 'available', 'debt', repayment::bigint, null, null,
        lapses_on, null, verdict_id, null, source, reference, due_at, head
    from repaid
    where repayment > 0
),
sealed as materialized (
    select
        told.*, programme_now() as recorded_at,
        chain_hash(
            head,
            transfer_text(
                member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on,
                promise_id, verdict_id, reverses, source, reference, occurred_at, programme_now()
            )
        ) over (partition by member_id order by seq) as hash
    from told
),
added_transfers as (
    insert into transfers (
        member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id,
        verdict_id, reverses, source, reference, occurred_at, recorded_at, hash
    )
    select
        member_id, seq, entry_seq, kind, debit, credit, amount, points, balance_after, lapses_on, promise_id,
        verdict_id, reverses, source, reference, occurred_at, recorded_at, hash
    from sealed
),
listeners as materialized (
    select endpoint_id from endpoints where state in ('ACTIVE', 'PAUSED') and 'points.credited' = any (types)
),
news as materialized (
    select
        s.member_id, s.entry_seq, s.recorded_at, uuidv7() as event_id,
        held.announced + row_number() over (partition by s.member_id order by s.seq) as sequence
    from sealed s join held using (member_id)
    where s.points is not null and exists (select from listeners)
),
announced as (
    insert into outgoing (
        member_id, sequence, endpoint_id, event_id, type, entry_seq, created_at, tried_since, due_at
    )
    select
        n.member_id, n.sequence, l.endpoint_id, n.event_id, 'points.credited', n.entry_seq, n.recorded_at,
        n.recorded_at, n.recorded_at
    from news n, listeners l
),
moved as (
    select
        member_id,
        sum(amount) filter (where debit = 'pending') as credited,
        coalesce(sum(amount) filter (where credit = 'debt'), 0) as repaid,
        count(*) as transfers,
        count(*) filter (where points is not null and exists (select from listeners)) as announced,
        (array_agg(hash order by seq desc))[1] as head
    from sealed
    group by member_id
),
changed_balances as (
    update balances b
    set
        available = b.available + moved.credited - moved.repaid,
        pending = b.pending - moved.credited,
        debt = b.debt - moved.repaid,
        lifetime = b.lifetime + moved.credited,
        seq = b.seq + moved.transfers,
        head = moved.head,
        announced = b.announced + moved.announced,
        version = b.version + 1
    from moved join held using (member_id)
    where b.member_id = moved.member_id
    returning b.member_id, b.seq, held.is_listened_to
),
lot_changes as (
    select
        member_id, lapses_on,
        sum(case when credit = 'available' then amount else -amount end) as change
    from sealed
    group by member_id, lapses_on
),
grown_lots as (
    insert into lots as l (member_id, lapses_on, remaining)
    select member_id, lapses_on, change
    from lot_changes
    where change > 0
    order by member_id, lapses_on
    on conflict (member_id, lapses_on) do update set remaining = l.remaining + excluded.remaining
)
select
    p.member_id, p.promise_id, p.points, p.due_at,
    case when c.is_listened_to then pg_notify('mipoints_balances', c.member_id::text) end
from posted p join changed_balances c using (member_id)
order by p.due_at, p.promise_id;

-- name: postpone_promise
-- A promise that could not be credited stops itself and nothing else: it is tried again later, until its last attempt.
update promises
set
    attempts = attempts + 1,
    not_before = clock_timestamp() + make_interval(secs => least(:longest_retry_seconds, 2 ^ attempts)),
    error = left($3, :longest_error_characters)
where member_id = $1 and promise_id = $2 and state = 'PROMISED';

-- name: next_due
-- Seconds until the next promise is due by the programme's clock; null when none waits.
select extract(epoch from min(due_at) - programme_now())::float8
from promises
where state = 'PROMISED' and due_at is not null and attempts < :most_attempts;

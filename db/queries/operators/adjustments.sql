-- The sums of an operator's adjustments (R37).

-- name: take_operator_turn
-- Locks the operator's row until the transaction ends, so that its adjustments are judged one after another.
insert into operator_turns (actor, last_at)
values ($1, programme_now())
on conflict (actor) do update set last_at = excluded.last_at;

-- name: adjusted_lately
-- The points that an operator ($1) credited and debited at once in the last 24 hours, both above zero: for one member ($2),
-- and for all.
select
    coalesce(sum(a.points) filter (where a.points > 0 and a.member_id = $2), 0)::bigint as credited,
    coalesce(-sum(a.points) filter (where a.points < 0 and a.member_id = $2), 0)::bigint as debited,
    coalesce(sum(a.points) filter (where a.points > 0), 0)::bigint as credited_to_all,
    coalesce(-sum(a.points) filter (where a.points < 0), 0)::bigint as debited_from_all
from (
    select l.member_id, (l.after ->> 'points')::bigint as points
    from operator_log l
    where
        l.actor = $1 and l.action = 'adjustPoints' and l.done_at > programme_now() - interval ':adjusted_hours hours'
        and l.after ->> 'outcome' not in ('WAITING', 'REFUSED')
) a;

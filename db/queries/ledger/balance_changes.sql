-- name: follow_member
-- From this commit on and at least until $2, every change of this Mi account's balance is sent on the channel. The row
-- is locked: this statement waits for a change under way, which is then part of `seq`, and a transaction that locks the
-- row later sees that it is followed. So no change is missed between `seq` and the first notification. If the row is
-- followed long enough already, every change that is not yet part of `seq` will be sent, and nothing is written.
with known as (
    select b.member_id, b.seq, coalesce(b.listened_until >= $2, false) as is_listened_to
    from mi_accounts a
    join balances b using (member_id)
    where a.mi_id = $1
),
begun as (
    update balances b
    set listened_until = greatest(b.listened_until, $2)
    from known
    where b.member_id = known.member_id and not known.is_listened_to
    returning b.member_id, b.seq
)
select member_id, seq from known where is_listened_to
union all
select member_id, seq from begun;

-- name: changes_since
-- The changes of a member's balance after $2, oldest first and the newest $3 at most: lines of its history, and new
-- promises. `up_to` is the last seq that this read covers. If no change is one of these, for example if a promise was
-- cancelled, there is one row without seq and promise. No row for an erased person.
select b.seq as up_to, t.seq, t.promise_id
from balances b
join mi_accounts a using (member_id)
left join lateral (
    select n.seq, n.promise_id
    from (
        select case when t.points is not null then t.seq end as seq,
            case when t.points is null then t.promise_id end as promise_id, t.seq as place
        from transfers t
        where
            t.member_id = b.member_id and t.seq > $2 and t.seq <= b.seq
            and (t.points is not null or t.credit = 'pending')
        order by t.seq desc
        limit $3
    ) n
    order by n.place
) t on true
where b.member_id = $1;

-- name: say_alive
-- A listener's test of its own channel: if the payload does not come back, the channel is broken.
select pg_notify('mipoints_balances', $1);

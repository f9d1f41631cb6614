-- name: follow_member
-- From this commit on and until $2 at least, every change of this Mi account's balance is told on the channel. The row
-- is locked: a change that was under way is waited for and part of `seq`; whoever locks it later sees that it is
-- listened to. So between `seq` and what is told nothing is missed. Where it is listened to for long enough already,
-- every change that is not yet part of `seq` is going to be told, and nothing is written.
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
-- What changed a member's balance after $2, oldest first and the newest $3 at most: lines of its history, and promises
-- as they were made. `up_to` is how far this reading goes; a change that is neither, such as a promise that was
-- cancelled, has a row of its own without them. No row for an erased person.
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
-- A listener's own sign of life: it comes back over the channel, or the channel is broken.
select pg_notify('mipoints_balances', $1);
